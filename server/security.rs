//! Origin, Host and the security headers.
