#![no_main]

use drydock_fuzz::frames;

libfuzzer_sys::fuzz_target!(|data: &[u8]| frames(data));
