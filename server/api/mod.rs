//! The JSON endpoints that the lesson page calls.
