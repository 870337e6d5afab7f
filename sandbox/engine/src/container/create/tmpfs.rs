//! The options of `--tmpfs`, as mount(8) writes them. Pure.

use drydock_runtime::container::{Atime, Tmpfs};

use super::flags::{Source, Wanted, clean};
use crate::error::EngineError;

/// What the kernel counts `nr_blocks` in.
const BLOCK_BYTES: u64 = 4096;

/// Words that change nothing here: what is so anyway, how the mount goes to other namespaces, which it never does, and
/// when things are written to a disk, which memory has none of.
const WITHOUT_EFFECT: [&str; 22] = [
    "defaults",
    "async",
    "sync",
    "dirsync",
    "mand",
    "nomand",
    "dev",
    "nodev",
    "diratime",
    "nodiratime",
    "relatime",
    "norelatime",
    "nostrictatime",
    "atime",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "unbindable",
    "runbindable",
];

/// Without a size, what the sandbox can well spare.
pub(super) fn size_or_default(asked: u64) -> u64 {
    if asked == 0 { 64 << 20 } else { asked }
}

/// One `--tmpfs`. Of words that exclude each other the last one counts.
pub(super) fn parse_tmpfs(destination: &str, options: &str) -> Result<Wanted, EngineError> {
    let destination = clean(destination)?;
    let mut tmpfs = Tmpfs::of_size(size_or_default(0));
    let mut readonly = false;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let taken = match option.split_once('=') {
            Some((key, value)) => set_value(&mut tmpfs, key, value),
            None => set_flag(&mut tmpfs, &mut readonly, option),
        };
        taken.ok_or_else(|| invalid(option))?;
    }
    Ok(Wanted {
        source: Source::Tmpfs(tmpfs),
        destination,
        mode: options.into(),
        readonly,
        copy: false,
        hidden: true,
    })
}

/// As Go prints a list of words.
fn invalid(option: &str) -> EngineError {
    let words: Vec<_> = option.splitn(2, '=').map(|w| format!("{w:?}")).collect();
    EngineError::Invalid(format!("invalid tmpfs option [{}]", words.join(" ")))
}

fn set_value(tmpfs: &mut Tmpfs, key: &str, value: &str) -> Option<()> {
    match key {
        "size" => tmpfs.size = size_or_default(parse_size(value)?),
        "nr_blocks" => tmpfs.size = size_or_default(parse_size(value)?.checked_mul(BLOCK_BYTES)?),
        "nr_inodes" => tmpfs.inodes = Some(parse_size(value)?),
        "mode" => tmpfs.mode = u32::from_str_radix(value, 8).ok()?,
        "uid" => tmpfs.uid = value.parse().ok()?,
        "gid" => tmpfs.gid = value.parse().ok()?,
        // On which memory node: there is only what the sandbox has.
        "mpol" => {}
        _ => return None,
    }
    Some(())
}

fn set_flag(tmpfs: &mut Tmpfs, readonly: &mut bool, option: &str) -> Option<()> {
    match option {
        "ro" => *readonly = true,
        "rw" => *readonly = false,
        "exec" => tmpfs.exec = true,
        "noexec" => tmpfs.exec = false,
        "suid" => tmpfs.suid = true,
        "nosuid" => tmpfs.suid = false,
        "noatime" => tmpfs.atime = Atime::Never,
        "strictatime" => tmpfs.atime = Atime::Strict,
        other if WITHOUT_EFFECT.contains(&other) => {}
        _ => return None,
    }
    Some(())
}

/// `64m`, `1g`, `65536`.
fn parse_size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['k', 'm', 'g', 'b']);
    let factor = match lower[digits.len()..].trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(options: &str) -> Tmpfs {
        match parse_tmpfs("/x", options).unwrap().source {
            Source::Tmpfs(tmpfs) => tmpfs,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_said_is_no_programs_and_no_suid() {
        let tmpfs = parsed("");
        assert_eq!((tmpfs.exec, tmpfs.suid, tmpfs.mode), (false, false, 0o1777));
    }

    #[test]
    fn options_apply_and_the_last_one_counts() {
        let tmpfs = parsed("noexec,exec,suid,uid=5,gid=6,mode=700,nr_inodes=1k,size=1m,noatime");
        let wanted = Tmpfs {
            size: 1 << 20,
            inodes: Some(1024),
            mode: 0o700,
            uid: 5,
            gid: 6,
            exec: true,
            suid: true,
            atime: Atime::Never,
        };
        assert_eq!(tmpfs, wanted);
        assert_eq!(parsed("nr_blocks=100").size, 400 << 10);
        assert!(parse_tmpfs("/x", "rw,ro").unwrap().readonly);
    }

    #[test]
    fn what_is_no_option_is_named_as_docker_does() {
        let said = |options| parse_tmpfs("/x", options).unwrap_err().to_string();
        assert_eq!(said("nonsense"), "invalid tmpfs option [\"nonsense\"]");
        assert_eq!(said("a=b"), "invalid tmpfs option [\"a\" \"b\"]");
        for odd in [
            "bind",
            "remount",
            "uid",
            "uid=x",
            "mode=9",
            "size=",
            "size=99999999999g",
        ] {
            assert!(parse_tmpfs("/x", odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(
            ["64m", "1G", "512", "2kb", "x", "1.5m"].map(parse_size),
            [
                Some(64 << 20),
                Some(1 << 30),
                Some(512),
                Some(2048),
                None,
                None
            ]
        );
    }
}
