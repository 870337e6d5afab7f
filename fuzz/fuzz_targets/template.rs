#![no_main]

use drydock_fuzz::template;

libfuzzer_sys::fuzz_target!(|data: &[u8]| template(data));
