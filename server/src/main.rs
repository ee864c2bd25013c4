//! The `menpai` command: reads its arguments and calls the library. No logic lives here.

fn main() {}
