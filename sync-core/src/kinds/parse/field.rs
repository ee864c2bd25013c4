//! Reads one field: its type decides which attributes it must and may have.
//! What a type does not take is refused, so that no attribute is ever silently ignored.

use super::super::field::{Choice, Field, Members, Shape, Targets};
use super::super::kind::{Class, Family, Step};
use super::super::name::{Labels, Name};
use super::super::rule::Rule;
use super::super::visible::Condition;
use super::error::{AttributeFault, KindFileError};
use crate::json::{json_object, json_words};

/// Integers beyond this are not the same number in every reader.
const MAX_INTEGER: i64 = (1 << 53) - 1;
/// A longer text could fill an entry alone.
const MAX_TEXT: u32 = 4000;
/// More rows belong in records of their own.
const MAX_ITEMS: u32 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    TextLong,
    Integer,
    Bool,
    Choice,
    Date,
    Instant,
    Ref,
    Set,
    List,
    Object,
}

json_words! {
    Type {
        Text = "text",
        TextLong = "text_long",
        Integer = "integer",
        Bool = "bool",
        Choice = "choice",
        Date = "date",
        Instant = "instant",
        Ref = "ref",
        Set = "set",
        List = "list",
        Object = "object",
    }
}

pub(super) struct FieldFile {
    name: Name,
    type_: Type,
    labels: Labels,
    hint: Option<Labels>,
    unit: Option<Labels>,
    required: bool,
    once: bool,
    class: Option<Class>,
    step: Option<Name>,
    since: Option<u32>,
    until: Option<u32>,
    max_length: Option<u32>,
    min: Option<i64>,
    max: Option<i64>,
    max_items: Option<u32>,
    validate: Option<Rule>,
    code_table: Option<String>,
    to: Option<Targets>,
    visible_if: Option<Condition>,
    default: Option<String>,
    choices: Option<Vec<Choice>>,
    fields: Option<Vec<FieldFile>>,
}

json_object! {
    FieldFile {
        name, type_, labels, hint, unit, class, step, since, until, max_length, min, max, max_items, validate,
        code_table, to, visible_if, default, choices, fields; required, once
    }
}

/// Where fields stand.
pub(super) struct Place<'a> {
    pub(super) family: Family,
    pub(super) schema: u32,
    pub(super) class: Option<Class>,
    pub(super) steps: &'a [Step],
}

/// Reads fields that stand beside each other in the body.
pub(super) fn read_fields(files: Vec<FieldFile>, place: &Place<'_>) -> Result<Vec<Field>, KindFileError> {
    read_siblings(files, place, None)
}

/// `around`: the object or list they are in.
fn read_siblings(
    files: Vec<FieldFile>,
    place: &Place<'_>,
    around: Option<(&Name, Option<Class>)>,
) -> Result<Vec<Field>, KindFileError> {
    let mut fields: Vec<Field> = Vec::with_capacity(files.len());
    for file in files {
        let path = around.map_or_else(|| file.name.to_string(), |(outer, _)| format!("{outer}.{}", file.name));
        if fields.iter().any(|field| field.name == file.name) {
            return Err(KindFileError::DuplicateField(path));
        }
        fields.push(
            Reader {
                path,
                place,
                around: around.map(|(_, class)| class),
                file,
            }
            .read()?,
        );
    }
    Ok(fields)
}

struct Reader<'a> {
    path: String,
    place: &'a Place<'a>,
    /// Inside an object or list: its class.
    around: Option<Option<Class>>,
    file: FieldFile,
}

