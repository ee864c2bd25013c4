//! The text in a file's bytes: UTF-8 with or without its mark, UTF-16 with its mark, else
//! GB18030 (which holds GBK and GB 2312), as Chinese spreadsheet programs save CSV files. What
//! is none of them byte for byte is refused, never replaced by question marks.

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};

use crate::error::RosterError;

/// The text, without its mark.
pub(super) fn decode(bytes: &[u8]) -> Result<String, RosterError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => whole(UTF_16LE, rest)?,
        [0xfe, 0xff, rest @ ..] => whole(UTF_16BE, rest)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).map_err(|_| RosterError::NotText)?.to_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => whole(GB18030, bytes)?,
        },
    };
    // In no text, but in every picture; and in UTF-16 without its mark.
    if text.contains('\0') {
        return Err(RosterError::NotText);
    }
    Ok(text)
}

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, RosterError> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(std::borrow::Cow::into_owned)
        .ok_or(RosterError::NotText)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_gives_the_same_text() {
        let text = "姓名,楼栋\n张三,２号楼";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".as_slice(), &utf16].concat(),
            GB18030.encode(text).0.into_owned(),
        ] {
            assert_eq!(decode(&bytes).unwrap(), text);
        }
        // A name that GBK lacks and GB18030 has.
        let rare = "𠮷䶮";
        assert_eq!(decode(&GB18030.encode(rare).0).unwrap(), rare);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [
            b"\x89PNG\r\n\x1a\n\0\0".as_slice(),
            b"a\0b",
            b"\xff\xff\xff",
            b"\xd0\xd5\xc3",
        ] {
            assert!(matches!(decode(bytes), Err(RosterError::NotText)), "{bytes:?}");
        }
    }
}
