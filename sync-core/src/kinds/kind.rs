//! What a kind file says, as types. A `Kind` that exists has passed every rule in
//! `parse.rs`: names are unique, attributes fit their type, conditions and effects name
//! fields that exist, and the fields of one record share one sensitivity class.

use super::effects::Effects;
use super::field::{Choice, Field, Members, Shape};
use super::name::{Labels, Name};
use crate::json::{json_object, json_words};

/// Sensitivity of a field: who may download it at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Every worker of the grid.
    Open,
    /// Only roles entrusted with care: health, disability, hardship.
    Care,
    /// No device that carries it can read it: it is sealed to the home, and only records are.
    Sealed,
}

json_words! { Class { Open = "open", Care = "care", Sealed = "sealed" } }

/// What becomes of the entries of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// A statement; collected, never merged.
    Record,
    /// A type of the registry; its fields are set by edits, one by one.
    Registry,
    /// A statement by the office about workers and devices.
    Office,
    /// The body of an edit; its class is that of the fields the edit sets.
    Edit,
}

json_words! { Family { Record = "record", Registry = "registry", Office = "office", Edit = "edit" } }

/// Whether the secretary is asked to look at each entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Review {
    /// Merged is the last rung.
    None,
    /// Reviewed is a rung after merged.
    Required,
}

json_words! { Review { None = "none", Required = "required" } }

/// How long the bodies of a kind are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after made-time.
    pub days: u32,
}

json_object! { Retention { days } }

/// A page of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What fields name in `step`.
    pub name: Name,
    /// What the screen says.
    pub labels: Labels,
}

json_object! { Step { name, labels } }

/// One record kind, registry type, office kind, or the body of edits.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// The kind's name; also its file name and its table.
    pub name: Name,
    /// What becomes of its entries.
    pub family: Family,
    /// Version of the file; grows when fields change.
    pub schema: u32,
    /// What the screen calls it.
    pub labels: Labels,
    /// How the work is done, shown above the form.
    pub guide: Option<Labels>,
    /// The form's pages; empty for a form of one page.
    pub steps: Vec<Step>,
    /// The fields in the order of the form.
    pub fields: Vec<Field>,
    /// What a merged entry does beyond being kept.
    pub effects: Effects,
    /// Roles that may write it. For a registry type: that may set its fields.
    pub writers: Vec<Name>,
    /// Whether it asks for review.
    pub review: Review,
    /// How long bodies are kept; `None` is until the office erases them.
    pub retention: Option<Retention>,
}

impl Kind {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == *name)
    }

    /// The field that says where or about whom a record is.
    #[must_use]
    pub fn subject(&self) -> Option<&Name> {
        let effects = &self.effects;
        (effects.closes.as_ref().map(|closes| &closes.subject))
            .or_else(|| effects.resets.as_ref().map(|resets| &resets.subject))
            .or_else(|| effects.opens.as_ref().map(|opens| &opens.subject))
    }

    /// Whether its records carry numbers of entities of that type.
    #[must_use]
    pub fn seals_numbers_of(&self, registry_type: &str) -> bool {
        let seals = self.effects.seals.as_ref();
        let subject = seals.and_then(|seals| self.field(seals.subject.as_str()));
        matches!(subject.map(|field| &field.shape), Some(Shape::Ref { to }) if to.names().iter().any(|name| *name == *registry_type))
    }

    /// One of the answers of a choice or set.
    #[must_use]
    pub fn choice(&self, field: &str, value: &str) -> Option<&Choice> {
        match &self.field(field)?.shape {
            Shape::Choice { choices, .. } | Shape::Set(Members::Choices(choices)) => {
                choices.iter().find(|choice| choice.value == value)
            }
            _ => None,
        }
    }

    /// The one class of a record's fields; `None` for registry types, whose fields have
    /// their own, and for edits, which take the class of what they set.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match self.family {
            Family::Record | Family::Office => self.fields.first().and_then(|field| field.class),
            Family::Registry | Family::Edit => None,
        }
    }

    /// Whether a worker in that role may write it.
    #[must_use]
    pub fn may_write(&self, role: &str) -> bool {
        self.writers.iter().any(|writer| *writer == *role)
    }
}
