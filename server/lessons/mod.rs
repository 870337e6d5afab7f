//! Lessons as data: from a directory of Markdown and TOML to typed, rendered, sanitised lessons.
//!
//! - [`model`]: what a lesson is once it is valid.
//! - [`source`]: where the files come from: a directory, or the binary itself.
//! - [`front_matter`], [`exercise_file`]: the two TOML shapes, strict, with file and line in each message.
//! - [`load`]: a source becomes a [`Catalogue`] and a list of [`Broken`] lessons that were left out.
//! - [`render`], [`highlight`]: Markdown to sanitised HTML with highlighted, runnable code.
//! - [`lint`]: what is legal but wrong; [`commands`]: `drydock lesson list|new|lint|test`.
//!
//! Deliberately absent: anything about learners. A lesson is the same for everyone; what differs
//! per learner is in [`crate::grading`] and [`crate::store`].

pub mod commands;
pub mod exercise_file;
pub mod front_matter;
pub mod highlight;
pub mod lint;
pub mod load;
pub mod model;
pub mod render;
pub mod source;

#[cfg(test)]
mod tests;

pub use load::{Broken, Catalogue};
pub use model::{Block, Exercise, Lesson, LessonLimits, Step, WrongAnswer};
pub use source::Source;
