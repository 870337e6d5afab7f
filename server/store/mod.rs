//! Learners, attempts and progress in SQLite.
