#!/usr/bin/env bash
# Builds the core for browsers: sync-core/wasm → web-client/src/core/generated/ (ES module)
# and target/wasm/node/ (CommonJS, for tests that compare native and wasm results).
# Does nothing when no input changed. The standard library is built along, for size (see flags):
# from rustup's rust-src where it is installed, else with Debian's rustc-web and rust-web-src.
# MENPAI_WASM_TOOLCHAIN=rustup|debian forces one of the two.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

web=web-client/src/core/generated
node=target/wasm/node
target=wasm32-unknown-unknown
stamp=target/wasm/inputs.sha256

if [ -e "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; then
  toolchain=${MENPAI_WASM_TOOLCHAIN:-rustup}
else
  toolchain=${MENPAI_WASM_TOOLCHAIN:-debian}
fi

mkdir -p target/wasm
# Several people and scripts may call this at once.
exec 9>target/wasm/build.lock
flock 9

inputs() {
  echo "$toolchain"
  find Cargo.toml Cargo.lock schemas sync-core scripts/build-wasm.sh -type f \
    -not -path '*/tests/*' -not -path 'sync-core/fuzz/*' -not -path 'schemas/examples/*' \
    -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}
now=$(inputs | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] \
  && [ -f "$web/menpai_core_bg.wasm" ] && [ -f "$node/menpai_core_bg.wasm" ]; then
  exit 0
fi
rm -f "$stamp"

# A panic in wasm is a trap that the page answers with a fresh worker; nobody sees its message
# or its place. Leaving both out, with a standard library made for size, saves 55 KB of brotli,
# leaving out derived Debug another 15: `{:?}` prints nothing here, so no answer may rest on it.
# SHA-256 without unrolled rounds saves 2 KB. Paths of this machine must not end up in what remains.
flags=(
  --cfg 'sha2_backend_soft="compact"'
  -Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort
  "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" "--remap-path-prefix=$PWD=/menpai"
)
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="${flags[*]}"
export RUSTC_BOOTSTRAP=1
build=(
  build --quiet --profile wasm-release --target "$target" --target-dir "target/wasm/$toolchain"
  -p menpai-sync-core-wasm -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
)

echo "wasm: building the core with the $toolchain toolchain"
case $toolchain in
  rustup) cargo "${build[@]}" ;;
  debian)
    host=$(rustc -vV | sed -n 's/^host: //p')
    linker=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
    [ -x "$linker" ] || linker=$(command -v rust-lld || command -v wasm-ld)
    RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker /usr/bin/cargo "${build[@]}"
    ;;
  *) echo "wasm: MENPAI_WASM_TOOLCHAIN is rustup or debian, not $toolchain" >&2; exit 2 ;;
esac
unset RUSTC_BOOTSTRAP

# The tool has a folder of its own: it survives make clean and waits for nobody's build.
cargo build --quiet -p menpai-bindgen --target-dir .tools/bindgen
.tools/bindgen/debug/menpai-bindgen \
  "target/wasm/$toolchain/$target/wasm-release/menpai_sync_core_wasm.wasm" "$web" "$node"

raw=$(stat -c %s "$web/menpai_core_bg.wasm")
small=$(node -e 'const z=require("node:zlib");process.stdout.write(String(z.brotliCompressSync(require("node:fs").readFileSync(process.argv[1])).length))' "$web/menpai_core_bg.wasm")
echo "wasm: $raw bytes, $small with brotli"
echo "$now" > "$stamp"
