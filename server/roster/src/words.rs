//! The words that offices write into cells, and what they stand for: sex, relation to head,
//! care categories. One table per column. A word that could mean two things is left out on
//! purpose (媳妇 is a wife or a daughter-in-law), so that it is reported instead of guessed.

use crate::codes::{CareCategory, RelationToHead, Sex};

/// The sex that a word or a letter states, or a digit of GB/T 2261.1. Some programs write 0
/// and 1 instead: the caller says whether digits may be believed in this sheet.
pub(crate) fn sex(word: &str, digits_are_standard: bool) -> Option<Sex> {
    match word {
        "男" | "男性" | "M" | "m" | "Male" | "male" | "MALE" => Some(Sex::Male),
        "女" | "女性" | "F" | "f" | "Female" | "female" | "FEMALE" => Some(Sex::Female),
        "1" if digits_are_standard => Some(Sex::Male),
        "2" if digits_are_standard => Some(Sex::Female),
        "未知" | "未知的性别" => Some(Sex::Unknown),
        "未说明" | "未说明的性别" => Some(Sex::Unstated),
        _ => None,
    }
}

/// The relation to the head of the household that a word states.
pub(crate) fn relation(word: &str) -> Option<RelationToHead> {
    RelationToHead::from_word(word)
        .or_else(|| RelationToHead::from_code(word))
        .or_else(|| RelationToHead::from_word(standard(RELATION_SYNONYMS, word)?))
}

/// What the words of the 人员类别 column state.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Categories {
    /// The categories, in the order of the words.
    pub(crate) care: Vec<CareCategory>,
    /// 高龄: eighty or older; follows from the birth date and is not kept.
    pub(crate) advanced_age: bool,
}

/// The categories that a word states, several where offices write them together (独居高龄);
/// `None` if any part of it is not known or could mean two.
pub(crate) fn categories(word: &str) -> Option<Categories> {
    const LONGEST: usize = 16;
    if let Some(one) = category(word) {
        return Some(one);
    }
    if word.chars().count() > LONGEST {
        return None;
    }
    // The longest word in front, then the rest.
    word.char_indices().rev().find_map(|(position, _)| {
        let mut all = category(&word[..position])?;
        let rest = categories(&word[position..])?;
        all.care.extend(rest.care);
        all.advanced_age |= rest.advanced_age;
        Some(all)
    })
}

/// The categories that one word could mean, where it could mean several.
pub(crate) fn could_be(word: &str) -> Option<&'static str> {
    AMBIGUOUS_CATEGORIES
        .iter()
        .find(|(ambiguous, _)| *ambiguous == word)
        .map(|(_, meanings)| *meanings)
}

fn category(word: &str) -> Option<Categories> {
    // 独居老人, 失独家庭, 低保人员 … say the same with a noun behind.
    let stem = CATEGORY_NOUNS
        .iter()
        .find_map(|noun| word.strip_suffix(noun))
        .unwrap_or(word);
    [word, stem].into_iter().find_map(|word| {
        let care = |words: &[&str]| {
            Some(Categories {
                care: words
                    .iter()
                    .map(|word| CareCategory::from_word(word))
                    .collect::<Option<_>>()?,
                advanced_age: false,
            })
        };
        match word {
            "普通" | "一般" | "正常" | "普通居民" | "一般居民" | "普通人群" | "一般人群" => {
                Some(Categories::default())
            }
            "高龄" => Some(Categories {
                advanced_age: true,
                ..Categories::default()
            }),
            "重病重残" => care(&["重病", "重残"]),
            _ => care(&[word]).or_else(|| care(&[standard(CATEGORY_SYNONYMS, word)?])),
        }
    })
}

fn standard(synonyms: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    synonyms
        .iter()
        .find(|(synonym, _)| *synonym == word)
        .map(|(_, standard)| *standard)
}

