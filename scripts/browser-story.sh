#!/usr/bin/env bash
# Runs the browser journeys in tests/e2e against a real server. They find the server's binary in
# MENPAI_BIN and Chromium in CHROMIUM; both may be set by the caller.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export MENPAI_BIN=${MENPAI_BIN:-$PWD/target/debug/menpai}
export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}

mapfile -t stories < <(find tests/e2e -name '*.test.mjs' 2>/dev/null | LC_ALL=C sort)
if [ ${#stories[@]} = 0 ]; then
  echo 'browser story: none written yet'
  exit 0
fi
exec node --test --test-concurrency=2 --test-reporter=spec "${stories[@]}"
