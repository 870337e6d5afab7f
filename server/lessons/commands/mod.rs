//! `drydock lesson list|new|lint|test`.
