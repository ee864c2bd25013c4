//! A field and the closed set of shapes its value may have.
//! No floats, no free-form JSON, nesting one level deep: whatever is added here must be
//! drawn by the form, checked, projected into SQL and written as JSON Schema.

use serde_json::Value;

use super::kind::Class;
use super::name::{Labels, Name};
use super::rule::Rule;
use super::visible::Condition;
use crate::json::{FromJson, JsonError, json_object, json_words};

/// One field of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its key in the body, its column in SQL.
    pub name: Name,
    /// What the screen calls it.
    pub labels: Labels,
    /// One sentence under the question.
    pub hint: Option<Labels>,
    /// The unit shown beside a number.
    pub unit: Option<Labels>,
    /// Whether it must be there while it is visible.
    pub required: bool,
    /// Sensitivity; `None` only in the body of an edit.
    pub class: Option<Class>,
    /// The form's page it stands on.
    pub step: Option<Name>,
    /// First schema version that has it.
    pub since: u32,
    /// Last schema version that has it, where it was given up.
    pub until: Option<u32>,
    /// Once yes for a subject, it is not asked again about that subject.
    pub once: bool,
    /// When it is asked at all; a hidden field has no value.
    pub visible_if: Option<Condition>,
    /// The standard that rules its values.
    pub code_table: Option<String>,
    /// What its value looks like.
    pub shape: Shape,
}

impl Field {
    /// Whether bodies of that schema version have the field.
    #[must_use]
    pub fn is_in(&self, schema: u32) -> bool {
        self.since <= schema && self.until.is_none_or(|last| schema <= last)
    }
}

/// What a field's value looks like.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// `text`: one line. `text_long`: may have line breaks.
    Text {
        /// In characters (Unicode scalar values).
        max_length: u32,
        /// A named rule, for one line only.
        rule: Option<Rule>,
        /// Whether `\n` is allowed.
        lines: bool,
    },
    /// `integer`: a whole number; its unit is in the field's name.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// `bool`
    Bool,
    /// `choice`: one of a list.
    Choice {
        /// What there is to choose from.
        choices: Vec<Choice>,
        /// What the form starts with.
        default: Option<String>,
    },
    /// `date`: a calendar day, `2026-11-24`, of the years 1900 to 2199.
    Date {
        /// `birth_date`, or nothing.
        rule: Option<Rule>,
    },
    /// `instant`: `2026-11-24T09:12:40.123+08:00`, of the years 2000 to 2199.
    Instant,
    /// `ref`: the id of something.
    Ref {
        /// What it may be the id of.
        to: Targets,
    },
    /// `set`: an array of distinct members in a record, one key per member
    /// (`field:member`) in the registry.
    Set(Members),
    /// `list`: an array of flat objects.
    List {
        /// Most rows.
        max_items: u32,
        /// The fields of a row.
        fields: Vec<Field>,
    },
    /// `object`: one flat object.
    Object {
        /// Its fields.
        fields: Vec<Field>,
    },
}

/// One value of a choice or a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the entry holds.
    pub value: String,
    /// What the screen says.
    pub labels: Labels,
    /// Its mark on the door matrix, in the field that `closes` goes by.
    pub mark: Option<Mark>,
    /// Whether it closes the door, in the field that `closes` goes by.
    pub closes: Option<bool>,
    /// Whether it ends the matter, in the field that `moves` goes by.
    pub ends: Option<bool>,
    /// What whoever goes there is told, where somebody has this value (听力弱：电话可能听不清).
    pub warns: Option<Labels>,
    /// Chosen at the desk only: forms on a phone do not offer it.
    pub desk_only: bool,
}

json_object! { Choice { value, labels, mark, closes, ends, warns; desk_only } }

/// The mark of an outcome on the door matrix. Whether the door is closed is a separate
/// question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// 已查
    Checked,
    /// 无人
    Absent,
    /// 拒访
    Refused,
    /// 空户
    Empty,
}

json_words! { Mark { Checked = "checked", Absent = "absent", Refused = "refused", Empty = "empty" } }

/// What a set has as members.
#[derive(Debug, Clone, PartialEq)]
pub enum Members {
    /// Some of a list.
    Choices(Vec<Choice>),
    /// Ids.
    Refs {
        /// What they may be ids of.
        to: Targets,
        /// Most members, in a record.
        max_items: Option<u32>,
    },
}

/// What a reference may point to: names of registry types, or `entry`, `worker`, `grid`,
/// `device`. In a file one name, or an array of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets(Vec<Name>);

impl FromJson for Targets {
    fn from_json(value: Value) -> Result<Targets, JsonError> {
        let names = match value {
            Value::Array(_) => Vec::from_json(value)?,
            name => vec![Name::from_json(name)?],
        };
        Ok(Targets(names))
    }
}

impl Targets {
    /// What is not a registry type but has an id all the same.
    pub const BUILTIN: [&'static str; 4] = ["entry", "worker", "grid", "device"];

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.0
    }
}