impl Reader<'_> {
    fn read(mut self) -> Result<Field, KindFileError> {
        let class = self.class()?;
        self.check_versions()?;
        if let Some(step) = &self.file.step {
            self.expect(
                "step",
                self.around.is_none() && self.place.steps.iter().any(|known| known.name == *step),
            )?;
        }
        if self.file.type_ != Type::Integer && self.file.unit.is_some() {
            return Err(self.refuse("unit", AttributeFault::Unexpected));
        }
        let asked_by_itself = self.file.type_ == Type::Bool && !self.file.required && self.around.is_none();
        self.expect("once", !self.file.once || asked_by_itself)?;
        let shape = self.shape(class)?;
        self.nothing_left()?;
        let file = self.file;
        Ok(Field {
            name: file.name,
            labels: file.labels,
            hint: file.hint,
            unit: file.unit,
            required: file.required,
            class,
            step: file.step,
            since: file.since.unwrap_or(1),
            until: file.until,
            once: file.once,
            visible_if: file.visible_if,
            code_table: file.code_table,
            shape,
        })
    }

    fn class(&self) -> Result<Option<Class>, KindFileError> {
        match (self.around, self.place.family, self.file.class) {
            (Some(_), _, Some(_)) | (None, Family::Edit, Some(_)) => {
                Err(self.refuse("class", AttributeFault::Unexpected))
            }
            (Some(outer), ..) => Ok(outer),
            (None, Family::Edit, None) => Ok(None),
            (None, _, own) => match own.or(self.place.class) {
                None => Err(KindFileError::NoClass(self.path.clone())),
                class => Ok(class),
            },
        }
    }

    fn check_versions(&self) -> Result<(), KindFileError> {
        let since = self.file.since.unwrap_or(1);
        self.expect("since", (1..=self.place.schema).contains(&since))?;
        let until = self.file.until;
        self.expect(
            "until",
            until.is_none_or(|until| since <= until && until < self.place.schema),
        )
    }

    fn shape(&mut self, class: Option<Class>) -> Result<Shape, KindFileError> {
        Ok(match self.file.type_ {
            Type::Text | Type::TextLong => {
                let lines = self.file.type_ == Type::TextLong;
                let rule = self.file.validate.take();
                self.expect("validate", rule.is_none_or(|rule| !lines && !rule.is_for_dates()))?;
                let max_length = self.file.max_length.take();
                Shape::Text {
                    max_length: self.limit("max_length", max_length, MAX_TEXT)?,
                    rule,
                    lines,
                }
            }
            Type::Integer => {
                let (min, max) = (self.file.min.take(), self.file.max.take());
                let (min, max) = (self.given("min", min)?, self.given("max", max)?);
                self.expect("min", -MAX_INTEGER <= min && min <= max)?;
                self.expect("max", max <= MAX_INTEGER)?;
                Shape::Integer { min, max }
            }
            Type::Bool => Shape::Bool,
            Type::Choice => {
                let (choices, default) = (self.choices()?, self.file.default.take());
                let known = |value: &String| choices.iter().any(|choice| choice.value == *value);
                self.expect("default", default.as_ref().is_none_or(known))?;
                Shape::Choice { choices, default }
            }
            Type::Date => {
                let rule = self.file.validate.take();
                self.expect("validate", rule.is_none_or(Rule::is_for_dates))?;
                Shape::Date { rule }
            }
            Type::Instant => Shape::Instant,
            Type::Ref => Shape::Ref { to: self.targets()? },
            Type::Set => self.not_nested(Reader::set)?,
            Type::List => self.not_nested(|reader| {
                let max_items = reader.file.max_items.take();
                let max_items = reader.limit("max_items", max_items, MAX_ITEMS)?;
                Ok(Shape::List {
                    max_items,
                    fields: reader.fields(class)?,
                })
            })?,
            Type::Object => self.not_nested(|reader| {
                Ok(Shape::Object {
                    fields: reader.fields(class)?,
                })
            })?,
        })
    }

    /// Nesting ends after one level; the registry has none.
    fn not_nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Shape, KindFileError>,
    ) -> Result<Shape, KindFileError> {
        let flat = self.place.family == Family::Registry && self.file.type_ != Type::Set;
        self.expect("type", self.around.is_none() && !flat)?;
        read(self)
    }

    fn set(&mut self) -> Result<Shape, KindFileError> {
        if self.file.choices.is_some() {
            return Ok(Shape::Set(Members::Choices(self.choices()?)));
        }
        let to = self.targets()?;
        // A registry set grows one member at a time: nobody could be told that it is full.
        let max_items = match (self.place.family, self.file.max_items.take()) {
            (Family::Registry, None) => None,
            (Family::Registry, Some(_)) => {
                return Err(self.refuse("max_items", AttributeFault::Unexpected));
            }
            (_, given) => Some(self.limit("max_items", given, MAX_ITEMS)?),
        };
        Ok(Shape::Set(Members::Refs { to, max_items }))
    }

    fn fields(&mut self, class: Option<Class>) -> Result<Vec<Field>, KindFileError> {
        let files = self.file.fields.take();
        let files = self.given("fields", files)?;
        self.expect("fields", !files.is_empty())?;
        read_siblings(files, self.place, Some((&self.file.name, class)))
    }

    fn choices(&mut self) -> Result<Vec<Choice>, KindFileError> {
        let choices = self.file.choices.take();
        let choices = self.given("choices", choices)?;
        let plain = |value: &str| {
            (1..=40).contains(&value.len())
                && value
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let distinct = |(index, choice): (usize, &Choice)| {
            plain(&choice.value) && !choices[..index].iter().any(|earlier| earlier.value == choice.value)
        };
        self.expect(
            "choices",
            !choices.is_empty() && choices.iter().enumerate().all(distinct),
        )?;
        Ok(choices)
    }

    fn targets(&mut self) -> Result<Targets, KindFileError> {
        let to = self.file.to.take();
        let to = self.given("to", to)?;
        self.expect("to", !to.names().is_empty())?;
        Ok(to)
    }

    fn nothing_left(&self) -> Result<(), KindFileError> {
        let file = &self.file;
        let left = [
            ("max_length", file.max_length.is_some()),
            ("min", file.min.is_some()),
            ("max", file.max.is_some()),
            ("max_items", file.max_items.is_some()),
            ("validate", file.validate.is_some()),
            ("to", file.to.is_some()),
            ("default", file.default.is_some()),
            ("choices", file.choices.is_some()),
            ("fields", file.fields.is_some()),
        ];
        match left.iter().find(|(_, there)| *there) {
            Some((attribute, _)) => Err(self.refuse(attribute, AttributeFault::Unexpected)),
            None => Ok(()),
        }
    }

    fn limit(&self, attribute: &'static str, value: Option<u32>, most: u32) -> Result<u32, KindFileError> {
        let value = self.given(attribute, value)?;
        self.expect(attribute, (1..=most).contains(&value))?;
        Ok(value)
    }

    fn given<T>(&self, attribute: &'static str, value: Option<T>) -> Result<T, KindFileError> {
        value.ok_or_else(|| self.refuse(attribute, AttributeFault::Missing))
    }

    fn expect(&self, attribute: &'static str, fits: bool) -> Result<(), KindFileError> {
        if fits {
            Ok(())
        } else {
            Err(self.refuse(attribute, AttributeFault::Invalid))
        }
    }

    fn refuse(&self, attribute: &'static str, fault: AttributeFault) -> KindFileError {
        KindFileError::Attribute {
            field: self.path.clone(),
            attribute,
            fault,
        }
    }
}
