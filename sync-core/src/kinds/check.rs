//! Checks bodies of entries and values of the registry against their kind.
//! Unknown kinds and newer versions are outcomes of their own: such entries are held
//! until the kind is known, not refused. A hidden field with a value is `not_visible`:
//! dropping it silently would change what the worker's phone had shown.

use serde_json::{Map, Value};

use super::catalogue::Kinds;
use super::field::{Field, Members, Shape};
use super::kind::{Class, Family, Kind};
use super::problem::{Code, Problem};
use super::value::{check_member, check_scalar, check_shape};

/// Why a body cannot be merged now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// There is no such kind, here and now.
    #[error("unknown kind")]
    UnknownKind,
    /// The kind is known up to an older version.
    #[error("schema is newer than {newest}")]
    NewerSchema {
        /// The newest version known here.
        newest: u32,
    },
    /// The body breaks rules of its kind; at least one.
    #[error("{}", list(.0))]
    Problems(Vec<Problem>),
}

/// Why a registry field cannot be set so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// There is no such registry type, here and now.
    #[error("unknown registry type")]
    UnknownType,
    /// The type has no such field or member, here and now.
    #[error("unknown field")]
    UnknownField,
    /// The value breaks a rule of its field.
    #[error("{0}")]
    Problem(Problem),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Kinds {
    /// Checks the body of an entry made with version `schema` of its kind.
    pub fn check_body(&self, kind: &str, schema: u32, body: &Map<String, Value>) -> Result<(), BodyError> {
        let kind = self.known(kind, schema)?;
        let mut problems = Vec::new();
        check_siblings(&kind.fields, schema, body, "", &mut problems);
        if problems.is_empty() {
            Ok(())
        } else {
            Err(BodyError::Problems(problems))
        }
    }

    /// Checks an entry that withdraws a record and says nothing itself: its kind is known,
    /// its empty body lacks nothing.
    ///
    /// # Errors
    /// [`BodyError`], never [`BodyError::Problems`].
    pub fn check_withdrawal(&self, kind: &str, schema: u32) -> Result<(), BodyError> {
        self.known(kind, schema).map(drop)
    }

    /// The kind an entry is of. Registry types are set by edits; an entry cannot be "of" one.
    fn known(&self, kind: &str, schema: u32) -> Result<&Kind, BodyError> {
        let kind = self
            .get(kind)
            .filter(|kind| kind.family != Family::Registry)
            .ok_or(BodyError::UnknownKind)?;
        if schema > kind.schema {
            return Err(BodyError::NewerSchema { newest: kind.schema });
        }
        Ok(kind)
    }

    /// Checks one item of an edit and says the field's class. `field` is `field` or
    /// `field:member`; null clears, which a field that is always required refuses.
    /// `visible_if` is the form's business: fields of an entity merge one by one.
    pub fn check_value(&self, registry_type: &str, field: &str, value: &Value) -> Result<Class, ValueError> {
        let kind = self.registry_type(registry_type).ok_or(ValueError::UnknownType)?;
        let (found, member) = find(kind, field).ok_or(ValueError::UnknownField)?;
        let class = found.class.ok_or(ValueError::UnknownField)?;
        let problem = |problem: Problem| {
            ValueError::Problem(Problem {
                path: format!("/{field}"),
                ..problem
            })
        };
        match (member, value) {
            (Some(_), Value::Bool(_) | Value::Null) => {}
            (Some(_), _) => return Err(problem(Problem::at("", Code::WrongType))),
            (None, Value::Null) if found.required && found.visible_if.is_none() => {
                return Err(problem(Problem::at("", Code::Missing)));
            }
            (None, Value::Null) => {}
            (None, value) => check_scalar(&found.shape, value).map_err(problem)?,
        }
        Ok(class)
    }

    /// Checks all fields of an entity together, as a form or an importer is about to make
    /// it: keys are fields (`set:member` for sets), null is no value.
    pub fn check_entity(&self, registry_type: &str, entity: &Map<String, Value>) -> Result<(), BodyError> {
        let kind = self.registry_type(registry_type).ok_or(BodyError::UnknownKind)?;
        let mut problems = Vec::new();
        for key in entity.keys().filter(|key| find(kind, key).is_none()) {
            problems.push(Problem::at(pointer("", key), Code::UnknownField));
        }
        for field in kind.fields.iter().filter(|field| field.is_in(kind.schema)) {
            check_entity_field(field, entity, &mut problems);
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(BodyError::Problems(problems))
        }
    }
}

