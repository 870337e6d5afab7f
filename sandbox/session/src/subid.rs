//! Subordinate ids: what the administrator lets an ordinary user give away; subuid(5).

use std::fs;

use drydock_runtime::sandbox::RANGE;

use crate::SessionError;

/// The first of 65,536 ids in `/etc/subuid`, and in `/etc/subgid`, that the user may map.
pub fn ranges() -> Result<(u32, u32), SessionError> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid())
        .ok()
        .flatten();
    let name = user.map_or_else(|| nix::unistd::geteuid().to_string(), |user| user.name);
    let uid = nix::unistd::geteuid().to_string();
    let find = |file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        first_range(&text, &[&name, &uid])
    };
    match (find("/etc/subuid"), find("/etc/subgid")) {
        (Some(uids), Some(gids)) => Ok((uids, gids)),
        _ => Err(SessionError::NoSubordinateIds { user: name }),
    }
}

/// Lines are `owner:first:count`.
fn first_range(text: &str, owners: &[&str]) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let owner = fields.next()?;
        let first = fields.next()?.parse().ok()?;
        let count: u32 = fields.next()?.trim().parse().ok()?;
        (owners.contains(&owner) && count >= RANGE).then_some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_is_too_small_is_passed_over() {
        let text = "ada:100000:1000\nbob:200000:65536\nada:300000:65536\n";
        assert_eq!(first_range(text, &["ada", "1000"]), Some(300_000));
        assert_eq!(first_range(text, &["eve", "1001"]), None);
    }
}
