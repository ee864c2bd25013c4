//! From the text of a kind file to a `Kind`, or to the first thing that is wrong with it.
//! Unknown members are refused everywhere: a misspelt `requried` must not pass silently.

mod conditions;
mod effects;
mod error;
mod field;

use serde::Deserialize;

pub use error::{AttributeFault, ConditionFault, KindFileError};

use super::effects::Effects;
use super::kind::{Class, Family, Kind, Retention, Review, Step};
use super::name::{Labels, Name};
use field::{FieldFile, Place};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindFile {
    kind: Name,
    family: Family,
    schema: u32,
    labels: Labels,
    guide: Option<Labels>,
    class: Option<Class>,
    #[serde(default)]
    steps: Vec<Step>,
    fields: Vec<FieldFile>,
    effects: Effects,
    writers: Vec<Name>,
    review: Review,
    retention: Option<Retention>,
}

impl Kind {
    /// Reads a kind file.
    pub fn parse(text: &str) -> Result<Kind, KindFileError> {
        let file: KindFile = serde_json::from_str(text)?;
        check_head(&file)?;
        let place = Place {
            family: file.family,
            schema: file.schema,
            class: file.class,
            steps: &file.steps,
        };
        let fields = field::read_fields(file.fields, &place)?;
        let kind = Kind {
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
        };
        if matches!(kind.family, Family::Record | Family::Office)
            && kind.fields.iter().any(|field| field.class != kind.class())
        {
            return Err(KindFileError::MixedClasses);
        }
        conditions::check_fields(&kind.fields, kind.family)?;
        effects::check(&kind).map_err(KindFileError::Effects)?;
        Ok(kind)
    }
}

fn check_head(file: &KindFile) -> Result<(), KindFileError> {
    // Entries name their kind in letters and `_` only.
    if file.kind.as_str().contains(|c: char| c.is_ascii_digit()) {
        return Err(KindFileError::KindName(file.kind.clone()));
    }
    if file.schema == 0 {
        return Err(KindFileError::Schema);
    }
    if file.fields.is_empty() {
        return Err(KindFileError::NoFields);
    }
    if file.writers.is_empty() {
        return Err(KindFileError::NoWriters);
    }
    if file.family == Family::Edit && file.class.is_some() {
        return Err(KindFileError::ClassOfEdit);
    }
    if file.retention.is_some_and(|retention| retention.days == 0) {
        return Err(KindFileError::Retention);
    }
    for (index, step) in file.steps.iter().enumerate() {
        if file.steps[..index].iter().any(|earlier| earlier.name == step.name) {
            return Err(KindFileError::DuplicateStep(step.name.clone()));
        }
    }
    Ok(())
}
