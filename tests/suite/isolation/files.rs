use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::harness::engine::Daemon as _;
use crate::harness::need::needs;
use crate::harness::shell::script;
use crate::harness::{drydock, probe, unique};

use super::{MOST, Sandbox};

#[test]
fn host_files_are_unreachable() {
    needs!(Docker, Root);
    let name = unique("canary");
    let canary = std::env::temp_dir().join(&name);
    fs::write(&canary, "host").unwrap();
    let sandbox = Sandbox::new();
    // The whole of the workstation, mounted into the most powerful container.
    let search = format!("find / -name '{name}' 2>/dev/null; true");
    let all = ["-v", "/:/host", "busybox", "sh", "-c", &search];
    let found = sandbox
        .docker
        .good(&[&["run", "--rm"], MOST, &all].concat());
    assert_eq!(found, "");
    assert_eq!(script(&search).good(), "");
    let bound = sandbox
        .docker
        .run(&["run", "--rm", "-v", "/tmp:/seen", "busybox", "ls", "/seen"])
        .good();
    assert!(!bound.contains(&name), "{bound}");
    // Nor up through the mounts' own roots.
    let climb = "cd /; for i in 1 2 3 4 5 6 7 8; do cd ..; done; ls";
    let top = sandbox
        .docker
        .good(&[&["run", "--rm"], MOST, &["busybox", "sh", "-c", climb]].concat());
    assert!(!top.contains("work") && !top.contains("boot"), "{top}");
    fs::remove_file(canary).unwrap();
}

#[test]
fn host_password_file_is_not_the_one_inside() {
    let inside = script("cat /etc/shadow /etc/passwd 2>/dev/null; true").good();
    let host = fs::read_to_string("/etc/passwd").unwrap();
    assert!(!inside.contains(host.lines().nth(5).unwrap()), "{inside}");
}

#[test]
fn block_devices_cannot_be_made_or_opened() {
    needs!(Docker, Root);
    let sandbox = Sandbox::with_probe();
    let root = fs::metadata("/").unwrap().dev();
    let (major, minor) = (
        nix::sys::stat::major(root).to_string(),
        nix::sys::stat::minor(root).to_string(),
    );
    for options in [MOST, &["--cap-add", "MKNOD"]] {
        let tried = sandbox.probe(options, &["device", "/disk", &major, &minor]);
        assert!(!tried.contains("open=ok"), "{tried}");
    }
}

#[test]
fn image_store_cannot_be_remounted_writable_by_the_engine_s_root() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let engine = sandbox.engine_pid().to_string();
    let tried = probe::on_host(&["enter", &engine, "remount", "/store"]).good();
    for attempt in ["remount", "mount_setattr", "write"] {
        assert!(!tried.contains(&format!("{attempt}=ok")), "{tried}");
    }
    let tried = probe::on_host(&["enter", &engine, "create", "/store/new"]).good();
    assert_eq!(tried.trim(), "create=EROFS");
}

#[test]
fn image_layers_are_shared_and_not_writable_from_a_container() {
    needs!(Docker);
    let (mine, other) = (Sandbox::new(), Sandbox::new());
    let deface = "echo defaced > /bin/busybox; rm -rf /bin/*; true";
    mine.docker
        .run(&[&["run", "--rm"], MOST, &["busybox", "sh", "-c", deface]].concat());
    assert_eq!(
        mine.docker
            .good(&["run", "--rm", "busybox", "echo", "whole"]),
        "whole"
    );
    assert_eq!(
        other
            .docker
            .good(&["run", "--rm", "busybox", "echo", "whole"]),
        "whole"
    );
}

