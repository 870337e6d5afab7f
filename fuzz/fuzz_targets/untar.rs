#![no_main]

use drydock_fuzz::untar;

libfuzzer_sys::fuzz_target!(|data: &[u8]| untar(data));
