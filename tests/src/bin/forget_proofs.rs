//! `forget_proofs FILE`: makes every session of a stopped server's `node.sqlite` one whose holder proved
//! who they are long ago. For browser stories, which cannot wait ten minutes.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: forget_proofs FILE");
        return ExitCode::from(2);
    };
    let done = rusqlite::Connection::open(&file)
        .and_then(|connection| connection.execute("UPDATE session SET proved_ms = 0", []));
    match done {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::FAILURE
        }
    }
}
