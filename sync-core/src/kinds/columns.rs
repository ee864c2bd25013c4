//! Which tables and columns a kind becomes, and what of a body goes into them.
//! The main table has one row per entry or entity, a child table one per row of a list or
//! member of a set. Objects flatten (`health_mood`); instants become milliseconds and say
//! so (`visited_at_ms`). The caller adds its own columns: ids, times, who.

use serde_json::{Map, Value};

use super::check::values_of;
use super::field::{Choice, Field, Members, Shape};
use super::kind::{Class, Family, Kind};
use super::name::Labels;
use super::rule::Rule;
use super::text;

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// `<kind>`, or `<kind>_<field>` for a list or set.
    pub name: String,
    /// The list or set whose rows these are; `None` for the main table.
    pub list: Option<Field>,
    /// Its columns, in the order of the form.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Keys from the body (in a child table: from the row) to the value; empty where the
    /// row is the value.
    pub path: Vec<String>,
    /// What is stored.
    pub stored: Stored,
    /// Sensitivity of the field; `None` in the body of an edit.
    pub class: Option<Class>,
    /// What the screens call it.
    pub labels: Labels,
    /// One line for a comment: labels, unit, choices, code table.
    pub comment: String,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stored {
    /// Text as it is; a choice's value.
    Text,
    /// An id as text, 36 characters.
    Id,
    /// A calendar day, `2026-11-24`.
    Date,
    /// A whole number.
    Integer,
    /// 0 or 1.
    Bool,
    /// Milliseconds since 1970, UTC.
    InstantMs,
}

/// The type in `CREATE TABLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// TEXT
    Text,
    /// INTEGER
    Integer,
}

/// What goes into one column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// NULL
    Null,
    /// An INTEGER.
    Integer(i64),
    /// A TEXT.
    Text(String),
}

impl Stored {
    /// The type in `CREATE TABLE`.
    #[must_use]
    pub fn sql_type(self) -> SqlType {
        match self {
            Stored::Text | Stored::Id | Stored::Date => SqlType::Text,
            Stored::Integer | Stored::Bool | Stored::InstantMs => SqlType::Integer,
        }
    }

    /// The cell for a value; what does not fit is NULL, for the log still has it.
    #[must_use]
    pub fn cell(self, value: &Value) -> Cell {
        match (self, value) {
            (Stored::Text | Stored::Id | Stored::Date, Value::String(text)) => Cell::Text(text.clone()),
            (Stored::Integer, Value::Number(number)) => number.as_i64().map_or(Cell::Null, Cell::Integer),
            (Stored::Bool, Value::Bool(value)) => Cell::Integer(i64::from(*value)),
            (Stored::InstantMs, Value::String(text)) => text::read_instant(text).map_or(Cell::Null, Cell::Integer),
            _ => Cell::Null,
        }
    }
}

impl SqlType {
    /// As SQL writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SqlType::Text => "TEXT",
            SqlType::Integer => "INTEGER",
        }
    }
}

/// The tables of a kind, the main one first.
#[must_use]
pub fn tables(kind: &Kind) -> Vec<Table> {
    let mut main = Vec::new();
    let mut children = Vec::new();
    for field in &kind.fields {
        match &field.shape {
            Shape::List { fields, .. } => {
                let columns = fields.iter().flat_map(|inner| column(inner, &[])).collect();
                children.push(child(kind, field, columns));
            }
            Shape::Set(members) => {
                let stored = match members {
                    Members::Choices(_) => Stored::Text,
                    Members::Refs { .. } => Stored::Id,
                };
                let member = Column {
                    name: "member".into(),
                    path: Vec::new(),
                    ..as_column(field, "", &[], stored)
                };
                children.push(child(kind, field, vec![member]));
            }
            Shape::Object { fields } => {
                main.extend(fields.iter().flat_map(|inner| column(inner, &[field])));
            }
            _ => main.extend(column(field, &[])),
        }
    }
    let main = Table {
        name: kind.name.to_string(),
        list: None,
        columns: main,
    };
    std::iter::once(main).chain(children).collect()
}

