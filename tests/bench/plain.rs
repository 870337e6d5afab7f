//! Container runtimes without a daemon: the floor under any `docker run`.

use std::fs;
use std::process::{Command, Stdio};

use crate::harness::PATIENCE;
use crate::harness::data::DataDir;
use crate::harness::dockerd::busybox_root;
use crate::harness::need::find;
use crate::harness::process::finish;
use crate::harness::shell;
use crate::table::{Samples, Table, Unit};

const NAME: &str = "a whole sandbox: drydock shell -- true";
const COUNT: usize = 30;

pub fn measure(table: &mut Table) {
    if !table.wants(NAME) {
        return;
    }
    let data = DataDir::new();
    let ours = Samples::time(COUNT, || {
        let mut command = shell::command(&data, &["true"]);
        assert!(command.stdin(Stdio::null()).status().unwrap().success());
    });
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("rootfs");
    busybox_root(&root);
    let bwrap = find("bwrap").map(|bwrap| {
        Samples::time(COUNT, || {
            let mut command = Command::new(&bwrap);
            command
                .args(["--unshare-all", "--die-with-parent", "--bind"])
                .arg(&root)
                .arg("/");
            command.args(["--proc", "/proc", "--dev", "/dev", "/bin/true"]);
            assert!(command.status().unwrap().success());
        })
    });
    let crun = find("crun").and_then(|_| crun(folder.path()));
    let beside = [
        ("bubblewrap, one container", &bwrap),
        ("crun, one container", &crun),
    ];
    let beside: Vec<(&str, &Samples)> = beside
        .iter()
        .filter_map(|(who, samples)| Some((*who, samples.as_ref()?)))
        .collect();
    table.add(NAME, Unit::Milliseconds, &ours, &beside);
}

/// `crun run` of the bundle in `folder`.
fn crun(folder: &std::path::Path) -> Option<Samples> {
    finish(
        Command::new("crun").arg("spec").current_dir(folder),
        b"",
        PATIENCE,
    )
    .good();
    let config = folder.join("config.json");
    let mut spec: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&config).unwrap()).unwrap();
    spec["process"]["terminal"] = false.into();
    spec["process"]["args"] = serde_json::json!(["/bin/true"]);
    fs::write(&config, spec.to_string()).unwrap();
    // crun refuses a hybrid hierarchy, so it gets a mount namespace without the second one. The loop is
    // inside, so that entering it is not measured.
    let script = format!(
        "umount /sys/fs/cgroup/unified 2> /dev/null; for i in $(seq 0 {COUNT}); do \
         a=${{EPOCHREALTIME/[.,]/}}; crun run bench-$$-$i || exit 1; b=${{EPOCHREALTIME/[.,]/}}; echo $((b - a)); done"
    );
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "bash", "-c", &script])
        .current_dir(folder);
    let said = finish(&mut command, b"", PATIENCE);
    if said.code != 0 {
        eprintln!("crun does not run here: {}", said.stderr.trim());
        return None;
    }
    let times = said
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.parse::<f64>().unwrap() / 1000.0);
    Some(Samples(times.collect()))
}
