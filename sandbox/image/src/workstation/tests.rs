use super::*;
use std::process::Command;

/// The names of all programs, an empty bash: what the layout is made of without fetching anything.
fn busybox() -> Busybox {
    Busybox {
        program: b"busybox".to_vec(),
        applets: ["ls", "sh"].map(String::from).to_vec(),
        version: "1.35.0".into(),
    }
}

#[test]
fn the_same_parts_give_the_same_root_and_others_another() {
    let one = files(&busybox(), Some(b"bash"), "complete");
    assert_eq!(one, files(&busybox(), Some(b"bash"), "complete"));
    assert_ne!(one, files(&busybox(), None, "complete"));
}

#[test]
fn the_terminal_is_described_as_the_terminfo_tools_read_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("x")).unwrap();
    fs::write(dir.path().join("x/xterm"), terminfo::compiled()).unwrap();
    let output = Command::new("infocmp")
        .args(["-1", "-A"])
        .arg(dir.path())
        .arg("xterm")
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: there is no infocmp");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    for line in [
        "\tcuu1=\\E[A,",
        "\tkend=\\EOF,",
        "\tsmkx=\\E[?1h\\E=,",
        "\tcolors#0x100,",
        "\txenl,",
    ] {
        assert!(text.contains(line), "{line} is not in {text}{stderr}");
    }
}
