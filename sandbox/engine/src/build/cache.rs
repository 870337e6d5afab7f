//! Which image a step made before.
//!
//! A step is known by its parent image, what it says after expansion, the config it leads to, and, for COPY and ADD,
//! the content of the files. The images themselves are in the store; one that was removed there is made again.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use drydock_image::ImageId;
use sha2::{Digest as _, Sha256};

/// Steps that are remembered; the oldest are forgotten first.
const KEPT: usize = 10_000;

/// A step, as one number.
pub(super) type Key = [u8; 32];

/// Makes a step's key; each part counts with its length.
pub(super) fn key(parts: &[&[u8]]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The sandbox's build cache.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Steps>);

#[derive(Debug, Default)]
struct Steps {
    images: HashMap<Key, ImageId>,
    order: VecDeque<Key>,
}

impl Cache {
    pub(super) fn get(&self, key: &Key) -> Option<ImageId> {
        self.lock().images.get(key).cloned()
    }

    pub(super) fn put(&self, key: Key, image: ImageId) {
        let mut steps = self.lock();
        if steps.images.insert(key, image).is_none() {
            steps.order.push_back(key);
        }
        if steps.order.len() > KEPT
            && let Some(oldest) = steps.order.pop_front()
        {
            steps.images.remove(&oldest);
        }
    }

    pub(super) fn clear(&self) {
        *self.lock() = Steps::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Steps> {
        // Both collections are consistent between any two statements that matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn image(n: usize) -> ImageId {
        format!("sha256:{n:064x}").parse().unwrap()
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        assert_eq!(key(&[b"a"]), key(&[b"a"]));
    }

    #[test]
    fn the_oldest_step_is_forgotten_first() {
        let cache = Cache::default();
        for n in 0..=KEPT {
            cache.put(key(&[&n.to_le_bytes()]), image(n));
        }
        assert_eq!(cache.get(&key(&[&0_usize.to_le_bytes()])), None);
        assert_eq!(cache.get(&key(&[&1_usize.to_le_bytes()])), Some(image(1)));
        cache.clear();
        assert_eq!(cache.get(&key(&[&1_usize.to_le_bytes()])), None);
    }
}
