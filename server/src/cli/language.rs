//! In which of the product's two languages a command speaks: as asked, else as the terminal's
//! LC_ALL, LC_MESSAGES or LANG say, else Chinese.

use clap::ValueEnum;

/// A language of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Language {
    /// The language asked for, else the terminal's.
    pub(super) fn chosen(asked: Option<Language>) -> Language {
        asked.unwrap_or_else(|| Language::of_locale(|name| std::env::var(name).ok()))
    }

    fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty());
        match locale {
            Some(locale) if locale.to_ascii_lowercase().starts_with("en") => Language::En,
            _ => Language::Zh,
        }
    }

    /// Whichever of two texts is in this language.
    pub(super) fn of<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_decides_where_nobody_asks() {
        let of = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            Language::of_locale(move |name| set.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
        };
        assert_eq!(of(&[]), Language::Zh);
        assert_eq!(of(&[("LANG", "C.UTF-8")]), Language::Zh);
        assert_eq!(of(&[("LANG", "en_GB.UTF-8")]), Language::En);
        assert_eq!(of(&[("LC_ALL", "zh_CN.UTF-8"), ("LANG", "en_GB.UTF-8")]), Language::Zh);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "en")]), Language::En);
        assert_eq!(Language::chosen(Some(Language::En)), Language::En);
    }
}
