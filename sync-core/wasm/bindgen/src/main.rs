//! Writes the JavaScript and TypeScript around the built core: an ES module for browsers
//! and a CommonJS one for Node, from the same `.wasm`, so that tests run what phones run.
//! Usage: `menpai-bindgen <input.wasm> <folder for the web> <folder for node>`.

#![allow(
    clippy::disallowed_methods,
    reason = "a tool of the build: what the core may not do, it does"
)]

mod trim;

use std::path::PathBuf;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, web, node] = arguments.as_slice() else {
        eprintln!("usage: menpai-bindgen <input.wasm> <folder for the web> <folder for node>");
        return ExitCode::from(2);
    };
    let core = match std::fs::read(input)
        .map_err(|error| error.to_string())
        .and_then(|core| trim::trimmed(&core))
    {
        Ok(core) => core,
        Err(error) => {
            eprintln!("{}: {error}", input.display());
            return ExitCode::FAILURE;
        }
    };
    let mut for_web = Bindgen::new();
    let mut for_node = Bindgen::new();
    // Names cost 58 KB of the 450 that a phone downloads; the input keeps them for debugging.
    for bindgen in [&mut for_web, &mut for_node] {
        bindgen
            .typescript(true)
            .remove_name_section(true)
            .remove_producers_section(true);
    }
    let written = for_web
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .input_bytes("menpai_core", core.clone())
                .out_name("menpai_core")
                .generate(web)
        })
        .and_then(|()| for_node.nodejs(true))
        .and_then(|bindgen| {
            bindgen
                .input_bytes("menpai_core", core)
                .out_name("menpai_core")
                .generate(node)
        });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-bindgen: {error:?}");
            ExitCode::FAILURE
        }
    }
}