const RELATION_SYNONYMS: &[(&str, &str)] = &[
    ("爱人", "配偶"),
    ("老伴", "配偶"),
    ("丈夫", "夫"),
    ("妻子", "妻"),
    ("儿子", "子"),
    ("女儿", "女"),
    ("二子", "次子"),
    ("次女", "二女"),
    ("养子", "养子或继子"),
    ("继子", "养子或继子"),
    ("养女", "养女或继女"),
    ("继女", "养女或继女"),
    ("外孙", "外孙子"),
    ("父", "父亲"),
    ("母", "母亲"),
    ("爷爷", "祖父"),
    ("奶奶", "祖母"),
    ("外公", "外祖父"),
    ("姥爷", "外祖父"),
    ("外婆", "外祖母"),
    ("姥姥", "外祖母"),
    ("哥哥", "兄"),
    ("嫂子", "嫂"),
    ("弟弟", "弟"),
    ("姐", "姐姐"),
    ("妹", "妹妹"),
];

const CATEGORY_SYNONYMS: &[(&str, &str)] = &[
    ("事实无人抚养", "事实无人抚养儿童"),
    ("最低生活保障", "低保"),
    ("特困供养", "特困"),
    ("大病", "重病"),
];

/// Words that mean several categories, with their words in full.
const AMBIGUOUS_CATEGORIES: &[(&str, &str)] = &[("留守", "留守老人、留守妇女、留守儿童")];

const CATEGORY_NOUNS: &[&str] = &["老人", "儿童", "人员", "家庭", "户"];

#[cfg(test)]
mod tests {
    use super::*;

    fn care(word: &str) -> Vec<CareCategory> {
        CareCategory::from_word(word).into_iter().collect()
    }

    fn read(word: &str) -> Option<Vec<CareCategory>> {
        categories(word).map(|found| found.care)
    }

    #[test]
    fn every_synonym_leads_to_a_word_of_the_code_tables() {
        for (synonym, standard) in RELATION_SYNONYMS {
            assert!(RelationToHead::from_word(synonym).is_none(), "{synonym}");
            assert!(relation(synonym).is_some(), "{synonym} → {standard}");
        }
        for (synonym, standard) in CATEGORY_SYNONYMS {
            assert!(CareCategory::from_word(synonym).is_none(), "{synonym}");
            assert!(categories(synonym).is_some(), "{synonym} → {standard}");
        }
    }

    #[test]
    fn a_word_with_two_meanings_is_not_guessed() {
        assert_eq!(relation("媳妇"), None);
        assert_eq!(categories("留守"), None);
        assert!(could_be("留守").unwrap().contains("留守儿童"));
        assert_eq!(sex("0", true), None);
    }

    #[test]
    fn a_digit_is_a_sex_only_where_digits_are_the_standards() {
        assert_eq!(sex("1", true), Some(Sex::Male));
        assert_eq!(sex("2", true), Some(Sex::Female));
        assert_eq!(sex("1", false), None);
        assert_eq!(sex("F", false), Some(Sex::Female));
    }

    #[test]
    fn categories_are_known_with_and_without_a_noun_behind() {
        for word in [
            "独居",
            "空巢",
            "孤寡",
            "失能",
            "重病",
            "重残",
            "特困",
            "低保",
            "失独",
            "孤儿",
            "行动不便",
            "留守老人",
        ] {
            assert!(care(word).len() == 1 && read(word) == Some(care(word)), "{word}");
        }
        assert_eq!(read("独居老人"), Some(care("独居")));
        assert_eq!(read("低保户"), Some(care("低保")));
        assert_eq!(read("事实无人抚养"), Some(care("事实无人抚养儿童")));
        assert_eq!(read("普通居民"), Some(Vec::new()));
        assert_eq!(read("重病重残"), Some([care("重病"), care("重残")].concat()));
        assert!(categories("高龄老人").unwrap().advanced_age);
    }

    #[test]
    fn categories_written_together_are_taken_apart_only_as_a_whole() {
        let both = categories("高龄独居老人").unwrap();
        assert!(both.advanced_age && both.care == care("独居"));
        assert_eq!(read("独居空巢"), Some([care("独居"), care("空巢")].concat()));
        for word in ["独居留守", "外星人", "独居外星人", "", "独"] {
            assert_eq!(categories(word), None, "{word}");
        }
    }
}
