#!/usr/bin/env bash
# Writes every committed file that is made from another one. `.ci/run` fails when a commit left
# one stale. Add a line here for each generator; they run from the repository's root, on the
# development build that `make build-dev` leaves in target/debug.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# schemas/json-schema/ from schemas/kinds/
target/debug/examples/generate_schemas
# schemas/openapi.json from the routes
target/debug/examples/openapi > target/openapi.json && mv target/openapi.json schemas/openapi.json