impl Table {
    /// The rows that a body (for a registry type: an entity's fields) puts into the table,
    /// each with one cell per column.
    #[must_use]
    pub fn rows(&self, family: Family, body: &Map<String, Value>) -> Vec<Vec<Cell>> {
        let Some(list) = &self.list else {
            return vec![
                self.columns
                    .iter()
                    .map(|column| cell_of(column, |key| body.get(key)))
                    .collect(),
            ];
        };
        if family == Family::Registry {
            let set = values_of(list, body).filter(|(_, value)| **value == Value::Bool(true));
            return set
                .map(|(key, _)| vec![Cell::Text(member_of(key).to_owned())])
                .collect();
        }
        let rows = body
            .get(list.name.as_str())
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        rows.iter()
            .map(|row| self.columns.iter().map(|column| list_cell(column, row)).collect())
            .collect()
    }
}

fn list_cell(column: &Column, row: &Value) -> Cell {
    if column.path.is_empty() {
        column.stored.cell(row)
    } else {
        cell_of(column, |key| row.get(key))
    }
}

fn cell_of<'a>(column: &Column, first: impl Fn(&str) -> Option<&'a Value>) -> Cell {
    let mut keys = column.path.iter();
    let start = keys.next().and_then(|key| first(key));
    let value = keys.fold(start, |value, key| value.and_then(|value| value.get(key)));
    value.map_or(Cell::Null, |value| column.stored.cell(value))
}

fn member_of(key: &str) -> &str {
    key.split_once(':').map_or(key, |(_, member)| member)
}

fn child(kind: &Kind, field: &Field, columns: Vec<Column>) -> Table {
    Table {
        name: format!("{}_{}", kind.name, field.name),
        list: Some(field.clone()),
        columns,
    }
}

/// `around`: the object the field is in.
fn column(field: &Field, around: &[&Field]) -> Option<Column> {
    let (stored, suffix) = match &field.shape {
        // Whoever reads a file of rows has no use for it.
        Shape::Text {
            rule: Some(Rule::Sealed),
            ..
        } => return None,
        Shape::Text { .. } | Shape::Choice { .. } => (Stored::Text, ""),
        Shape::Ref { .. } => (Stored::Id, ""),
        Shape::Date { .. } => (Stored::Date, ""),
        Shape::Integer { .. } => (Stored::Integer, ""),
        Shape::Bool => (Stored::Bool, ""),
        Shape::Instant => (Stored::InstantMs, "_ms"),
        // Lists, sets and objects do not nest.
        Shape::Set(_) | Shape::List { .. } | Shape::Object { .. } => return None,
    };
    Some(as_column(field, suffix, around, stored))
}

fn as_column(field: &Field, suffix: &str, around: &[&Field], stored: Stored) -> Column {
    let path: Vec<String> = around
        .iter()
        .chain([&field])
        .map(|field| field.name.to_string())
        .collect();
    let join = |language: fn(&Labels) -> &str, with: &str| {
        around
            .iter()
            .chain([&field])
            .map(|field| language(&field.labels))
            .collect::<Vec<_>>()
            .join(with)
    };
    let labels = Labels {
        zh: join(|labels| &labels.zh, "·"),
        en: join(|labels| &labels.en, ": "),
    };
    Column {
        name: format!("{}{suffix}", path.join("_")),
        comment: comment(field, &labels),
        path,
        stored,
        class: field.class,
        labels,
    }
}

/// More choices than this are left to the code table.
const MOST_LISTED_CHOICES: usize = 20;

fn comment(field: &Field, labels: &Labels) -> String {
    let mut comment = format!("{} / {}", labels.zh, labels.en);
    if let Some(unit) = &field.unit {
        comment += &format!(" ({} / {})", unit.zh, unit.en);
    }
    if let Some(table) = &field.code_table {
        comment += &format!("; {table}");
    }
    if let Shape::Choice { choices, .. } | Shape::Set(Members::Choices(choices)) = &field.shape
        && choices.len() <= MOST_LISTED_CHOICES
    {
        let one = |choice: &Choice| format!("{} {}", choice.value, choice.labels.zh);
        comment += &format!(": {}", choices.iter().map(one).collect::<Vec<_>>().join(", "));
    }
    comment
}
