//! What a program did to its files and sockets, as `strace -y -xx` wrote it down: each call's
//! beginning and its end are events of their own, since between them anything may happen.
//! Refuses a trace that leaves something out.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// The calls that are traced: all that changes a file or a folder, or answers somebody.
pub(super) const CALLS: &str = "openat,open,creat,write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2,ftruncate,\
                                truncate,fallocate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,mkdir,\
                                mkdirat,copy_file_range,sendfile,link,linkat";

/// Most bytes of one argument; a trace that has more is cut and refused.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A file is opened, made if it is missing.
    Make {
        /// Where.
        path: PathBuf,
        /// Whether its content goes.
        truncate: bool,
    },
    /// Bytes at a place, or where the descriptor stands.
    Write {
        /// Where.
        path: PathBuf,
        /// At which byte; `None`: after what was written through it before.
        offset: Option<u64>,
        /// What.
        bytes: Vec<u8>,
    },
    /// A new length.
    Truncate {
        /// Where.
        path: PathBuf,
        /// How long.
        size: u64,
    },
    /// File or folder is made durable.
    Sync(PathBuf),
    /// A name goes.
    Unlink(PathBuf),
    /// A name changes.
    Rename(PathBuf, PathBuf),
    /// A folder is made.
    MakeFolder(PathBuf),
    /// Somebody is told something.
    Send {
        /// Over which connection.
        socket: Vec<u8>,
        /// What.
        bytes: Vec<u8>,
    },
}

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A call begins; its number.
    Begun(usize, Call),
    /// The call of that number has worked; what it returned.
    Done(usize, u64),
}

