//! Watches two parts of a workbook as they are unpacked, because the reader turns a few bytes
//! of them into much memory: the table of texts, for whose announced number it reserves
//! memory unseen, and the styles, into each of which it copies names of any length. Follows
//! tags and quotes exactly as the XML reader does, and refuses what would make the two
//! disagree, which spreadsheet programs do not write.

use crate::error::{RosterError, TooLarge};
use crate::limits::{MAX_ANNOUNCED_TEXTS, MAX_STYLE_TAGS, MAX_STYLE_VALUE_BYTES, MAX_TEXT_TAGS};

/// One part under watch.
pub(super) struct Watch {
    most_tags: u64,
    longest_value: usize,
    tags: u64,
    place: Place,
    announced: Announced,
}

/// Where in the XML the watch stands.
#[derive(Clone, Copy)]
enum Place {
    /// Between tags.
    Text,
    /// Behind a `<`.
    Opening,
    /// In a tag, this many bytes after its beginning or its last value.
    Tag(usize),
    /// In a value: its quote, and how long it is so far.
    Value(u8, usize),
    /// In `</…>`, which holds no values.
    EndTag,
    /// In `<?…?>`; whether the last byte was a `?`.
    Instruction(bool),
}

impl Watch {
    /// The watch that a part needs, if it needs one. Readers take names in any case.
    pub(super) fn for_part(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (most_tags, longest_value) = if name.ends_with("sharedstrings.xml") {
            (MAX_TEXT_TAGS, usize::MAX)
        } else if name.ends_with("styles.xml") {
            (MAX_STYLE_TAGS, MAX_STYLE_VALUE_BYTES)
        } else {
            return None;
        };
        Some(Self {
            most_tags,
            longest_value,
            tags: 0,
            place: Place::Text,
            announced: Announced::default(),
        })
    }

    /// Looks at the next bytes of the part.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Result<(), RosterError> {
        for &byte in bytes {
            // UTF-16 and encodings with shifts, in which a byte need not be its character.
            if matches!(byte, 0 | 0x1b | 0xfe | 0xff) {
                return Err(REFUSED);
            }
            // Every one counts, wherever it stands: a comment must not hide any.
            self.tags += u64::from(byte == b'<');
            if self.tags > self.most_tags {
                return Err(REFUSED);
            }
            self.announced.look(byte)?;
            self.place = self.step(byte)?;
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<Place, RosterError> {
        Ok(match (self.place, byte) {
            (Place::Text, b'<') => Place::Opening,
            (Place::Text, _) => Place::Text,
            (Place::Opening, b'/') => Place::EndTag,
            (Place::Opening, b'?') => Place::Instruction(false),
            // A comment could hide a quote, an end tag could hold one: the count would go
            // astray. A table of texts has comments now and then, and no limit on values.
            (Place::Opening, b'!') | (Place::EndTag, b'"' | b'\'') if self.longest_value < usize::MAX => {
                return Err(REFUSED);
            }
            (Place::Tag(_) | Place::Opening | Place::EndTag, b'>') => Place::Text,
            (Place::EndTag, _) => Place::EndTag,
            (Place::Tag(_) | Place::Opening, b'"' | b'\'') => Place::Value(byte, 0),
            (Place::Opening, _) => Place::Tag(1),
            (Place::Tag(length), _) => Place::Tag(self.within_limit(length)?),
            (Place::Value(quote, _), _) if byte == quote => Place::Tag(0),
            (Place::Value(quote, length), _) => Place::Value(quote, self.within_limit(length)?),
            (Place::Instruction(true), b'>') => Place::Text,
            (Place::Instruction(_), _) => Place::Instruction(byte == b'?'),
        })
    }

    fn within_limit(&self, length: usize) -> Result<usize, RosterError> {
        if length < self.longest_value {
            Ok(length + 1)
        } else {
            Err(REFUSED)
        }
    }
}

const REFUSED: RosterError = RosterError::TooLarge(TooLarge::Structure);

/// Finds the number behind `uniqueCount`, wherever it stands.
#[derive(Default)]
struct Announced {
    matched: usize,
    number: Option<u64>,
}

impl Announced {
    fn look(&mut self, byte: u8) -> Result<(), RosterError> {
        const NAME: &[u8; 11] = b"uniqueCount";
        // What of a match so far can be the beginning of the next: the u of uniqu, uniqueCou.
        const BORDERS: [usize; 11] = [0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0];
        if let Some(number) = self.number {
            match byte {
                b'0'..=b'9' => {
                    let number = number * 10 + u64::from(byte - b'0');
                    if number > MAX_ANNOUNCED_TEXTS {
                        return Err(REFUSED);
                    }
                    self.number = Some(number);
                    return Ok(());
                }
                b'=' | b'"' | b'\'' | b'+' | b' ' | b'\t' | b'\r' | b'\n' if number == 0 => return Ok(()),
                _ => self.number = None,
            }
        }
        while self.matched > 0 && byte != NAME[self.matched] {
            self.matched = BORDERS[self.matched];
        }
        self.matched += usize::from(byte == NAME[self.matched]);
        if self.matched == NAME.len() {
            self.matched = 0;
            self.number = Some(0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(part: &str, text: &[u8]) -> bool {
        let mut watch = Watch::for_part(part).unwrap();
        // One byte at a time, so that every place is once a border between two reads.
        text.iter().all(|byte| watch.look(&[*byte]).is_ok())
    }

    #[test]
    fn a_false_announcement_is_found_wherever_and_however_it_stands() {
        let texts = |text: &[u8]| passes("xl/SharedStrings.xml", text);
        assert!(texts(b"<sst count=\"99999999\" uniqueCount=\"6000\"><!-- it's --><si>"));
        assert!(!texts(b"<sst uniqueCount=\"99999999\">"));
        assert!(!texts(b"<sst uniquniqueCount = '99999999999999999999999'>"));
        assert!(!texts(b"<!-- uniqueCount=\"1\" --><sst uniqueCount=\"0099999999\">"));
        assert!(!texts(b"u\0n\0i\0q\0u\0e\0C\0o\0u\0n\0t\0=\0\"\x009\0"));
    }

    #[test]
    fn a_long_value_in_the_styles_cannot_hide() {
        let styles = |text: &str| passes("xl/styles.xml", text.as_bytes());
        let long = "x".repeat(1_000);
        let broken_up = "x<x>".repeat(250);
        assert!(styles(
            "<?xml version=\"1.0\"?>\n<fonts count='1'><font><name val=\"宋体 > '\"/></font></fonts>"
        ));
        for name in [&long, &broken_up] {
            assert!(!styles(&format!("<name val=\"{name}\"/>")));
            assert!(!styles(&format!("<name val='{name}'/>")));
            assert!(!styles(&format!("<?xml \" ?><name val=\"{name}\"/>")));
            assert!(!styles(&format!("<a></a \" ><name val=\"{name}\"/>")));
            assert!(!styles(&format!("<!-- \" --><name val=\"{name}\"/>")));
        }
        assert!(!styles(&format!("<{long}/>")));
    }

    #[test]
    fn more_tags_than_a_program_writes_are_refused() {
        let many = "<xf/>".repeat(500_001);
        assert!(!passes("xl/styles.xml", many.as_bytes()));
        assert!(passes("xl/sharedStrings.xml", many.as_bytes()));
        assert!(Watch::for_part("xl/worksheets/sheet1.xml").is_none());
    }
}
