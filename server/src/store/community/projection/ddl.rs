//! The tables and views that follow from the kind files. Tables keep ids as 16 bytes and
//! their own columns last; views write ids and instants as text and join who, where, when,
//! so that any SQLite tool can read a copy. Comments stay inside the DDL: `.schema` explains.

use std::fmt::Write;

use menpai_sync_core::kinds::{Column, Family, Kind, Kinds, Stored, Table, tables};

/// DDL for everything derived: the fixed part, then one set of tables and one view per kind.
pub(super) fn all(kinds: &Kinds) -> String {
    let mut sql = include_str!("../derived.sql").to_owned();
    for kind in kinds.iter() {
        let tables = tables(kind);
        for table in &tables {
            sql.push_str(&create_table(kind, table));
        }
        if let Some(main) = tables.first() {
            sql.push_str(&create_view(kind, main));
        }
    }
    sql
}

/// Name of the table that holds a kind's rows.
pub(super) fn table_name(family: Family, table: &Table) -> String {
    match family {
        Family::Registry => format!("registry_{}", table.name),
        Family::Record | Family::Office | Family::Edit => format!("record_{}", table.name),
    }
}

/// Name of the column that says whose row it is.
pub(super) fn owner(family: Family) -> &'static str {
    match family {
        Family::Registry => "entity",
        Family::Record | Family::Office | Family::Edit => "entry",
    }
}

fn create_table(kind: &Kind, table: &Table) -> String {
    let owner = owner(kind.family);
    let mut sql = format!(
        "\nCREATE TABLE {} (\n  -- {}\n",
        table_name(kind.family, table),
        comment_of(kind, table)
    );
    let mut columns = Vec::new();
    match (&table.list, kind.family) {
        (None, Family::Registry) => columns.push(format!(
            "  {owner} INTEGER NOT NULL PRIMARY KEY REFERENCES {owner} (number)"
        )),
        // Entries come by the dozen: what they refer to was just written, and verify looks again.
        (None, _) => columns.push(format!("  {owner} INTEGER NOT NULL PRIMARY KEY")),
        (Some(_), Family::Registry) => columns.push(format!("  {owner} INTEGER NOT NULL REFERENCES {owner} (number)")),
        (Some(_), _) => {
            columns.push(format!("  {owner} INTEGER NOT NULL"));
            columns.push("  -- Position in the list, from 0.\n  list_position INTEGER NOT NULL".to_owned());
        }
    }
    columns.extend(table.columns.iter().map(|column| {
        let not_null = if table.list.is_some() && column.name == MEMBER {
            " NOT NULL"
        } else {
            ""
        };
        format!(
            "  -- {}\n  \"{}\" {}{not_null}",
            one_line(&column.comment),
            column.name,
            sql_type(column)
        )
    }));
    let end = match (&table.list, kind.family) {
        (None, _) => ") STRICT;\n",
        (Some(_), Family::Registry) => {
            columns.push(format!("  PRIMARY KEY ({owner}, {MEMBER})"));
            ") STRICT, WITHOUT ROWID;\n"
        }
        (Some(_), _) => {
            columns.push(format!("  PRIMARY KEY ({owner}, list_position)"));
            ") STRICT, WITHOUT ROWID;\n"
        }
    };
    sql.push_str(&columns.join(",\n"));
    sql.push('\n');
    sql.push_str(end);
    sql
}

const MEMBER: &str = "member";

fn comment_of(kind: &Kind, table: &Table) -> String {
    let labels = table.list.as_ref().map_or(&kind.labels, |list| &list.labels);
    one_line(&format!("{} / {}", labels.zh, labels.en))
}

fn create_view(kind: &Kind, main: &Table) -> String {
    let mut sql = format!(
        "\nCREATE VIEW \"{}\" AS\n-- {}\nSELECT\n",
        main.name,
        comment_of(kind, main)
    );
    let own: Vec<String> = main
        .columns
        .iter()
        .map(|column| {
            let name = format!("t.\"{}\"", column.name);
            let shown = if column.stored == Stored::Id {
                id_text(&name)
            } else {
                name
            };
            format!("  {shown} AS \"{}\"", column.name)
        })
        .collect();
    let own = if own.is_empty() {
        String::new()
    } else {
        format!(",\n{}", own.join(",\n"))
    };
    let grid_name = "(SELECT place.name FROM entity grid JOIN registry_place place ON place.entity = grid.number";
    if kind.family == Family::Registry {
        let _ = write!(
            sql,
            "  {} AS id,\n  {} AS grid,\n  {grid_name} WHERE grid.id = e.grid) AS grid_name{own}\n  FROM {} t JOIN entity e ON e.number = t.entity;\n",
            id_text("e.id"),
            id_text("e.grid"),
            table_name(kind.family, main),
        );
        return sql;
    }
    let address = kind.subject().map_or_else(
        || "NULL".to_owned(),
        |column| format!("(SELECT address FROM entity_address a WHERE a.id = t.\"{column}\")"),
    );
    let _ = write!(
        sql,
        "  {entry} AS entry_id,
  l.lsn,
  -- Which part it is of: grid and class.
  p.name AS part,
  {grid_name} WHERE grid.id = unhex(replace(substr(p.name, 1, 36), '-', ''))) AS grid_name,
  {worker} AS worker_id,
  w.name AS worker_name,
  {address} AS address,
  -- The device's clock.
  {made_at} AS made_at,
  -- Made-time: the clock corrected by the home (docs/protocol.md section 6).
  {made} AS made_time,
  m.made_ms,
  {received} AS received_at,
  l.received_ms,
  l.offset_ms,
  -- 1: a later record corrects or withdraws it.
  EXISTS (SELECT 1 FROM merged_entry x WHERE x.supersedes = e.id) AS superseded,
  EXISTS (SELECT 1 FROM merged_entry x WHERE x.retracts = e.id) AS retracted{own}
  FROM {table} t
  JOIN merged_entry m ON m.entry = t.entry
  JOIN entry e ON e.number = t.entry
  JOIN log_line l ON l.lsn = m.lsn
  JOIN part p ON p.number = l.part
  JOIN worker w ON w.number = m.worker;
",
        entry = id_text("e.id"),
        worker = id_text("w.id"),
        made_at = instant_text("m.made_at_ms", "m.made_at_offset_minutes"),
        made = instant_text("m.made_ms", "m.made_at_offset_minutes"),
        received = instant_text("l.received_ms", "m.made_at_offset_minutes"),
        table = table_name(kind.family, main),
    );
    sql
}

fn sql_type(column: &Column) -> &'static str {
    if column.stored == Stored::Id {
        "BLOB"
    } else {
        column.stored.sql_type().as_str()
    }
}

/// A UUID of 16 bytes as text.
fn id_text(expression: &str) -> String {
    let cut = |from: u8, length: u8| format!("substr(hex({expression}), {from}, {length})");
    format!(
        "iif({expression} IS NULL, NULL, lower({} || '-' || {} || '-' || {} || '-' || {} || '-' || {}))",
        cut(1, 8),
        cut(9, 4),
        cut(13, 4),
        cut(17, 4),
        cut(21, 12)
    )
}

/// Milliseconds as an instant with the offset of its writer.
fn instant_text(ms: &str, offset_minutes: &str) -> String {
    format!(
        "strftime('%Y-%m-%dT%H:%M:%f', ({ms} + {offset_minutes} * 60000) / 1000.0, 'unixepoch') || \
         printf('%s%02d:%02d', iif({offset_minutes} < 0, '-', '+'), abs({offset_minutes}) / 60, abs({offset_minutes}) % 60)"
    )
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
