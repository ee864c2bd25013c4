//! The sources, held against the walls of `menpai_tests::walls`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};

use menpai_tests::walls::{
    Found, SourceFile, direct_dependencies, disallowed_missing, fail_crate_in, imports_of_generated, io_in,
    kind_names_in, record_kinds, releases_with_features, source_files, sql_in, unguarded_modules, wasm_imports,
};

/// All that the core may be made of; one more is a decision.
const CORE_DEPENDENCIES: [&str; 11] = [
    "automerge",
    "chrono",
    "flate2",
    "js-sys",
    "p256",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "unicode-normalization",
    "uuid",
];

/// Where kinds may be named, and why.
const MAY_NAME_KINDS: [&str; 1] = [
    // The office writes these two itself; the protocol names them (docs/protocol.md section 7).
    "server/src/office/records.rs",
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails with every line found, each with its place.
fn hold(wall: &str, files: &[SourceFile], find: impl Fn(&SourceFile) -> Vec<Found>) {
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| find(file).into_iter().map(|line| format!("{}:{line}", file.path)))
        .collect();
    assert!(found.is_empty(), "{wall}\n{}", found.join("\n"));
}

#[test]
fn the_core_has_its_eleven_dependencies_and_no_more() {
    assert_eq!(direct_dependencies(&read("sync-core/Cargo.toml")), CORE_DEPENDENCIES);
}

#[test]
fn the_core_does_no_io_and_reads_no_clock() {
    hold(
        "the core's callers do that",
        &source_files("sync-core/src", &[".rs"]),
        |file| io_in(&file.text),
    );
    assert_eq!(
        disallowed_missing(&read("sync-core/clippy.toml")),
        [""; 0],
        "sync-core/clippy.toml no longer refuses"
    );
}

#[test]
fn the_built_core_asks_the_browser_for_what_is_agreed() {
    let module = repository("web-client/src/core/generated/menpai_core_bg.wasm");
    let bytes = std::fs::read(&module).unwrap_or_else(|_| panic!("the core is not built for browsers: make wasm"));
    let imports = wasm_imports(&bytes).unwrap().join("\n") + "\n";
    let golden = repository("tests/golden/wasm-imports.txt");
    if std::env::var_os("MENPAI_WRITE_GOLDEN").is_some() {
        std::fs::write(&golden, &imports).unwrap();
    }
    assert_eq!(
        imports,
        read("tests/golden/wasm-imports.txt"),
        "what the core imports changed; if that is meant: MENPAI_WRITE_GOLDEN=1 cargo test -p menpai-tests --test walls"
    );
}

#[test]
fn sql_is_in_the_store_only() {
    let mut files = source_files("server/src", &[".rs"]);
    files.retain(|file| !file.path.starts_with("server/src/store/") && !file.is_test());
    hold("SQL belongs under server/src/store/", &files, |file| sql_in(&file.text));
}

#[test]
fn code_names_no_kind_of_record() {
    let kinds = record_kinds(&source_files("schemas/kinds", &[".json"]));
    assert!(kinds.len() >= 6, "{kinds:?}");
    let mut files = Vec::new();
    for (folder, endings) in [
        ("sync-core/src", &[".rs"][..]),
        ("sync-core/wasm/src", &[".rs"]),
        ("server/src", &[".rs"]),
        ("server/roster/src", &[".rs"]),
        ("web-client/src", &[".ts", ".vue"]),
    ] {
        files.extend(source_files(folder, endings));
    }
    files.retain(|file| !file.is_test() && !MAY_NAME_KINDS.contains(&file.path.as_str()));
    hold("a kind file should say it, through its effects", &files, |file| {
        kind_names_in(&file.text, &kinds)
    });
}

#[test]
fn one_place_loads_the_wasm() {
    hold(
        "only src/core/wasm.ts loads the core",
        &source_files("web-client/src", &[".ts", ".vue"]),
        imports_of_generated,
    );
}

#[test]
fn no_release_has_the_places_where_tests_break_it() {
    let files = source_files("server/src", &[".rs"]);
    hold("only server/src/fail_points.rs knows the crate", &files, fail_crate_in);
    let places = read("server/src/fail_points.rs");
    assert_eq!(
        unguarded_modules(&places),
        [""; 0],
        "a release build would have the places"
    );
    let manifest = read("server/Cargo.toml");
    let given = manifest
        .lines()
        .find(|line| line.starts_with("default ="))
        .unwrap_or_default();
    assert!(
        !given.contains("fail"),
        "the feature is asked for, never given: {given}"
    );
    assert!(
        !read("Cargo.toml").contains("debug-assertions = true"),
        "no release has them"
    );
    let mut commands = source_files("scripts", &[".sh"]);
    commands.extend(["Makefile", ".ci/run"].map(|path| SourceFile {
        path: path.to_owned(),
        text: read(path),
    }));
    hold("a release is built without features", &commands, releases_with_features);
}
