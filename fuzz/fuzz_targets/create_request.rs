#![no_main]

use drydock_fuzz::create_request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| create_request(data));
