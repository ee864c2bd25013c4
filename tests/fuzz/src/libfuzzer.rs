//! libFuzzer's entry. `MENPAI_FUZZ` names the target; scripts/fuzz.sh builds and runs it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use menpai_fuzz::{Target, target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("MENPAI_FUZZ").unwrap_or_default();
    target(&name).unwrap_or_else(|| panic!("MENPAI_FUZZ names no target: {name:?}"))
});

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
