//! drydock-network
