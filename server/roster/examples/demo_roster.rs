//! Writes the demonstration roster to the given file, reads it back, and prints what it
//! contains and how long reading took.

use std::time::Instant;

use menpai_roster::{demo, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("usage: demo_roster <file.xlsx or file.csv>")?;
    let roster = demo::roster(demo::SEED);
    if path.to_string_lossy().ends_with(".csv") {
        roster.write_csv(&path)?;
    } else {
        roster.write_xlsx(&path)?;
    }
    let started = Instant::now();
    let sheet = read(&path, demo::day())?;
    let elapsed = started.elapsed();
    println!("{:#?}", roster.summary());
    println!(
        "{} rows read, {} rejected, in {} ms",
        sheet.rows.len(),
        sheet.rejected_row_count(),
        elapsed.as_millis()
    );
    Ok(())
}
