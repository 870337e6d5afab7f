//! What a learner might try.
fn main() {}
