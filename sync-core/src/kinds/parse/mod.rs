//! From the text of a kind file to a `Kind`, or to the first thing that is wrong with it.
//! Unknown members are refused everywhere: a misspelt `requried` must not pass silently.

mod conditions;
mod effects;
mod error;
mod field;

pub use error::{AttributeFault, ConditionFault, KindFileError};

use super::effects::Effects;
use super::kind::{Class, Family, Kind, Retention, Review, Step};
use super::name::{Labels, Name};
use crate::json::{self, json_object};
use field::{FieldFile, Place};

struct KindFile {
    kind: Name,
    family: Family,
    schema: u32,
    labels: Labels,
    guide: Option<Labels>,
    class: Option<Class>,
    steps: Vec<Step>,
    fields: Vec<FieldFile>,
    effects: Effects,
    writers: Vec<Name>,
    review: Review,
    retention: Option<Retention>,
}

json_object! {
    KindFile { kind, family, schema, labels, guide, class, fields, effects, writers, review, retention; steps }
}

impl Kind {
    /// Reads a kind file and checks it.
    pub fn parse(text: &str) -> Result<Kind, KindFileError> {
        let kind = Kind::read(text)?;
        kind.check()?;
        Ok(kind)
    }

    /// Reads a kind file that is known to be good: phones need not carry the checks.
    pub(super) fn read(text: &str) -> Result<Kind, KindFileError> {
        let file: KindFile = json::read(text.as_bytes())?;
        if file.family == Family::Edit && file.class.is_some() {
            return Err(KindFileError::ClassOfEdit);
        }
        let place = Place {
            family: file.family,
            schema: file.schema,
            class: file.class,
            steps: &file.steps,
        };
        let fields = field::read_fields(file.fields, &place)?;
        Ok(Kind {
            name: file.kind,
            family: file.family,
            schema: file.schema,
            labels: file.labels,
            guide: file.guide,
            steps: file.steps,
            fields,
            effects: file.effects,
            writers: file.writers,
            review: file.review,
            retention: file.retention,
        })
    }

    fn check(&self) -> Result<(), KindFileError> {
        self.check_head()?;
        if matches!(self.family, Family::Record | Family::Office)
            && self.fields.iter().any(|field| field.class != self.class())
        {
            return Err(KindFileError::MixedClasses);
        }
        conditions::check_fields(&self.fields, self.family)?;
        effects::check(self).map_err(KindFileError::Effects)
    }

    fn check_head(&self) -> Result<(), KindFileError> {
        // Entries name their kind in letters and `_` only.
        if self.name.as_str().contains(|c: char| c.is_ascii_digit()) {
            return Err(KindFileError::KindName(self.name.clone()));
        }
        if self.schema == 0 {
            return Err(KindFileError::Schema);
        }
        if self.fields.is_empty() {
            return Err(KindFileError::NoFields);
        }
        if self.writers.is_empty() {
            return Err(KindFileError::NoWriters);
        }
        if self.retention.is_some_and(|retention| retention.days == 0) {
            return Err(KindFileError::Retention);
        }
        for (index, step) in self.steps.iter().enumerate() {
            if self.steps[..index].iter().any(|earlier| earlier.name == step.name) {
                return Err(KindFileError::DuplicateStep(step.name.clone()));
            }
        }
        Ok(())
    }
}
