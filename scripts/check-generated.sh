#!/usr/bin/env bash
# Fails when generating again changes a committed file, and shows what changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fingerprint() { { git status --porcelain; git diff; } | sha256sum; }
before=$(fingerprint)
scripts/generate.sh
if [ "$(fingerprint)" != "$before" ]; then
  git status --short
  git --no-pager diff --stat
  echo 'generated files are stale: run make generate and commit' >&2
  exit 1
fi
echo 'generated files are fresh'
