//! The choices that the person kind's file allows for a field. The file is the only place
//! where code tables stand; the roster reads them from there, so that a category added to it
//! is a category that rosters may use.

use serde::Deserialize;

/// One value a field may have.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Choice {
    /// Where it stands in the file: the order of lists.
    position: usize,
    /// What the registry holds.
    pub(crate) value: String,
    /// The Chinese label: the standard's own word.
    pub(crate) word: String,
}

/// The choices of one field of the person kind, in the file's order.
pub(crate) fn choices(field: &str) -> Vec<Choice> {
    let file: KindFile =
        serde_json::from_str(PERSON).expect("the person kind is compiled in and tested");
    file.fields
        .into_iter()
        .filter(|candidate| candidate.name == field)
        .flat_map(|field| field.choices)
        .enumerate()
        .map(|(position, choice)| Choice {
            position,
            value: choice.value,
            word: choice.labels.zh,
        })
        .collect()
}

const PERSON: &str = include_str!("../../../schemas/kinds/person.json");

#[derive(Deserialize)]
struct KindFile {
    fields: Vec<FileField>,
}

#[derive(Deserialize)]
struct FileField {
    name: String,
    #[serde(default)]
    choices: Vec<FileChoice>,
}

#[derive(Deserialize)]
struct FileChoice {
    value: String,
    labels: FileLabels,
}

#[derive(Deserialize)]
struct FileLabels {
    zh: String,
}
