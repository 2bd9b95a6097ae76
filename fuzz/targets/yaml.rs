#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fibula_fuzz::yaml(bytes));
