//! drydock-session
