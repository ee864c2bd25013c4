//! Values and records in words: the labels of the kind files, put together as a line says them.

use chrono::{Datelike, NaiveDate};

use crate::entry::{Entry, Scalar};
use crate::kinds::{self, Field, Kind, Labels, Members, Shape};
use crate::replica::Row;

/// Whole years on a day.
pub(super) fn age(born: NaiveDate, today: NaiveDate) -> Option<u32> {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    u32::try_from(today.year() - born.year() - i32::from(!had_birthday)).ok()
}

/// The chosen members of the sets that only roles entrusted with care may see.
pub(super) fn care_categories(kind: &Kind, row: &Row) -> Vec<Labels> {
    let mut labels = Vec::new();
    for field in &kind.fields {
        if field.class == Some(kinds::Class::Care)
            && let Shape::Set(Members::Choices(choices)) = &field.shape
        {
            let chosen: Vec<&str> = row.members(field.name.as_str()).collect();
            labels.extend(
                choices
                    .iter()
                    .filter(|choice| chosen.contains(&choice.value.as_str()))
                    .map(|choice| choice.labels.clone()),
            );
        }
    }
    labels
}

/// What somebody who goes there should mind: the values of an entity that warn.
pub(super) fn warnings(kind: &Kind, row: &Row) -> Vec<Labels> {
    let warning = |field: &Field| {
        let choice = kind.choice(field.name.as_str(), row.text(field.name.as_str())?)?;
        let warns = choice.warns.as_ref()?;
        Some(Labels {
            zh: format!("{}{}，{}", field.labels.zh, choice.labels.zh, warns.zh),
            en: format!("{}: {}. {}", field.labels.en, choice.labels.en, warns.en),
        })
    };
    kind.fields.iter().filter_map(warning).collect()
}

/// A choice of a field in words.
pub(super) fn choice_labels(kind: &Kind, field: &str, value: &str) -> Option<Labels> {
    kind.choice(field, value).map(|choice| choice.labels.clone())
}

/// The answers to the required choices, in words.
pub(super) fn record_summary(kind: &Kind, entry: &Entry) -> Labels {
    let mut zh = Vec::new();
    let mut en = Vec::new();
    for field in kind.fields.iter().filter(|field| field.required) {
        let value = entry.body.get(field.name.as_str()).and_then(serde_json::Value::as_str);
        if let Some(labels) = value.and_then(|value| choice_labels(kind, field.name.as_str(), value)) {
            zh.push(labels.zh);
            en.push(labels.en);
        }
    }
    Labels {
        zh: zh.join("・"),
        en: en.join(" · "),
    }
}

/// A field of an entity, or a member of a set, in words.
pub(super) fn field_labels(kind: &Kind, name: &str) -> Labels {
    let (field, member) = name
        .split_once(':')
        .map_or((name, None), |(field, member)| (field, Some(member)));
    let Some(field) = kind.field(field) else {
        return same(name);
    };
    match member.and_then(|member| kind.choice(field.name.as_str(), member)) {
        Some(choice) => Labels {
            zh: format!("{}・{}", field.labels.zh, choice.labels.zh),
            en: format!("{}: {}", field.labels.en, choice.labels.en),
        },
        None => field.labels.clone(),
    }
}

/// A registry value in words, where it has any: numbers and free texts have none.
pub(super) fn value_label(kind: &Kind, name: &str, value: &Scalar) -> Option<Labels> {
    match value {
        Scalar::Boolean(true) => Some(Labels {
            zh: "是".to_owned(),
            en: "Yes".to_owned(),
        }),
        Scalar::Boolean(false) => Some(Labels {
            zh: "否".to_owned(),
            en: "No".to_owned(),
        }),
        Scalar::Null => Some(Labels {
            zh: "空".to_owned(),
            en: "Empty".to_owned(),
        }),
        Scalar::Text(text) => choice_labels(kind, name, text),
        Scalar::Integer(_) => None,
    }
}

/// A value as it is written.
pub(super) fn plain(value: &Scalar) -> Labels {
    match value {
        Scalar::Text(text) => same(text),
        Scalar::Integer(number) => same(&number.to_string()),
        Scalar::Null | Scalar::Boolean(_) => same(""),
    }
}

/// The same in both languages.
pub(super) fn same(text: &str) -> Labels {
    Labels {
        zh: text.to_owned(),
        en: text.to_owned(),
    }
}
