//! To come.

#[derive(Debug, Default)]
pub(crate) struct Networks {}
