//! Did the learner do it?
