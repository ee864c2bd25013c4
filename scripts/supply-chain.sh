#!/usr/bin/env bash
# What Menpai is made of, and whether it may be: crates are held against deny.toml, npm packages against
# the same licences. target/sbom/ has the inventories (CycloneDX) of the server, of the core in browsers and
# of the web client. Once crates are here, those for other systems too, nothing asks the network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Not optimised: they read a lock file, and build in two minutes.
tool() {
  [[ "$(cargo "$1" --version 2>/dev/null || true)" != *" $2" ]] || return 0
  echo "supply: cargo installs cargo-$1 $2 (a minute or two)"
  CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root .tools --target-dir target/supply "cargo-$1@$2"
}
tool deny 0.20.2
tool cyclonedx 0.5.9
rm -rf target/supply

cargo fetch --quiet --locked
cargo deny --offline --locked --all-features --log-level error check --hide-inclusion-graph bans licenses sources

sbom=target/sbom
mkdir -p "$sbom"
CARGO_NET_OFFLINE=true cargo cyclonedx -qq --manifest-path server/Cargo.toml --all-features --target all --format json --spec-version 1.5 --override-filename supply
mv server/supply.json "$sbom/server.cdx.json"
mv sync-core/wasm/supply.json "$sbom/core.cdx.json"
# It writes one beside each of our crates.
git ls-files '*/Cargo.toml' | sed 's/Cargo.toml$/supply.json/' | xargs rm -f
(cd web-client && npm sbom --sbom-format cyclonedx --package-lock-only) > "$sbom/web.cdx.json"
(cd web-client && node build/licences.mjs "../$sbom/web.cdx.json")
echo "supply: $sbom lists what Menpai is made of"
