//! The project's own tasks: `cargo xtask test`, `cargo xtask bench`.
fn main() {}