#[test]
fn program_that_runs_inside_cannot_be_written_from_inside() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let engine = sandbox.engine_pid().to_string();
    let before = fs::metadata(drydock()).unwrap();
    let tried = probe::on_host(&["enter", &engine, "remount", "/exe"]).good();
    assert!(
        !tried.contains("remount=ok") && !tried.contains("mount_setattr=ok"),
        "{tried}"
    );
    let tried = probe::on_host(&["enter", &engine, "write", "/exe"]).good();
    assert!(!tried.contains("=ok"), "{tried}");
    // On the workstation it is the `docker` command.
    let tried = probe::on_workstation("write \"$(readlink -f \"$(command -v docker)\")\"").good();
    assert!(!tried.contains("=ok"), "{tried}");
    let tried = script(
        "f=$(readlink -f \"$(command -v docker)\"); echo x >> \"$f\"; rm -f \"$f\"; mv /tmp \"$f\"; docker version --format '{{.Client.Os}}'",
    );
    assert!(tried.stdout.contains("linux"), "{tried:?}");
    let after = fs::metadata(drydock()).unwrap();
    assert_eq!((before.len(), before.mtime()), (after.len(), after.mtime()));
}

#[test]
fn control_door_is_not_on_the_workstation() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    sandbox.engine.get("/drydock/v1/health").is(404);
    sandbox.engine.get("/containers/workstation/json").is(404);
    assert_eq!(sandbox.docker.good(&["ps", "-a", "-q"]), "");
    let listed = probe::on_workstation("sockets /").good();
    let sockets: Vec<&str> = listed.lines().collect();
    assert!(
        sockets.len() == 1 && sockets[0].ends_with("/run/docker.sock"),
        "{listed}"
    );
}

#[test]
fn engine_s_own_files_are_not_on_the_workstation() {
    needs!(Docker, Root);
    let found = script("ls / /data /store /exe 2>/dev/null; true").good();
    for name in ["data:", "store:", "/exe"] {
        assert!(!found.contains(name), "{found}");
    }
    // Its root is where a link of /proc would lead.
    let climbed =
        script("for p in /proc/[0-9]*; do ls $p/root/store $p/root/data 2>/dev/null; done; true")
            .good();
    assert_eq!(climbed, "");
}

#[test]
fn link_to_the_host_is_followed_inside_only() {
    needs!(Docker, Root);
    let name = unique("canary");
    let canary = std::env::temp_dir().join(&name);
    fs::write(&canary, "host").unwrap();
    let sandbox = Sandbox::new();
    // An image whose directories are links upwards: what the engine opens by path must stay in the container.
    let script = "ln -s /../../../../../../tmp /evil; ln -s /proc/1/root/proc/1/cwd /worse";
    sandbox.docker.write("Dockerfile", &format!("FROM busybox\nRUN {script}\nWORKDIR /evil\nCOPY Dockerfile /evil/\nCOPY Dockerfile /evil/{name}\n"));
    sandbox.docker.good(&["build", "-t", "links", "."]);
    assert_eq!(fs::read_to_string(&canary).unwrap(), "host");
    assert!(!std::env::temp_dir().join("Dockerfile").exists());
    let listed = sandbox.docker.good(&["run", "--rm", "links", "ls", "/tmp"]);
    assert!(
        listed.contains(&name),
        "it is in the image's own /tmp: {listed}"
    );
    fs::remove_file(canary).unwrap();
}

#[test]
fn nothing_is_left_on_the_host() {
    needs!(Docker, Root);
    let mut sandbox = Sandbox::new();
    sandbox.docker.good(&[
        "run",
        "-d",
        "-v",
        "kept:/data",
        "busybox",
        "sh",
        "-c",
        "echo x > /data/y; sleep 1000",
    ]);
    let engine = sandbox.engine_pid();
    let groups = crate::isolation::limits::groups(engine);
    sandbox
        .engine
        .keeper()
        .end(nix::sys::signal::Signal::SIGTERM, crate::harness::PATIENCE);
    crate::harness::process::wait_gone(engine, crate::harness::PATIENCE);
    for group in groups {
        crate::harness::wait::until_true(
            &format!("{} to be removed", group.display()),
            crate::harness::PATIENCE,
            || !group.exists(),
        );
    }
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let data = sandbox.engine.data_dir().display().to_string();
    assert!(!mounts.contains(&data), "{mounts}");
}
