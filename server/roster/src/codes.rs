//! The coded values of a roster row: sex (GB/T 2261.1), relation to the head of the household
//! (GB/T 4761) and care categories. A value here is always one that the person kind allows;
//! the many ways in which offices write one belong to `words`.

use std::sync::LazyLock;

use menpai_sync_core::kinds::citizen_id;
use serde::{Serialize, Serializer};

use crate::registry::{Choice, choices};

/// Sex as GB/T 2261.1 codes it.
///
/// Several widespread systems write 0 for men and 1 for women: a digit in a roster is one of
/// these codes only where a 2 stands in its column too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `0`, the sex is not known.
    Unknown,
    /// `1`
    Male,
    /// `2`
    Female,
    /// `9`, the person has not said.
    Unstated,
}

impl Sex {
    /// The code in GB/T 2261.1.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "0",
            Self::Male => "1",
            Self::Female => "2",
            Self::Unstated => "9",
        }
    }

    /// The word that a roster's 性别 column should say.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "未知",
            Self::Male => "男",
            Self::Female => "女",
            Self::Unstated => "未说明",
        }
    }

    /// Whether the sheet really says which sex, so that an id number can contradict it.
    #[must_use]
    pub fn is_stated(self) -> bool {
        matches!(self, Self::Male | Self::Female)
    }
}

impl From<citizen_id::Sex> for Sex {
    fn from(sex: citizen_id::Sex) -> Self {
        match sex {
            citizen_id::Sex::Male => Self::Male,
            citizen_id::Sex::Female => Self::Female,
        }
    }
}

impl Serialize for Sex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Relation to the head of the household: a two-digit code of GB/T 4761-2008.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RelationToHead(&'static Choice);

impl RelationToHead {
    /// The relation with this two-digit code, if the table has it.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        RELATIONS.iter().find(|known| known.value == code).map(Self)
    }

    /// The relation that the standard itself calls by this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        RELATIONS.iter().find(|known| known.word == word).map(Self)
    }

    /// The two-digit code.
    #[must_use]
    pub fn code(self) -> &'static str {
        &self.0.value
    }

    /// The standard's own word for it, for example 儿媳.
    #[must_use]
    pub fn word(self) -> &'static str {
        &self.0.word
    }
}

impl Serialize for RelationToHead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Why a person needs care. Sorts as the person kind lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CareCategory(&'static Choice);

impl CareCategory {
    /// The category that the registry calls by this value, for example `living_alone`.
    #[must_use]
    pub fn from_value(value: &str) -> Option<Self> {
        CARE_CATEGORIES.iter().find(|known| known.value == value).map(Self)
    }

    /// The category with this standard word, for example 独居.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        CARE_CATEGORIES.iter().find(|known| known.word == word).map(Self)
    }

    /// What the registry holds.
    #[must_use]
    pub fn value(self) -> &'static str {
        &self.0.value
    }

    /// The standard word, as the 人员类别 column should say it.
    #[must_use]
    pub fn word(self) -> &'static str {
        &self.0.word
    }
}

impl Serialize for CareCategory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.value())
    }
}

static RELATIONS: LazyLock<Vec<Choice>> = LazyLock::new(|| choices("person", "relation_to_head"));
static CARE_CATEGORIES: LazyLock<Vec<Choice>> = LazyLock::new(|| choices("person", "care_categories"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_those_of_the_standard() {
        for (code, word) in [("02", "户主"), ("12", "妻"), ("38", "儿媳"), ("44", "外孙女")] {
            let relation = RelationToHead::from_code(code).unwrap();
            assert_eq!(relation.word(), word);
            assert_eq!(RelationToHead::from_word(word), Some(relation));
        }
        assert_eq!(RelationToHead::from_code("2"), None);
    }

    #[test]
    fn categories_are_those_of_the_person_kind() {
        let alone = CareCategory::from_word("独居").unwrap();
        assert_eq!(alone.value(), "living_alone");
        assert!(alone < CareCategory::from_word("行动不便").unwrap());
        // Follows from the birth date and is not registered.
        assert_eq!(CareCategory::from_value("advanced_age"), None);
    }

    #[test]
    fn every_sex_is_a_choice_of_the_person_kind() {
        let known = choices("person", "sex");
        for sex in [Sex::Unknown, Sex::Male, Sex::Female, Sex::Unstated] {
            assert!(
                known
                    .iter()
                    .any(|choice| choice.value == sex.code() && choice.word == sex.word())
            );
        }
    }
}