/// Checks fields that stand beside each other in `answers`.
pub(super) fn check_siblings(
    fields: &[Field],
    schema: u32,
    answers: &Map<String, Value>,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    let known = |key: &str| fields.iter().any(|field| field.name == *key && field.is_in(schema));
    for key in answers.keys().filter(|key| !known(key)) {
        problems.push(Problem::at(pointer(path, key), Code::UnknownField));
    }
    for field in fields.iter().filter(|field| field.is_in(schema)) {
        let at = || pointer(path, field.name.as_str());
        match (answers.get(field.name.as_str()), is_visible(field, answers)) {
            (None, visible) if visible && field.required => {
                problems.push(Problem::at(at(), Code::Missing));
            }
            (None, _) => {}
            (Some(_), false) => problems.push(Problem::at(at(), Code::NotVisible)),
            (Some(value), true) => match &field.shape {
                Shape::Set(_) | Shape::List { .. } | Shape::Object { .. } => {
                    check_shape(&field.shape, schema, value, &at(), problems);
                }
                // Where it is, is put into words only if something is wrong with it.
                shape => problems.extend(
                    check_scalar(shape, value)
                        .err()
                        .map(|problem| Problem { path: at(), ..problem }),
                ),
            },
        }
    }
}

fn check_entity_field(field: &Field, entity: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let visible = is_visible(field, entity);
    let mut given = false;
    for (key, value) in values_of(field, entity) {
        let is_member = matches!(field.shape, Shape::Set(_));
        let counts = if is_member { *value != Value::Bool(false) } else { true };
        if value.is_null() {
            continue;
        }
        given |= counts;
        let fault = match value {
            _ if counts && !visible => Err(Problem::at("", Code::NotVisible)),
            Value::Bool(_) if is_member => Ok(()),
            _ if is_member => Err(Problem::at("", Code::WrongType)),
            value => check_scalar(&field.shape, value),
        };
        problems.extend(fault.err().map(|problem| Problem {
            path: pointer("", key),
            ..problem
        }));
    }
    if !given && visible && field.required {
        problems.push(Problem::at(pointer("", field.name.as_str()), Code::Missing));
    }
}

/// The keys of an entity that belong to a field, with their values.
pub(super) fn values_of<'a>(
    field: &'a Field,
    entity: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let is_set = matches!(field.shape, Shape::Set(_));
    entity.iter().filter_map(move |(key, value)| {
        let ours = match key.split_once(':') {
            Some((name, _)) => is_set && field.name == *name,
            None => !is_set && field.name == **key,
        };
        ours.then_some((key.as_str(), value))
    })
}

/// Whether the answers leave the field to be asked.
pub(super) fn is_visible(field: &Field, answers: &Map<String, Value>) -> bool {
    field
        .visible_if
        .as_ref()
        .is_none_or(|condition| condition.holds(answers))
}

/// The place of `key` inside `path`, as a JSON Pointer.
pub(super) fn pointer(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The field and member that a key of an entity names.
fn find<'a>(kind: &'a Kind, key: &'a str) -> Option<(&'a Field, Option<&'a str>)> {
    let (name, member) = match key.split_once(':') {
        Some((name, member)) => (name, Some(member)),
        None => (key, None),
    };
    let field = kind.field(name).filter(|field| field.is_in(kind.schema))?;
    match (&field.shape, member) {
        (Shape::Set(members), Some(member)) => is_member(members, member).then_some((field, Some(member))),
        (Shape::Set(_), None) | (_, Some(_)) => None,
        (_, None) => Some((field, None)),
    }
}

fn is_member(members: &Members, member: &str) -> bool {
    check_member(members, member).is_ok()
}
