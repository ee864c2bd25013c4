//! The views of a community's file: which there are, and their rows as they stand.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, named_params};

use super::StoreError;

/// One value of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'r> {
    /// NULL
    Null,
    /// An INTEGER.
    Integer(i64),
    /// A TEXT.
    Text(&'r str),
    /// 16 bytes of an id.
    Bytes(&'r [u8]),
}

/// The names of all views, in order.
///
/// # Errors
/// [`StoreError`].
pub fn names(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The columns of a view; empty where there is no such view.
///
/// # Errors
/// [`StoreError`].
pub fn columns(connection: &Connection, view: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT c.name FROM sqlite_schema v JOIN pragma_table_info(v.name) c
          WHERE v.type = 'view' AND v.name = :view ORDER BY c.cid",
    )?;
    let rows = statement.query_map(named_params! {":view": view}, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Calls `each` with every row of a view, one by one. `view` must be one of [`names`].
///
/// # Errors
/// [`StoreError`], also those of `each`.
pub fn for_each_row<E: From<StoreError>>(
    connection: &Connection,
    view: &str,
    mut each: impl FnMut(&[Value<'_>]) -> Result<(), E>,
) -> Result<(), E> {
    let sql = format!("SELECT * FROM \"{}\"", view.replace('"', "\"\""));
    let mut statement = connection.prepare(&sql).map_err(StoreError::from)?;
    let count = statement.column_count();
    let mut rows = statement.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let values: Vec<Value<'_>> = (0..count)
            .map(|index| {
                Ok(match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Text(text) => {
                        Value::Text(std::str::from_utf8(text).map_err(|error| StoreError::damaged(error.to_string()))?)
                    }
                    ValueRef::Blob(bytes) => Value::Bytes(bytes),
                    // The schema is STRICT and has no REAL.
                    ValueRef::Real(_) => return Err(StoreError::damaged("a number that is not whole")),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        each(&values)?;
    }
    Ok(())
}
