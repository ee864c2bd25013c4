//! The browser's wall: what the built core asks of its surroundings, and the one file that may
//! load it.

use super::source::{Found, SourceFile, code_lines};

/// The one file that imports what the wasm build generates.
const DOOR: &str = "web-client/src/core/wasm.ts";

/// Lines that import the generated core elsewhere than at its door.
#[must_use]
pub fn imports_of_generated(file: &SourceFile) -> Vec<Found> {
    if file.path == DOOR {
        return Vec::new();
    }
    code_lines(&file.text)
        .filter(|(_, line)| line.contains("generated/") && (line.contains("import") || line.contains("from")))
        .map(|(line, text)| Found {
            line,
            text: text.to_owned(),
        })
        .collect()
}

/// The imports of a module, one `module name` each, sorted. Hashes that wasm-bindgen appends
/// are left out: they change with its version, what is imported does not.
///
/// # Errors
/// What is wrong with the module.
pub fn wasm_imports(module: &[u8]) -> Result<Vec<String>, &'static str> {
    let mut reader = Reader(module.strip_prefix(b"\0asm\x01\0\0\0").ok_or("not a wasm module")?);
    while !reader.0.is_empty() {
        let section = reader.byte()?;
        let size = reader.number()?;
        let mut content = Reader(reader.bytes(size)?);
        if section == IMPORTS {
            let mut found = (0..content.number()?)
                .map(|_| content.import())
                .collect::<Result<Vec<_>, _>>()?;
            found.sort();
            found.dedup();
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

const IMPORTS: u8 = 2;
const SHORT: &str = "the module ends early";

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, &'static str> {
        let (first, rest) = self.0.split_first().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*first)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Unsigned LEB128.
    fn number(&mut self) -> Result<usize, &'static str> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number is too long")
    }

    fn name(&mut self) -> Result<&'a str, &'static str> {
        let length = self.number()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| "a name is no text")
    }

    fn import(&mut self) -> Result<String, &'static str> {
        let module = self.name()?.trim_start_matches("./");
        let name = without_hash(self.name()?);
        match self.byte()? {
            0 => drop(self.number()?),
            1 => {
                self.byte()?;
                self.limits()?;
            }
            2 => self.limits()?,
            3 => drop(self.bytes(2)?),
            4 => drop((self.byte()?, self.number()?)),
            _ => return Err("an import of an unknown sort"),
        }
        Ok(format!("{module} {name}"))
    }

    fn limits(&mut self) -> Result<(), &'static str> {
        let has_maximum = self.byte()? & 1 == 1;
        self.number()?;
        if has_maximum {
            self.number()?;
        }
        Ok(())
    }
}

fn without_hash(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_elsewhere_is_found() {
        let line = "import init from '../core/generated/menpai_core';";
        let file = |path: &str| SourceFile {
            path: path.to_owned(),
            text: line.to_owned(),
        };
        assert_eq!(imports_of_generated(&file("web-client/src/field/main.ts")).len(), 1);
        assert!(imports_of_generated(&file(DOOR)).is_empty());
    }

    #[test]
    fn imports_are_read_from_the_module() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let import = |name: &str| {
            [
                b"\x03env".as_slice(),
                &[u8::try_from(name.len()).unwrap()],
                name.as_bytes(),
                &[0, 0],
            ]
            .concat()
        };
        let imports = [vec![2], import("read_clock_0123456789abcdef"), import("draw")].concat();
        module.extend([1, 1, 0, IMPORTS, u8::try_from(imports.len()).unwrap()]);
        module.extend(imports);
        assert_eq!(wasm_imports(&module).unwrap(), ["env draw", "env read_clock"]);
        assert!(wasm_imports(b"text").is_err());
        assert!(wasm_imports(&module[..module.len() - 3]).is_err());
    }
}
