#![no_main]

use drydock_fuzz::image_archive;

libfuzzer_sys::fuzz_target!(|data: &[u8]| image_archive(data));
