#![no_main]

use drydock_fuzz::filters;

libfuzzer_sys::fuzz_target!(|data: &[u8]| filters(data));
