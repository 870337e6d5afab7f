//! Layers that containers stand on, which must outlive their images.

use std::{collections::HashMap, fmt, sync::PoisonError};

use drydock_spec::Digest;

use super::Store;
use crate::StoreError;

/// How many holds each layer has.
pub(super) type Holds = HashMap<Digest, usize>;

/// Keeps layers on disk while it lives, whatever happens to the images they came from. A container has one, so that
/// `docker rmi -f` does not take its file system away, and so has a build, until its layers are an image's.
#[must_use = "the layers are let go when this is dropped"]
pub struct Hold {
    store: Store,
    layers: Vec<Digest>,
}

impl Store {
    /// Keeps `layers` until the hold is dropped; what no image uses by then is removed.
    pub fn hold(&self, layers: impl IntoIterator<Item = Digest>) -> Hold {
        let layers: Vec<Digest> = layers.into_iter().collect();
        let mut holds = self.holds();
        for layer in &layers {
            *holds.entry(layer.clone()).or_default() += 1;
        }
        drop(holds);
        Hold {
            store: self.clone(),
            layers,
        }
    }

    pub(super) fn holds(&self) -> std::sync::MutexGuard<'_, Holds> {
        // The map is consistent between any two statements that change it.
        self.inner
            .holds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn let_go(&self, layers: &[Digest]) -> Result<(), StoreError> {
        let mut free = Vec::new();
        let mut holds = self.holds();
        for layer in layers {
            if let Some(count) = holds.get_mut(layer) {
                *count -= 1;
                if *count == 0 {
                    holds.remove(layer);
                    free.push(layer.clone());
                }
            }
        }
        drop(holds);
        self.free_layers(&free).map(drop)
    }
}

impl Hold {
    /// The layers that are held.
    #[must_use]
    pub fn layers(&self) -> &[Digest] {
        &self.layers
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.layers).finish()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Err(error) = self.store.let_go(&self.layers) {
            tracing::warn!("a layer that is no longer used stays on disk: {error}");
        }
    }
}
