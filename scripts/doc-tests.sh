#!/usr/bin/env bash
# Runs the examples in doc comments, if there are any. Arguments choose the crates, as for cargo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if grep -rqE '^\s*//[/!] ```(rust|should_panic|no_run|$)' --include='*.rs' sync-core/src server/src server/roster/src; then
  cargo test --quiet --doc "$@"
fi
