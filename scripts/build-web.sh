#!/usr/bin/env bash
# Builds phone app, desk and service worker into web-client/dist/. Needs the built core.
# Does nothing when no input changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../web-client"
stamp=dist/.vite/inputs.sha256

mkdir -p ../target
exec 9>../target/web-build.lock
flock 9

now=$(find . ../schemas/kinds -type f -not -path './node_modules/*' -not -path './dist/*' -not -name '*.test.ts' -print0 \
  | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
[ "$(cat "$stamp" 2>/dev/null)" != "$now" ] || exit 0

echo 'web: building phone app and desk'
npm run --silent build -- --logLevel warn
echo "$now" > "$stamp"
