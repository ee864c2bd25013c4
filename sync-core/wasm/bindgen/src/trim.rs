//! Cuts out of the built core what it can never run: parts of automerge that stand behind options
//! of loading a document which the core leaves as they are, so that no optimiser sees them dead.
//! What was cut traps, as any bug in the core does; refuses a core that has none of it, since
//! then automerge has changed and the list below says nothing.

use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

/// Modules of automerge, as symbols spell them, and who would call them.
const NEVER_RUN: [&str; 3] = [
    // `StringMigration::ConvertToText`; edits are derived, never made in a transaction.
    "9automerge11transaction",
    // A `PatchLog` for what was loaded.
    "9automerge4iter3doc",
    // Bundles of changes: a home saves documents.
    "9automerge7storage6bundle",
];
/// Whoever drops a value asks first what is in it.
const DROP: &str = "drop_in_place";

/// The module without them.
pub(crate) fn trimmed(core: &[u8]) -> Result<Vec<u8>, String> {
    let mut module = Module::from_buffer(core).map_err(|error| error.to_string())?;
    for part in NEVER_RUN {
        let found: Vec<FunctionId> = module
            .funcs
            .iter_local()
            .filter_map(|(id, _)| Some((id, module.funcs.get(id).name.as_deref()?)))
            .filter(|(_, name)| name.contains(part) && !name.contains(DROP))
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

fn cut(module: &mut Module, id: FunctionId) {
    let (params, results) = module.types.params_results(module.funcs.get(id).ty());
    let (params, results) = (params.to_vec(), results.to_vec());
    let arguments = params.iter().map(|param| module.locals.add(*param)).collect();
    let mut trap = FunctionBuilder::new(&mut module.types, &params, &results);
    trap.func_body().unreachable();
    module.funcs.get_mut(id).kind = FunctionKind::Local(trap.local_func(arguments));
}
