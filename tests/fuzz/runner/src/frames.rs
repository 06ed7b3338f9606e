#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| encke_fuzz_targets::frames::run(bytes));
