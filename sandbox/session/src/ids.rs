//! Which id ranges are taken, on the whole host: every Drydock of root's looks in the same place.

use std::{fs, os::fd::OwnedFd, path::Path};

use drydock_runtime::sandbox::{IdRange, RANGE};

use crate::{SessionError, lock::try_lock};

/// Above what distributions and systemd give away, below 2³¹.
const FIRST: u32 = 0x7000_0000;
const COUNT: u32 = 4_000;
const DIR: &str = "/run/drydock/ids";

/// Takes a free range; it is taken for as long as anybody holds the lock.
pub fn take() -> Result<(IdRange, OwnedFd), SessionError> {
    take_in(Path::new(DIR))
}

fn take_in(dir: &Path) -> Result<(IdRange, OwnedFd), SessionError> {
    fs::create_dir_all(dir).map_err(SessionError::file("create", dir))?;
    for index in 0..COUNT {
        let path = dir.join(index.to_string());
        if let Some(lock) = try_lock(&path).map_err(SessionError::file("lock", &path))? {
            return Ok((
                IdRange {
                    base: FIRST + index * RANGE,
                },
                lock,
            ));
        }
    }
    Err(SessionError::NoIdRange(COUNT))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_ranges_taken_at_once_do_not_overlap() {
        let dir = std::env::temp_dir().join(format!("drydock-ids-{}", std::process::id()));
        let (one, held) = take_in(&dir).unwrap();
        let (two, _also) = take_in(&dir).unwrap();
        assert!(one.base.abs_diff(two.base) >= RANGE);
        drop(held);
        assert_eq!(take_in(&dir).unwrap().0, one);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_last_range_ends_below_the_sign_bit() {
        assert!(u64::from(FIRST) + u64::from(COUNT) * u64::from(RANGE) < 1 << 31);
    }
}
