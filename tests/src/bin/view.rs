//! `view FILE VIEW`: prints every row of a typed view of a community's file as one JSON
//! object per line, the way an analyst would read a copy. For browser stories, which may
//! not open a live file with another SQLite.

use std::process::ExitCode;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, view] = arguments.as_slice() else {
        eprintln!("usage: view FILE VIEW");
        return ExitCode::from(2);
    };
    match print(file, view) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{view}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(file: &str, view: &str) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let name = format!("\"{}\"", view.replace('"', "\"\""));
    let mut statement = connection.prepare(&format!("SELECT * FROM {name}"))?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (index, column) in columns.iter().enumerate() {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::from(value),
                ValueRef::Real(value) => Value::from(value),
                ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::from(menpai_sync_core::ids::hex(bytes)),
            };
            object.insert(column.clone(), value);
        }
        println!("{}", Value::Object(object));
    }
    Ok(())
}
