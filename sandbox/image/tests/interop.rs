//! The store against other people's programs: the kernel's overlay, skopeo and a real Docker engine.
//!
//! Each test skips aloud when the machine lacks what it needs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use drydock_image::{
    Image, ImageRef, Store, layer,
    provision::{elf, files::Files},
    tar::{Entry, Kind, Writer},
};

struct Work {
    dir: tempfile::TempDir,
    store: Store,
}

impl Work {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("images")).unwrap();
        Self { dir, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// An image of two layers, the upper of which deletes, hides and replaces; `app:v1`.
    fn image(&self) -> Image {
        let mut base = Files::new();
        let program = elf::printing("it runs\n", elf::host_machine()).unwrap();
        base.dirs(0o755, &["etc", "home"])
            .file("etc/keep", 0o644, b"kept")
            .file("etc/gone", 0o644, b"to be deleted")
            .file("home/old", 0o600, b"to be hidden")
            .file("run", 0o755, &program)
            .hard_link("run-too", "run");
        let mut top = Files::new();
        top.dirs(0o755, &["etc", "home"])
            .file("etc/.wh.gone", 0o600, b"")
            .file("home/.wh..wh..opq", 0o600, b"")
            .file("home/new", 0o4755, b"new")
            .symlink("etc/link", "keep");
        let mut diff_ids = Vec::new();
        for tar in [base.into_tar(), top.into_tar()] {
            let layer = self
                .store
                .unpack_layer(&tar[..])
                .unwrap()
                .canonical()
                .unwrap();
            diff_ids.push(self.store.publish_layer(layer).unwrap().diff_id);
        }
        let config = serde_json::json!({
            "architecture": drydock_image::config::host_architecture(), "os": "linux",
            "created": "2024-05-01T10:00:00Z", "config": {"Cmd": ["/run"]},
            "history": [{"created_by": "one"}, {"created_by": "two"}],
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let id = self.store.add_image(config.to_string().as_bytes()).unwrap();
        self.store
            .tag(&id, &"app:v1".parse::<ImageRef>().unwrap())
            .unwrap();
        self.store.image(&id).unwrap()
    }

    /// What `docker save` would write, its layers made again from their directories.
    fn save(&self, image: &Image) -> PathBuf {
        let path = self.path("saved.tar");
        let mut out = Writer::new(File::create(&path).unwrap());
        let mut put = |name: &str, data: &[u8]| {
            let mut entry = Entry::new(name, Kind::File, 0o644);
            entry.size = data.len() as u64;
            out.start(&entry).unwrap();
            out.write_all(data).unwrap();
        };
        let mut names = Vec::new();
        for layer in &image.layers {
            let mut tar = Vec::new();
            let dir = File::open(&layer.dir).unwrap();
            layer::write_tar(dir.as_fd(), &mut tar, &layer::Limits::default()).unwrap();
            let name = format!("{}/layer.tar", layer.diff_id.hex());
            put(&name, &tar);
            names.push(name);
        }
        let config = format!("{}.json", image.id.0.hex());
        put(&config, &image.raw_config);
        let manifest =
            serde_json::json!([{"Config": config, "RepoTags": ["app:v1"], "Layers": names}]);
        put("manifest.json", manifest.to_string().as_bytes());
        out.finish().unwrap();
        path
    }
}

/// All of a layer as text, to compare directories by.
fn listing(dir: &Path) -> Vec<String> {
    let mut tar = Vec::new();
    layer::write_tar(
        File::open(dir).unwrap().as_fd(),
        &mut tar,
        &layer::Limits::default(),
    )
    .unwrap();
    let mut reader = drydock_image::tar::Reader::new(&tar[..]);
    let mut lines = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        lines.push(format!("{entry:?}"));
    }
    lines
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn has(program: &str) -> bool {
    run(Command::new(program).arg("--version")).is_ok()
}

/// Whether the test's needs are met; says so when not.
fn meets(need: bool, what: &str) -> bool {
    if !need {
        let required = std::env::var("DRYDOCK_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|need| need == what),
            "{what} is required here"
        );
        eprintln!("SKIPPED: needs {what}");
    }
    need
}

#[test]
fn the_overlay_sees_what_the_layers_mean() {
    let script = "set -e
        mount -t tmpfs none \"$1\"; mkdir \"$1/u\" \"$1/w\" \"$1/m\"
        mount -t overlay overlay -o \"userxattr,lowerdir=$2,upperdir=$1/u,workdir=$1/w\" \"$1/m\"
        cd \"$1/m\"; ls etc home; cat etc/link; ./run-too
        rm home/new; rm -r etc; mkdir etc; echo x > etc/x
        cd /; umount \"$1/m\"; stat -c %t:%T \"$1/u/home/new\"";
    if !meets(is_root(), "root") {
        return;
    }
    let works = run(Command::new("unshare").args(["-Urm", "true"]));
    if !meets(works.is_ok(), "user namespaces") {
        return;
    }
    let work = Work::new();
    let image = work.image();
    let lowers: Vec<_> = image
        .layers
        .iter()
        .rev()
        .map(|l| l.dir.display().to_string())
        .collect();
    let place = work.path("place");
    fs::create_dir(&place).unwrap();
    let text = run(Command::new("unshare")
        .args(["-Urm", "sh", "-c", script, "sh"])
        .arg(&place)
        .arg(lowers.join(":")))
    .unwrap();
    assert_eq!(text, "etc:\nkeep\nlink\n\nhome:\nnew\nkeptit runs\n0:0\n");
}

#[test]
fn an_empty_layer_has_dockers_digest() {
    let work = Work::new();
    let upper = work.path("upper");
    fs::create_dir(&upper).unwrap();
    let layer = work.store.add_layer(upper).unwrap();
    assert_eq!(
        layer.diff_id.hex(),
        "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
    );
}

#[test]
fn skopeo_reads_what_we_write_and_we_read_what_it_writes() {
    if !meets(is_root(), "root") || !meets(has("skopeo"), "skopeo") {
        return;
    }
    let work = Work::new();
    let image = work.image();
    let from = format!("docker-archive:{}:app:v1", work.save(&image).display());
    for (kind, options) in [
        ("oci-archive", &["--dest-compress-format", "gzip"][..]),
        ("oci-archive", &["--dest-compress-format", "zstd"]),
        ("docker-archive", &[]),
    ] {
        let path = work.path("copied.tar");
        let to = format!("{kind}:{}:copy:v2", path.display());
        let mut skopeo = Command::new("skopeo");
        skopeo
            .args(["--insecure-policy", "copy", "-q"])
            .args(options);
        run(skopeo.args([&from, &to])).unwrap();
        let other = Work::new();
        let imported = other
            .store
            .import_archive(File::open(&path).unwrap())
            .unwrap();
        assert_eq!(imported[0].refs, ["copy:v2".parse().unwrap()]);
        let copy = other.store.image(&imported[0].id).unwrap();
        assert_eq!(
            copy.config.rootfs, image.config.rootfs,
            "{kind} {options:?}"
        );
        for (ours, theirs) in image.layers.iter().zip(&copy.layers) {
            assert_eq!(listing(&ours.dir), listing(&theirs.dir));
        }
        fs::remove_file(path).unwrap();
    }
}

/// A Docker engine of its own, which ends with the test.
struct Engine {
    process: Child,
    host: String,
}

impl Engine {
    fn start(dir: &Path) -> Result<Self, String> {
        fs::create_dir(dir).unwrap();
        let host = format!("unix://{}", dir.join("sock").display());
        let mut process = Command::new("dockerd")
            .args(["--bridge=none", "--iptables=false", "-H", &host])
            .arg("--data-root")
            .arg(dir.join("data"))
            .arg("--exec-root")
            .arg(dir.join("exec"))
            .arg("--pidfile")
            .arg(dir.join("pid"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        while log
            .read_line(&mut said)
            .map_err(|error| error.to_string())?
            > 0
        {
            if said.contains("API listen on") {
                // Somebody must go on reading, or the engine stops at a full pipe.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Ok(Self { process, host });
            }
        }
        let _ = process.wait();
        Err(said)
    }

    fn docker(&self, arguments: &[&str]) -> Result<String, String> {
        run(Command::new("docker")
            .args(["-H", &self.host])
            .args(arguments))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        // The engine ends its containerd on TERM; on KILL it could not.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

#[test]
fn a_real_engine_takes_our_layers_and_gives_back_the_same_image() {
    if !meets(is_root(), "root") || !meets(has("dockerd") && has("docker"), "dockerd") {
        return;
    }
    let work = Work::new();
    let engine = match Engine::start(&work.path("engine")) {
        Ok(engine) => engine,
        Err(log) => {
            eprintln!("skipped: dockerd does not start here: {log}");
            return;
        }
    };
    let image = work.image();
    let saved = work.save(&image);
    // It computes every layer's diff id from our stream, and refuses one that is not the config's.
    let loaded = engine
        .docker(&["load", "-i", &saved.display().to_string()])
        .unwrap();
    assert_eq!(loaded.trim(), "Loaded image: app:v1");
    let seen = engine
        .docker(&["image", "inspect", "-f", "{{.Id}} {{.Size}}", "app:v1"])
        .unwrap();
    assert_eq!(seen.trim(), format!("{} {}", image.id, image.size));
    let output = engine.docker(&["run", "--rm", "--network=none", "app:v1", "/run-too"]);
    assert_eq!(output.as_deref(), Ok("it runs\n"));

    let back = work.path("back.tar");
    engine
        .docker(&["save", "-o", &back.display().to_string(), "app:v1"])
        .unwrap();
    let other = Work::new();
    let imported = other
        .store
        .import_archive(File::open(&back).unwrap())
        .unwrap();
    assert_eq!(imported[0].id, image.id);
    let copy = other.store.image(&imported[0].id).unwrap();
    assert_eq!(copy.raw_config, image.raw_config);
    assert_eq!(copy.size, image.size);
    for (ours, theirs) in image.layers.iter().zip(&copy.layers) {
        assert_eq!(listing(&ours.dir), listing(&theirs.dir));
    }
}
