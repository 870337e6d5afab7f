//! drydock-dockerfile
