//! What loads but is wrong.
