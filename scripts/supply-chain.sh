#!/usr/bin/env bash
# What Menpai is made of, and whether it may be: inventories (CycloneDX) into target/sbom/, held against
# deny.toml. `cargo deny` checks the same file where it is installed: building it takes as long as
# building Menpai, so nothing waits for it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

node scripts/supply/check.mjs
if command -v cargo-deny >/dev/null; then
  cargo deny --offline --all-features check bans licenses sources
fi
