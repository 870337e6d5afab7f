//! How Docker writes things: sizes, times, tables, JSON, templates. Pure.

pub mod duration;
pub mod json;
pub mod list;
pub mod quote;
pub mod size;
pub mod table;
pub mod template;
pub mod time;
