//! One test program: the borders, with real clients, kernels and browsers.