/// The events of a trace in their order. Calls that failed changed nothing and are left out
/// of the ends, those about nothing traced altogether.
#[must_use]
pub fn events(trace: impl BufRead) -> Vec<Event> {
    let mut events = Vec::new();
    let mut begun: HashMap<String, Option<usize>> = HashMap::new();
    let mut calls = 0;
    for line in trace.lines() {
        let line = line.unwrap();
        let (thread, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if rest.starts_with("<...") {
            let number = begun.remove(thread).unwrap_or_else(|| panic!("nothing begun: {line}"));
            if let (Some(number), Some(returned)) = (number, returned(rest)) {
                events.push(Event::Done(number, returned));
            }
            continue;
        }
        let (name, arguments) = rest.split_once('(').unwrap_or_else(|| panic!("no call: {line}"));
        let (arguments, is_whole) = match arguments.strip_suffix(" <unfinished ...>") {
            Some(arguments) => (arguments, false),
            None => (
                arguments
                    .rsplit_once(") ")
                    .map_or(arguments, |(arguments, _)| arguments),
                true,
            ),
        };
        let number = call(name, arguments).map(|call| {
            calls += 1;
            events.push(Event::Begun(calls, call));
            calls
        });
        if !is_whole {
            begun.insert(thread.to_owned(), number);
        } else if let (Some(number), Some(returned)) = (number, returned(rest)) {
            events.push(Event::Done(number, returned));
        }
    }
    events
}

/// What a call returned; `None` if it failed or never did.
fn returned(text: &str) -> Option<u64> {
    let (_, returned) = text.rsplit_once("= ")?;
    let digits = returned.find(|sign: char| !sign.is_ascii_digit());
    returned[..digits.unwrap_or(returned.len())].parse().ok()
}

fn call(name: &str, arguments: &str) -> Option<Call> {
    let given: Vec<&str> = arguments.split(", ").collect();
    let number = |index: usize| -> u64 { given[index].parse().unwrap_or_else(|_| panic!("{name}: {arguments}")) };
    match name {
        "open" | "creat" => make(path(given[0]), arguments),
        "openat" => make(at(given[0], given[1]), arguments),
        "pwrite64" => Some(Call::Write {
            path: file(given[0])?,
            offset: Some(number(3)),
            bytes: bytes(given[1]),
        }),
        "pwritev" | "pwritev2" => Some(Call::Write {
            path: file(given[0])?,
            offset: Some(given.iter().rev().find_map(|text| text.parse().ok())?),
            bytes: vectors(arguments),
        }),
        "write" | "writev" | "sendto" | "sendmsg" => {
            let bytes = if matches!(name, "write" | "sendto") {
                bytes(given[1])
            } else {
                vectors(arguments)
            };
            let target = target(given[0])?;
            if target.starts_with(b"/") {
                let path = file(given[0])?;
                Some(Call::Write {
                    path,
                    offset: None,
                    bytes,
                })
            } else {
                // Pipes and events between its own threads tell nobody anything.
                target
                    .starts_with(b"socket:")
                    .then_some(Call::Send { socket: target, bytes })
            }
        }
        "ftruncate" => Some(Call::Truncate {
            path: file(given[0])?,
            size: number(1),
        }),
        "fsync" | "fdatasync" => Some(Call::Sync(file(given[0])?)),
        "unlink" => Some(Call::Unlink(path(given[0]))),
        "unlinkat" => Some(Call::Unlink(at(given[0], given[1]))),
        "rename" => Some(Call::Rename(path(given[0]), path(given[1]))),
        "renameat" | "renameat2" => Some(Call::Rename(at(given[0], given[1]), at(given[2], given[3]))),
        "mkdir" => Some(Call::MakeFolder(path(given[0]))),
        "mkdirat" => Some(Call::MakeFolder(at(given[0], given[1]))),
        other => panic!("nobody has said what {other} does to a disk: {arguments}"),
    }
}

fn make(path: PathBuf, arguments: &str) -> Option<Call> {
    arguments.contains("O_CREAT").then(|| Call::Make {
        path,
        truncate: arguments.contains("O_TRUNC"),
    })
}

/// What a descriptor stands for; `None` for a file without a name, which no crash leaves.
fn target(descriptor: &str) -> Option<Vec<u8>> {
    let (_, name) = descriptor.split_once('<')?;
    let (name, after) = name.rsplit_once('>')?;
    (after != "(deleted)").then(|| unescape(name))
}

fn file(descriptor: &str) -> Option<PathBuf> {
    target(descriptor).map(to_path)
}

fn path(quoted: &str) -> PathBuf {
    to_path(bytes(quoted))
}

/// A path, seen from a folder's descriptor.
fn at(folder: &str, quoted: &str) -> PathBuf {
    file(folder).unwrap_or_default().join(path(quoted))
}

fn to_path(bytes: Vec<u8>) -> PathBuf {
    Path::new(&String::from_utf8(bytes).unwrap()).to_owned()
}

/// The bytes of a quoted argument.
fn bytes(quoted: &str) -> Vec<u8> {
    let text = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    unescape(text.unwrap_or_else(|| panic!("cut or no text: {quoted:.80}")))
}

/// All quoted bytes of a call, one after the other.
fn vectors(arguments: &str) -> Vec<u8> {
    assert!(!arguments.contains("\"..."), "the trace is cut: {arguments:.80}");
    // Every second piece between quotes is one: in the text itself a quote is escaped.
    arguments.split('"').skip(1).step_by(2).flat_map(unescape).collect()
}

/// `\x61\x62` is `ab`; what is not escaped stands for itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16).unwrap();
                bytes.push(u8::try_from(digit(high) * 16 + digit(low)).unwrap());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_another_interrupts_begins_and_ends_apart() {
        let trace = r#"7 pwrite64(3<\x2f\x61>, "\x62\x63", 2, 10 <unfinished ...>
8 fsync(4<\x2f>) = 0
7 <... pwrite64 resumed>) = 2
7 pwrite64(3<\x2f\x61>, "\x62", 1, 0) = -1 ENOSPC (No space left on device)
7 pwrite64(3<\x2f\x61>(deleted), "\x62", 1, 0) = 1
8 rename("\x2f\x61", "\x2f\x62") = 0
8 +++ exited with 0 +++
"#;
        let write = |bytes: &[u8], offset| Call::Write {
            path: "/a".into(),
            offset: Some(offset),
            bytes: bytes.to_vec(),
        };
        assert_eq!(
            events(trace.as_bytes()),
            [
                Event::Begun(1, write(b"bc", 10)),
                Event::Begun(2, Call::Sync("/".into())),
                Event::Done(2, 0),
                Event::Done(1, 2),
                Event::Begun(3, write(b"b", 0)),
                Event::Begun(4, Call::Rename("/a".into(), "/b".into())),
                Event::Done(4, 0),
            ]
        );
    }

    #[test]
    fn an_answer_is_what_goes_over_a_socket() {
        let trace = r#"7 writev(9<\x73\x6f\x63\x6b\x65\x74\x3a\x37>, [{iov_base="\x61", iov_len=1}, {iov_base="\x62", iov_len=1}], 2) = 2"#;
        let socket = b"socket:7".to_vec();
        let bytes = b"ab".to_vec();
        assert_eq!(
            events(trace.as_bytes())[0],
            Event::Begun(1, Call::Send { socket, bytes })
        );
    }

    #[test]
    #[should_panic(expected = "cut")]
    fn a_cut_trace_is_refused() {
        let _ = events(br#"7 pwrite64(3<\x2f\x61>, "\x62"..., 2, 10) = 2"#.as_slice());
    }
}
