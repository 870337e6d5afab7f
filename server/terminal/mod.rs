//! The websocket between the page and a shell.
