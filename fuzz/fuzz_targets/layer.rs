#![no_main]

use drydock_fuzz::layer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| layer(data));
