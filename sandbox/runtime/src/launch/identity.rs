//! Who the new process is: Docker's `user[:group]`, looked up in the container's own files.

use std::io;

use nix::unistd::{setgroups, setresgid, setresuid};
use rustix::fs::{Mode, OFlags};
use rustix::thread::{
    CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
};

use super::LaunchError;
use crate::capability::Capabilities;

/// `/etc/passwd` and `/etc/group` are the learner's: no more than this is read of them.
const MAX_FILE: u64 = 1 << 20;
const LAST_CAPABILITY: u32 = 40;

/// A user with their groups and home.
#[derive(Debug, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub home: String,
}

/// The greatest uid and gid that Docker takes.
const MAX_ID: u32 = i32::MAX as u32;

impl Identity {
    /// Looks up `user` and `extra` groups under the current root.
    pub fn look_up(user: &str, extra: &[String]) -> Result<Self, LaunchError> {
        Self::in_files(
            user,
            extra,
            &read_bounded("/etc/passwd"),
            &read_bounded("/etc/group"),
        )
    }

    fn in_files(
        user: &str,
        extra: &[String],
        passwd: &str,
        group: &str,
    ) -> Result<Self, LaunchError> {
        let (name, group_name) = match user.split_once(':') {
            Some((name, group)) => (name, Some(group)),
            None => (user, None),
        };
        let name = if name.is_empty() { "0" } else { name };
        let number = name.parse::<u32>().ok();
        // passwd(5): name, password, uid, gid, comment, home, shell. A number is looked up too, for its home.
        let entry = passwd
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| {
                fields.len() >= 6
                    && (fields[0] == name || number.is_some_and(|n| fields[2].parse() == Ok(n)))
            });
        let uid = entry
            .as_ref()
            .and_then(|fields| fields[2].parse().ok())
            .or(number);
        let uid = match uid {
            Some(uid) if uid <= MAX_ID => uid,
            None if name.parse::<i64>().is_err() => {
                return Err(LaunchError::NoSuchUser(name.into()));
            }
            _ => return Err(LaunchError::IdOutOfRange),
        };
        let own_gid = entry
            .as_ref()
            .and_then(|fields| fields[3].parse().ok())
            .unwrap_or(0);
        let gid = match group_name {
            Some(wanted) => group_id(group, wanted)?,
            None => own_gid,
        };
        let mut groups = match (&entry, group_name) {
            (Some(fields), None) => memberships(group, fields[0]),
            _ => Vec::new(),
        };
        for wanted in extra {
            groups.push(group_id(group, wanted)?);
        }
        // As containerd does: the primary group is listed too.
        groups.push(gid);
        groups.sort_unstable();
        groups.dedup();
        let home = entry.map_or(
            "/",
            |fields| if fields[5].is_empty() { "/" } else { fields[5] },
        );
        Ok(Self {
            uid,
            gid,
            groups,
            home: home.into(),
        })
    }

    /// Becomes this user, for good.
    pub fn assume(&self) -> io::Result<()> {
        let groups: Vec<_> = self
            .groups
            .iter()
            .map(|g| nix::unistd::Gid::from_raw(*g))
            .collect();
        setgroups(&groups)?;
        let (uid, gid) = (
            nix::unistd::Uid::from_raw(self.uid),
            nix::unistd::Gid::from_raw(self.gid),
        );
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
        Ok(())
    }
}

/// group(5): name, password, gid, members.
fn group_id(group: &str, wanted: &str) -> Result<u32, LaunchError> {
    let by_name = group
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find_map(|fields| {
            (fields.len() >= 3 && fields[0] == wanted)
                .then(|| fields[2].parse().ok())
                .flatten()
        });
    match by_name.or_else(|| wanted.parse().ok()) {
        Some(gid) if gid <= MAX_ID => Ok(gid),
        None if wanted.parse::<i64>().is_err() => Err(LaunchError::NoSuchGroup(wanted.into())),
        _ => Err(LaunchError::IdOutOfRange),
    }
}

fn memberships(group: &str, user: &str) -> Vec<u32> {
    group
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .filter(|fields| fields.len() >= 4 && fields[3].split(',').any(|member| member == user))
        .filter_map(|fields| fields[2].parse().ok())
        .collect()
}

/// A missing file is an empty one: images FROM scratch have neither.
fn read_bounded(path: &str) -> String {
    use std::io::Read;
    let mut text = Vec::new();
    // A FIFO of that name must not hold the start up.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if let Ok(file) = rustix::fs::open(path, flags, Mode::empty()).map(std::fs::File::from)
        && file.metadata().is_ok_and(|m| m.is_file())
    {
        let _ = file.take(MAX_FILE).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Takes everything else out of the bounding set: not even a set-user-id program gets it back.
pub fn drop_bounding(keep: Capabilities) -> io::Result<()> {
    for index in (0..=LAST_CAPABILITY).filter(|index| !keep.contains(*index)) {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << index)) {
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Leaves exactly these, and none to inherit.
pub fn keep_only(keep: Capabilities) -> io::Result<()> {
    let kept = CapabilitySet::from_bits_retain(keep.bits());
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    Ok(set_capabilities(None, sets)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1001::/home/ada:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nada:x:1001:\ndocker:x:999:ada,bob\n";

    fn look(user: &str) -> Identity {
        Identity::in_files(user, &[], PASSWD, GROUP).unwrap()
    }

    #[test]
    fn a_name_brings_its_groups_and_home() {
        let ada = look("ada");
        assert_eq!(
            (ada.uid, ada.gid, ada.groups.as_slice(), ada.home.as_str()),
            (1000, 1001, &[999, 1001][..], "/home/ada")
        );
    }

    #[test]
    fn a_number_needs_no_entry_but_uses_one() {
        assert_eq!(look("1000").home, "/home/ada");
        let stranger = look("4242");
        assert_eq!(
            (stranger.uid, stranger.gid, stranger.home.as_str()),
            (4242, 0, "/")
        );
    }

    #[test]
    fn a_group_given_replaces_the_users_own_groups() {
        let ada = look("ada:docker");
        assert_eq!((ada.gid, ada.groups.as_slice()), (999, &[999][..]));
        assert_eq!(look("0:77").gid, 77);
    }

    #[test]
    fn nobody_of_that_name_is_an_error_in_dockers_words() {
        let error = Identity::in_files("eve", &[], PASSWD, GROUP).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unable to find user eve: no matching entries in passwd file"
        );
        assert!(Identity::in_files("ada:eve", &[], PASSWD, GROUP).is_err());
    }

    #[test]
    fn groups_have_the_range_of_users() {
        let with = |group: &str| Identity::in_files("", &[group.into()], PASSWD, GROUP);
        assert_eq!(with("2147483647").unwrap().groups, [0, 2_147_483_647]);
        for odd in ["2147483648", "99999999999", "-1"] {
            assert!(matches!(with(odd), Err(LaunchError::IdOutOfRange)), "{odd}");
        }
        assert!(matches!(with("eve"), Err(LaunchError::NoSuchGroup(_))));
    }
}
