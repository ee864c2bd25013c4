//! What may be wrong with a value, as a stable code, a place and a sentence.
//! Codes are kept for years (verdicts cite them); sentences may improve.

use std::fmt;

use serde::Serialize;

use super::name::Language;

/// One thing that is wrong with a body, an entity or a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: a JSON Pointer, `/items_brought/0/item`; empty for the whole.
    pub path: String,
    /// What.
    pub code: Code,
    /// Smallest allowed value, where that is what was missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// Largest allowed value, length or count, where that is what was missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

impl Problem {
    pub(super) fn at(path: impl Into<String>, code: Code) -> Problem {
        Problem {
            path: path.into(),
            code,
            min: None,
            max: None,
        }
    }

    /// The sentence for the screen; `label` is what the screen calls the field.
    #[must_use]
    pub fn sentence(&self, language: Language, label: &str) -> String {
        let [zh, en] = self.code.sentences();
        let template = match language {
            Language::Zh => zh,
            Language::En => en,
        };
        let number = |bound: Option<i64>| bound.map(|n| n.to_string()).unwrap_or_default();
        template
            .replace("{label}", label)
            .replace("{min}", &number(self.min))
            .replace("{max}", &number(self.max))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.code.as_str())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $text:literal $zh:literal $en:literal;)*) => {
        /// What is wrong, in a word that never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$code,)*];

            /// The word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$code => $text,)* }
            }

            /// Sentence templates, Chinese and English.
            fn sentences(self) -> [&'static str; 2] {
                match self { $(Code::$code => [$zh, $en],)* }
            }
        }
    };
}

codes! {
    /// A visible required field has no value.
    Missing "missing" "请填写{label}" "Please fill in: {label}";
    /// The kind has no such field.
    UnknownField "unknown_field" "没有“{label}”这一项" "There is no field {label}";
    /// Not the JSON type the field asks for.
    WrongType "wrong_type" "{label}的格式不对" "{label} has the wrong form";
    /// A text of nothing but spaces, or a set, list or object of nothing.
    Empty "empty" "{label}不能是空的" "{label} must not be empty";
    /// More characters than allowed.
    TooLong "too_long" "{label}最多 {max} 个字" "{label}: at most {max} characters";
    /// A line break in a one-line text, or another control character.
    ControlCharacter "control_character" "{label}里有不能保存的字符" "{label} has a character that cannot be kept";
    /// A number outside its limits.
    OutOfRange "out_of_range" "{label}应在 {min} 到 {max} 之间" "{label} must be from {min} to {max}";
    /// Not one of the choices or members.
    NotAChoice "not_a_choice" "{label}不在可选项里" "{label} is not one of the choices";
    /// A value in a field that the other answers hide.
    NotVisible "not_visible" "按前面的回答，不用填{label}" "The other answers leave no place for {label}";
    /// A member twice in a set.
    Duplicate "duplicate" "{label}有重复" "{label} has something twice";
    /// More rows or members than allowed.
    TooMany "too_many" "{label}最多 {max} 项" "{label}: at most {max}";
    /// Not an id.
    BadId "bad_id" "{label}不是有效的编号" "{label} is not an id";
    /// Not a day of the calendar, 1900 to 2199.
    BadDate "bad_date" "{label}不是有效的日期" "{label} is not a date";
    /// Not an instant with milliseconds and offset, 2000 to 2199.
    BadInstant "bad_instant" "{label}不是有效的时间" "{label} is not a time";
    /// A birth date after today (drafts only).
    InFuture "in_future" "{label}还没到" "{label} is in the future";
    /// Neither a mobile nor a landline number.
    BadPhone "bad_phone" "{label}应是 11 位手机号或带区号的座机号" "{label} must be a mobile number of 11 digits or a landline with its area code";
    /// A code without the right digits.
    BadCode "bad_code" "{label}的位数或字符不对" "{label} has the wrong length or characters";
    /// Not a public key.
    BadKey "bad_key" "{label}不是有效的公钥" "{label} is not a public key";
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_the_field_and_the_limits() {
        let problem = Problem {
            path: "/people_present".into(),
            code: Code::OutOfRange,
            min: Some(1),
            max: Some(99),
        };
        assert_eq!(problem.sentence(Language::Zh, "在家人数"), "在家人数应在 1 到 99 之间");
        assert_eq!(
            problem.sentence(Language::En, "People present"),
            "People present must be from 1 to 99"
        );
    }

    #[test]
    fn every_code_has_its_own_word_and_names_the_field_in_both_languages() {
        for code in Code::ALL {
            assert_eq!(
                Code::ALL.iter().filter(|other| other.as_str() == code.as_str()).count(),
                1
            );
            assert!(
                code.sentences().iter().all(|sentence| sentence.contains("{label}")),
                "{}",
                code.as_str()
            );
        }
    }
}
