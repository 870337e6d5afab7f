//! Dispatches the sub-commands.
fn main() {}
