//! Images as the API shows and removes them; the store itself is `drydock-image`.
//!
//! - [`error`]: what can go wrong, in Docker's words.

mod error;

pub(crate) use error::ImageError;
