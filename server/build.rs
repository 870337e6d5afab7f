//! Builds the front end.
fn main() {}
