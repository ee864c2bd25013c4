//! Which of the two languages a client reads best. Chinese unless it says otherwise.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// A language the server writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Language {
    /// From `Accept-Language`: the supported language with the highest weight, the first
    /// among equals.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Language {
        let Some(text) = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
            return Language::Zh;
        };
        let mut best = (0, Language::Zh);
        for range in text.split(',') {
            let mut pieces = range.split(';').map(str::trim);
            let tag = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let language = match tag.split('-').next() {
                Some("zh" | "*") => Language::Zh,
                Some("en") => Language::En,
                _ => continue,
            };
            let weight = pieces
                .find_map(|piece| piece.strip_prefix("q="))
                .map_or(1000, thousandths);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A weight like `0.8` in thousandths; what cannot be read weighs nothing.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(0), Ok(fraction)) => fraction,
        (Ok(1), Ok(_)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn language(text: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(text));
        Language::of(&headers)
    }

    #[test]
    fn the_heaviest_supported_language_wins() {
        assert_eq!(language("en-GB,en;q=0.9,zh;q=0.8"), Language::En);
        assert_eq!(language("de, zh-CN;q=0.7, en;q=0.3"), Language::Zh);
        assert_eq!(language("en;q=0.3, zh;q=0.7"), Language::Zh);
    }

    #[test]
    fn without_a_readable_wish_it_is_chinese() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::Zh);
        assert_eq!(language("fr;q=x"), Language::Zh);
        assert_eq!(language("en;q=0"), Language::Zh);
    }
}
