#![no_main]

use drydock_fuzz::reference;

libfuzzer_sys::fuzz_target!(|data: &[u8]| reference(data));
