//! The words that offices write into cells, and what they stand for: sex, relation to head,
//! care categories. One table per column. A word that could mean two things is left out on
//! purpose (媳妇 is a wife or a daughter-in-law), so that it is reported instead of guessed.

use crate::codes::{CareCategory, RelationToHead, Sex};

/// The sex that a word states.
pub(crate) fn sex(word: &str) -> Option<Sex> {
    match word {
        "男" | "男性" => Some(Sex::Male),
        "女" | "女性" => Some(Sex::Female),
        "未知" | "未知的性别" => Some(Sex::Unknown),
        "未说明" | "未说明的性别" => Some(Sex::Unstated),
        _ => None,
    }
}

/// The relation to the head of the household that a word states.
pub(crate) fn relation(word: &str) -> Option<RelationToHead> {
    RelationToHead::from_word(word).or_else(|| RelationToHead::from_word(standard(RELATION_SYNONYMS, word)?))
}

/// What one word of the 人员类别 column states.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// An ordinary resident.
    None,
    /// Eighty or older: follows from the birth date and is not kept.
    AdvancedAge,
    /// A category.
    Care(CareCategory),
    /// Two categories that offices say in one word.
    Both(CareCategory, CareCategory),
}

/// The category that a word states.
pub(crate) fn category(word: &str) -> Option<Category> {
    // 独居老人, 失独家庭, 低保人员 … say the same with a noun behind.
    let stem = CATEGORY_NOUNS
        .iter()
        .find_map(|noun| word.strip_suffix(noun))
        .unwrap_or(word);
    [word, stem].into_iter().find_map(|word| match word {
        "普通" | "一般" | "普通居民" | "一般居民" => Some(Category::None),
        "高龄" => Some(Category::AdvancedAge),
        "重病重残" => Some(Category::Both(
            CareCategory::from_word("重病")?,
            CareCategory::from_word("重残")?,
        )),
        _ => CareCategory::from_word(word)
            .or_else(|| CareCategory::from_word(standard(CATEGORY_SYNONYMS, word)?))
            .map(Category::Care),
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

const CATEGORY_SYNONYMS: &[(&str, &str)] = &[("事实无人抚养", "事实无人抚养儿童")];

const CATEGORY_NOUNS: &[&str] = &["老人", "儿童", "人员", "家庭", "户"];

#[cfg(test)]
mod tests {
    use super::*;

    fn care(word: &str) -> Option<Category> {
        CareCategory::from_word(word).map(Category::Care)
    }

    #[test]
    fn every_synonym_leads_to_a_word_of_the_code_tables() {
        for (synonym, standard) in RELATION_SYNONYMS {
            assert!(RelationToHead::from_word(synonym).is_none(), "{synonym}");
            assert!(relation(synonym).is_some(), "{synonym} → {standard}");
        }
        for (synonym, standard) in CATEGORY_SYNONYMS {
            assert!(CareCategory::from_word(synonym).is_none(), "{synonym}");
            assert!(category(synonym).is_some(), "{synonym} → {standard}");
        }
    }

    #[test]
    fn a_word_with_two_meanings_is_not_guessed() {
        assert_eq!(relation("媳妇"), None);
        assert_eq!(category("留守"), None);
        assert_eq!(sex("1"), None);
        assert_eq!(sex("0"), None);
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
            assert!(care(word).is_some() && category(word) == care(word), "{word}");
        }
        assert_eq!(category("独居老人"), care("独居"));
        assert_eq!(category("低保户"), care("低保"));
        assert_eq!(category("事实无人抚养"), care("事实无人抚养儿童"));
        assert_eq!(category("高龄老人"), Some(Category::AdvancedAge));
        assert_eq!(category("普通居民"), Some(Category::None));
        assert!(matches!(category("重病重残"), Some(Category::Both(..))));
    }
}
