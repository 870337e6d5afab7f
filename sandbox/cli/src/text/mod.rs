//! How Docker writes things: sizes, times, tables, JSON, templates. Pure.

pub mod csv;
pub mod host;
pub mod json;
pub mod list;
pub mod quote;
pub mod table;
pub mod template;
pub mod time;

pub use drydock_spec::units::{duration, size};
