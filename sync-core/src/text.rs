//! Unicode NFC, the one form of text that entries have. Natively from tables; a browser has
//! the tables already, and leaving ours out makes the core a tenth smaller to download.

use std::borrow::Cow;

/// Whether a text is in NFC.
#[must_use]
pub fn is_nfc(text: &str) -> bool {
    text.is_ascii() || text.chars().all(stands_alone) || full::is_nfc(text)
}

/// The text in NFC. Keyboards may type decomposed characters.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.chars().all(stands_alone) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(full::nfc(text))
    }
}

/// Characters that no normalisation changes and that join with nothing before them: Latin
/// below the combining marks, general punctuation in use here, Chinese characters, full-width forms.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\0'..='\u{2ff}' | '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3029}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ff00}'..='\u{ff60}')
}

#[cfg(not(target_arch = "wasm32"))]
mod full {
    use unicode_normalization::UnicodeNormalization;

    pub(super) fn is_nfc(text: &str) -> bool {
        unicode_normalization::is_nfc(text)
    }

    pub(super) fn nfc(text: &str) -> String {
        text.nfc().collect()
    }
}

#[cfg(target_arch = "wasm32")]
mod full {
    use js_sys::JsString;

    pub(super) fn is_nfc(text: &str) -> bool {
        nfc(text) == text
    }

    pub(super) fn nfc(text: &str) -> String {
        JsString::from(text).normalize("NFC").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_alone_is_nfc_however_it_is_put_together() {
        let alone: Vec<char> = ('\0'..=char::MAX).filter(|c| stands_alone(*c)).collect();
        for pair in alone.windows(2) {
            let text: String = pair.iter().collect();
            assert!(full::is_nfc(&text), "{text:?}");
        }
        let all: String = alone.iter().collect();
        assert_eq!(full::nfc(&all), all);
    }

    #[test]
    fn decomposed_text_is_composed() {
        assert!(is_nfc("王小明，Zoë 3-1"));
        assert!(!is_nfc("Zoe\u{308}"));
        assert_eq!(nfc("Zoe\u{308}"), "Zoë");
        // Its canonical form is another character of the same block's neighbours.
        assert_eq!(nfc("\u{f900}"), "\u{8c48}");
    }
}
