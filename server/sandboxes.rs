//! One live sandbox per learner.
