//! A real dockerd with directories of its own, to hold the scenarios and the figures against.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::engine::Daemon;
use super::process::{Guard, finish};
use super::{PATIENCE, http, need, wait};

/// The daemon; ended, with its containers, when dropped.
pub struct RealDockerd {
    process: Guard,
    folder: TempDir,
}

impl RealDockerd {
    /// Starts it, and imports busybox.
    pub fn start() -> Self {
        Self::start_timed().0
    }

    /// The same, with the time it took until it answered.
    pub fn start_timed() -> (Self, Duration) {
        let begun = std::time::Instant::now();
        let daemon = Self::start_empty();
        let took = begun.elapsed();
        daemon.import_busybox();
        (daemon, took)
    }

    /// Starts it with no image.
    pub fn start_empty() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("dockerd")
            .tempdir()
            .unwrap();
        let at = |name: &str| folder.path().join(name);
        let log = File::create(at("log")).unwrap();
        // In a network namespace of its own, so that its bridge and packet filter touch nothing of the host's;
        // and with a mount namespace, so that what it binds below /mnt is not the host's either.
        let mut command = Command::new("unshare");
        command.args([
            "--net",
            "--mount",
            "sh",
            "-c",
            "ip link set lo up && mount -t tmpfs tmpfs /mnt && exec /usr/sbin/dockerd \"$@\"",
            "dockerd",
        ]);
        command
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"));
        command
            .arg("-H")
            .arg(format!("unix://{}", at("s").display()));
        command.env(
            "PATH",
            format!(
                "{}:/usr/sbin:/sbin",
                std::env::var("PATH").unwrap_or_default()
            ),
        );
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let mut daemon = Self {
            process: Guard::spawn(&mut command),
            folder,
        };
        wait::until_true("dockerd's socket", PATIENCE, || {
            assert!(daemon.process.alive(), "dockerd ended: {}", daemon.log());
            let stream = UnixStream::connect(daemon.socket());
            stream.is_ok_and(|stream| {
                http::request(stream, "GET", "/_ping", &[], b"")
                    .is_ok_and(|ping| ping.status == 200)
            })
        });
        daemon
    }

    /// Where it keeps what it has.
    pub fn data_root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where it keeps what lasts as long as it runs.
    pub fn exec_root(&self) -> PathBuf {
        self.folder.path().join("exec")
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    fn import_busybox(&self) {
        let root = self.folder.path().join("busybox");
        busybox_root(&root);
        let archive = self.folder.path().join("busybox.tar");
        let mut tar = Command::new("tar");
        tar.arg("--create")
            .arg("--file")
            .arg(&archive)
            .arg("--directory")
            .arg(&root)
            .arg(".");
        finish(&mut tar, b"", PATIENCE).good();
        let mut import = Command::new("/usr/bin/docker");
        import
            .args([
                "--host",
                &self.address(),
                "import",
                "--change",
                "CMD [\"sh\"]",
            ])
            .arg(archive)
            .arg("busybox");
        finish(&mut import, b"", PATIENCE).good();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Daemon for RealDockerd {
    fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }
}

impl Drop for RealDockerd {
    fn drop(&mut self) {
        self.process.end(Signal::SIGTERM, Duration::from_secs(30));
        // What a killed daemon leaves mounted would keep its directory from being removed.
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        for mount in mounts
            .lines()
            .rev()
            .filter_map(|line| line.split(' ').nth(1))
        {
            if Path::new(mount).starts_with(self.folder.path()) {
                let _ = nix::mount::umount2(mount, nix::mount::MntFlags::MNT_DETACH);
            }
        }
    }
}

/// Unpacks a busybox userland into `root`: the host's static one, else that of Debian's package.
pub fn busybox_root(root: &Path) {
    let bin = root.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for folder in ["tmp", "root", "etc", "proc", "sys", "dev"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(
        root.join("etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    )
    .unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\nnobody:x:65534:\n").unwrap();
    fs::copy(busybox(), bin.join("busybox")).unwrap();
    let list = finish(
        Command::new(bin.join("busybox")).arg("--list"),
        b"",
        PATIENCE,
    )
    .good();
    for applet in list.lines().filter(|&applet| applet != "busybox") {
        let _ = std::os::unix::fs::symlink("busybox", bin.join(applet));
    }
}

/// A static busybox, fetched once into the target directory if the host has none.
fn busybox() -> PathBuf {
    let is_static = |path: &PathBuf| {
        let ldd = Command::new("ldd").arg(path).output();
        ldd.is_ok_and(|output| {
            !output.status.success()
                || String::from_utf8_lossy(&output.stdout).contains("statically")
        })
    };
    if let Some(own) = need::find("busybox").filter(is_static) {
        return own;
    }
    let folder = super::data::target().join("suite-busybox");
    let program = folder.join("bin/busybox");
    if !program.exists() {
        fs::create_dir_all(&folder).unwrap();
        finish(
            Command::new("apt-get")
                .args(["download", "busybox-static"])
                .current_dir(&folder),
            b"",
            PATIENCE,
        )
        .good();
        let package = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let package = package
            .filter(|path| path.extension().is_some_and(|end| end == "deb"))
            .max()
            .unwrap();
        finish(
            Command::new("dpkg-deb")
                .arg("--extract")
                .arg(package)
                .arg(&folder),
            b"",
            PATIENCE,
        )
        .good();
    }
    program
}
