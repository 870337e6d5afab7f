//! drydock-cli
