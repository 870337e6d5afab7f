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

fn id(root: BorrowedFd<'_>, what: &str, name: &str, file: &str) -> Result<u32, BuildError> {
    let letter = if what == "user" { 'u' } else { 'g' };
    let failed = |reason: String| {
        BuildError::Chown(format!("can't find {letter}id for {what} {name}: {reason}"))
    };
    let id = match name.parse() {
        Ok(id) => id,
        Err(_) => {
            let text = tree::read(root, Path::new(file), MAX_FILE).unwrap_or_default();
            named(&String::from_utf8_lossy(&text), name)
                .ok_or_else(|| failed(format!("no such {what}: {name}")))?
        }
    };
    if id > LAST_ID {
        return Err(failed(format!("a sandbox has only the ids 0 to {LAST_ID}")));
    }
    Ok(id)
}

/// The third field of the line that begins with `name`: the id, in both files.
fn named(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name))
            .then(|| fields.nth(1))??
            .parse()
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn names_are_looked_up_in_the_first_field() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nme:x:1000:100::/:/bin/sh\nbroken\n";
        assert_eq!(named(passwd, "me"), Some(1000));
        assert_eq!(named(passwd, "x"), None);
        assert_eq!(named(passwd, "broken"), None);
    }
}
