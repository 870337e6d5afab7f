#![no_main]

use drydock_fuzz::update_request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| update_request(data));
