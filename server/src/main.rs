//! The `menpai` command: reads its arguments and calls the library. No logic lives here.

use std::process::ExitCode;

fn main() -> ExitCode {
    menpai_server::cli::run()
}
