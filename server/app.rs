//! What all handlers share.
