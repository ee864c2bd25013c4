//! Cuts out of the built core what it can never run: parts of automerge that stand behind options
//! of loading a document which the core leaves as they are, or are for what no registry document has,
//! so that no optimiser sees them dead. What was cut traps, as any bug in the core does; refuses a
//! core that has none of it, since then automerge has changed and the list below says nothing.

use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

/// Modules of automerge and of what it uses, as symbols spell them, and who would call them.
const NEVER_RUN: [&str; 9] = [
    // `StringMigration::ConvertToText`; edits are derived, never made in a transaction.
    "9automerge11transaction",
    // A `PatchLog` for what was loaded.
    "9automerge4iter3doc",
    // Bundles of changes: a home saves documents.
    "9automerge7storage6bundle",
    // Lists, texts and marks on them: a registry document has maps of plain values.
    "9automerge4iter10list_range",
    "9automerge4iter5spans",
    "9automerge5marks",
    "9automerge7hydrate4text",
    "9automerge13sequence_tree",
    "20unicode_segmentation",
];
/// Whoever begins a walk gives it an empty value of everything.
const EMPTY: &str = "7Default";

/// The module without them.
pub(crate) fn trimmed(core: &[u8]) -> Result<Vec<u8>, String> {
    let mut module = Module::from_buffer(core).map_err(|error| error.to_string())?;
    for part in NEVER_RUN {
        let found: Vec<FunctionId> = module
            .funcs
            .iter_local()
            .filter_map(|(id, _)| Some((id, module.funcs.get(id).name.as_deref()?)))
            .filter(|(_, name)| is_of(name, part) && !name.contains(EMPTY))
            .map(|(id, _)| id)
            .collect();
        if found.is_empty() {
            return Err(format!("the core has no function of {part}: see trim.rs"));
        }
        for id in found {
            cut(&mut module, id);
        }
    }
    Ok(module.emit_wasm())
}

/// Whether a function is that module's own. One of the standard library that was made for its types
/// may do for others too, since equal ones are kept once; and whoever drops a value asks first what
/// is in it.
fn is_of(name: &str, part: &str) -> bool {
    // The path of a symbol begins with its crate: `…Cs3fZKHsFQEIU_9automerge5marks…`.
    let first_crate = name.find("Cs").map(|at| &name[at..]);
    let path = first_crate.and_then(|path| path.split_once('_'));
    path.is_some_and(|(_, path)| path.starts_with(part))
}

fn cut(module: &mut Module, id: FunctionId) {
    let (params, results) = module.types.params_results(module.funcs.get(id).ty());
    let (params, results) = (params.to_vec(), results.to_vec());
    let arguments = params.iter().map(|param| module.locals.add(*param)).collect();
    let mut trap = FunctionBuilder::new(&mut module.types, &params, &results);
    trap.func_body().unreachable();
    module.funcs.get_mut(id).kind = FunctionKind::Local(trap.local_func(arguments));
}
