//! `--chown`: names to numbers, by the image's own passwd and group.

use std::{os::fd::BorrowedFd, path::Path};

use super::{error::BuildError, tree};

/// No passwd file is larger.
const MAX_FILE: u64 = 1 << 20;
/// Ids that a sandbox has.
const LAST_ID: u32 = 65_535;

/// The ids that `user[:group]` means in the image at `root`; without a group it is the one of the user's name.
pub(crate) fn ids(root: BorrowedFd<'_>, text: &str) -> Result<(u32, u32), BuildError> {
    let (user, group) = match text.split(':').collect::<Vec<_>>()[..] {
        [both] => (both, both),
        [user, group] => (user, group),
        _ => {
            return Err(BuildError::Chown(format!(
                "invalid chown string format: {text}"
            )));
        }
    };
    Ok((
        id(root, "user", user, "etc/passwd")?,
        id(root, "group", group, "etc/group")?,
    ))
}

/// Why BuildKit's `--chown` means nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChownError {
    /// BuildKit would make such files root's and say nothing; a learner would search long. runc's words for USER.
    #[error("unable to find user {0}: no matching entries in passwd file")]
    NoUser(String),
    #[error("unable to find group {0}: no matching entries in group file")]
    NoGroup(String),
    #[error("{0} is more than a sandbox has: its ids are 0 to {LAST_ID}")]
    Range(u32),
}

/// The ids that `user[:group]` means in the image at `root`, as BuildKit reads them: without a group a number is both,
/// and a name has the group of its line in passwd(5).
///
/// # Errors
/// See [`ChownError`].
pub(crate) fn owner(root: BorrowedFd<'_>, text: &str) -> Result<(u32, u32), ChownError> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let (uid, own_group) = match user.parse() {
        Ok(uid) => (uid, uid),
        Err(_) if user.is_empty() => (0, 0),
        Err(_) => {
            let passwd = read(root, "etc/passwd");
            let found =
                fields(&passwd, user).and_then(|mut ids| Some((ids.next()??, ids.next()??)));
            found.ok_or_else(|| ChownError::NoUser(user.into()))?
        }
    };
    let gid = match group {
        None | Some("") => own_group,
        Some(group) => match group.parse() {
            Ok(gid) => gid,
            Err(_) => {
                let found =
                    fields(&read(root, "etc/group"), group).and_then(|mut ids| ids.next()?);
                found.ok_or_else(|| ChownError::NoGroup(group.into()))?
            }
        },
    };
    match [uid, gid].into_iter().find(|id| *id > LAST_ID) {
        Some(id) => Err(ChownError::Range(id)),
        None => Ok((uid, gid)),
    }
}

fn read(root: BorrowedFd<'_>, file: &str) -> String {
    let bytes = tree::read(root, Path::new(file), MAX_FILE).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn id(root: BorrowedFd<'_>, what: &str, name: &str, file: &str) -> Result<u32, BuildError> {
    let letter = if what == "user" { 'u' } else { 'g' };
    let failed = |reason: String| {
        BuildError::Chown(format!("can't find {letter}id for {what} {name}: {reason}"))
    };
    let id = match name.parse() {
        Ok(id) => id,
        Err(_) => named(&read(root, file), name)
            .ok_or_else(|| failed(format!("no such {what}: {name}")))?,
    };
    if id > LAST_ID {
        return Err(failed(format!("a sandbox has only the ids 0 to {LAST_ID}")));
    }
    Ok(id)
}

/// The third field of the line that begins with `name`: the id, in both files.
fn named(text: &str, name: &str) -> Option<u32> {
    fields(text, name)?.next()?
}

/// The numbers from the third field on.
fn fields<'a>(text: &'a str, name: &str) -> Option<impl Iterator<Item = Option<u32>> + use<'a>> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.skip(1).map(|field| field.parse().ok()))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs, os::fd::AsFd as _};

    use super::*;

    #[test]
    fn an_owner_is_read_as_buildkit_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("etc")).unwrap();
        fs::write(
            dir.path().join("etc/passwd"),
            "root:x:0:0::/:\nme:x:1000:100::/:\n",
        )
        .unwrap();
        fs::write(dir.path().join("etc/group"), "staff:x:50:\nme:x:7:\n").unwrap();
        let root = fs::File::open(dir.path()).unwrap();
        let ids = |text: &str| owner(root.as_fd(), text);
        for (text, expected) in [
            ("me", (1000, 100)),
            ("me:me", (1000, 7)),
            ("me:", (1000, 100)),
            (":staff", (0, 50)),
            ("5", (5, 5)),
            ("5:6", (5, 6)),
            ("5:staff", (5, 50)),
        ] {
            assert_eq!(ids(text), Ok(expected), "{text}");
        }
        assert_eq!(ids("you"), Err(ChownError::NoUser("you".into())));
        assert_eq!(ids("me:b:c"), Err(ChownError::NoGroup("b:c".into())));
        assert_eq!(ids("70000"), Err(ChownError::Range(70_000)));
    }

    #[test]
    fn names_are_looked_up_in_the_first_field() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nme:x:1000:100::/:/bin/sh\nbroken\n";
        assert_eq!(named(passwd, "me"), Some(1000));
        assert_eq!(named(passwd, "x"), None);
        assert_eq!(named(passwd, "broken"), None);
    }
}
