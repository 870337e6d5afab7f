#![no_main]

use drydock_fuzz::registry_auth;

libfuzzer_sys::fuzz_target!(|data: &[u8]| registry_auth(data));
