#![no_main]

use drydock_fuzz::dockerfile;

libfuzzer_sys::fuzz_target!(|data: &[u8]| dockerfile(data));
