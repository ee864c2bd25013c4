//! One target per decoder: bytes in, nothing may panic, and what was read must hold together.
//! A target says no more than the format promises; what it finds is kept in `crashes/`.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a target stops at the first surprise"
)]

mod answer;
mod core_targets;
mod mutate;
mod seeds;
mod server_targets;

pub use mutate::mutated;

/// A decoder, and well-formed inputs to begin from.
pub struct Target {
    /// Its name, as on the command line and in `crashes/`.
    pub name: &'static str,
    /// Reads bytes; panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs that it takes.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every decoder that reads bytes which somebody else made. A new decoder is a line here.
pub const TARGETS: [Target; 10] = [
    Target {
        name: "entry",
        run: core_targets::entry,
        seeds: seeds::entries,
    },
    Target {
        name: "kind_file",
        run: core_targets::kind_file,
        seeds: seeds::kind_files,
    },
    Target {
        name: "snapshot",
        run: core_targets::snapshot,
        seeds: seeds::snapshots,
    },
    Target {
        name: "answer",
        run: answer::answer,
        seeds: answer::seeds,
    },
    Target {
        name: "members",
        run: server_targets::members,
        seeds: seeds::bodies,
    },
    Target {
        name: "up_header",
        run: server_targets::up_header,
        seeds: seeds::up_headers,
    },
    Target {
        name: "slice",
        run: server_targets::slice,
        seeds: seeds::slices,
    },
    Target {
        name: "packet",
        run: server_targets::packet,
        seeds: seeds::packets,
    },
    Target {
        name: "roster_csv",
        run: server_targets::roster_csv,
        seeds: seeds::rosters_csv,
    },
    Target {
        name: "roster_xlsx",
        run: server_targets::roster_xlsx,
        seeds: seeds::rosters_xlsx,
    },
];

/// The target of a name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
