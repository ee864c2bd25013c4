//! What may be wrong with a kind file. Only authors of kind files see these.

use super::super::name::Name;
use crate::json::JsonError;

/// Why a kind file was refused.
#[derive(Debug, thiserror::Error)]
pub enum KindFileError {
    /// Not JSON, or not the members a kind file has.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Kind names have letters and `_` only.
    #[error("not a name for a kind: {0}")]
    KindName(Name),
    /// Versions start at 1.
    #[error("schema starts at 1")]
    Schema,
    /// A kind has at least one field.
    #[error("a kind has fields")]
    NoFields,
    /// Somebody must be able to write it.
    #[error("a kind has writers")]
    NoWriters,
    /// Nothing may be erased on the day it is made.
    #[error("retention is at least one day")]
    Retention,
    /// Edits take the class of what they set.
    #[error("an edit's body has no class of its own")]
    ClassOfEdit,
    /// Two steps of one name.
    #[error("two steps are named {0}")]
    DuplicateStep(Name),
    /// Two fields of one name beside each other.
    #[error("two fields are named {0}")]
    DuplicateField(String),
    /// Fields of one record must never be downloadable apart.
    #[error("the fields of one record have one class")]
    MixedClasses,
    /// Neither the field nor the kind says how sensitive it is.
    #[error("{0} has no class")]
    NoClass(String),
    /// An attribute that does not fit the field.
    #[error("{field}: {attribute} {fault}")]
    Attribute {
        /// The field, with the field around it.
        field: String,
        /// The attribute.
        attribute: &'static str,
        /// What is wrong with it.
        fault: AttributeFault,
    },
    /// A condition that can never mean anything.
    #[error("{field}: visible_if {fault}")]
    Condition {
        /// The field with the condition.
        field: String,
        /// What is wrong with it.
        fault: ConditionFault,
    },
    /// An effect that cannot be.
    #[error("effects: {0}")]
    Effects(String),
}

/// What is wrong with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttributeFault {
    /// This type of field needs it.
    #[error("is missing")]
    Missing,
    /// This type of field, in this place, cannot have it.
    #[error("does not belong here")]
    Unexpected,
    /// Its value makes no sense.
    #[error("makes no sense")]
    Invalid,
}

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionFault {
    /// No sibling before it has that name: answers go from top to bottom.
    #[error("names {0}, which is not a field before it")]
    Dangling(String),
    /// The field never has that value, or cannot be compared.
    #[error("compares {0} with what it can never be")]
    Value(String),
    /// Whether a field is there would tell a value of another class.
    #[error("names {0}, which is of another class")]
    Class(String),
}
