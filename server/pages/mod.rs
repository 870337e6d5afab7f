//! The HTML pages.

pub mod views;
