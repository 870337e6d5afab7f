//! One file per noun. A route reads its request, calls a life, and words the answer.

pub(crate) mod build;
