//! What a failed request gets.
