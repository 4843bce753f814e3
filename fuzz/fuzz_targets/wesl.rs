#![no_main]

#[path = "../../tests/robustness/targets.rs"]
#[allow(dead_code)] // one of them in each program
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wesl(bytes));
