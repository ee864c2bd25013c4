#!/usr/bin/env bash
# Throws what OpenAPI allows, and what it does not, at the real server: scripts/schemathesis.sh SECONDS
# for each of two audiences. Installs schemathesis into .tools/ the first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=4.32.5
tools=.tools/schemathesis

if [ "$("$tools/bin/schemathesis" --version 2>/dev/null || true)" != "schemathesis, version $version" ]; then
  command -v python3 >/dev/null || { echo 'schemathesis: python3 is missing (Debian: python3-venv)' >&2; exit 1; }
  echo 'schemathesis: pip installs it'
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet "schemathesis==$version"
fi
export MENPAI_BIN=${MENPAI_BIN:-$PWD/target/debug/menpai}
exec node tests/api/run.mjs "${1:-60}"
