//! The signed cookie that names a learner.
