#![no_main]

use drydock_fuzz::exec_request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| exec_request(data));
