#!/usr/bin/env bash
# Builds the core for browsers: sync-core/wasm → web-client/src/core/generated/ (ES module)
# and target/wasm/node/ (CommonJS, for tests that compare native and wasm results).
# Does nothing when no input changed. Uses the wasm target of rustup where it is installed,
# else Debian's rustc-web, which builds the standard library from source.
# MENPAI_WASM_TOOLCHAIN=rustup|debian forces one of the two.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

web=web-client/src/core/generated
node=target/wasm/node
target=wasm32-unknown-unknown
stamp=target/wasm/inputs.sha256

if [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
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

# Paths of this machine must not end up in panic messages.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/menpai"
build=(build --quiet --profile wasm-release --target "$target" --target-dir "target/wasm/$toolchain" -p menpai-sync-core-wasm)

echo "wasm: building the core with the $toolchain toolchain"
case $toolchain in
  rustup) cargo "${build[@]}" ;;
  debian)
    host=$(rustc -vV | sed -n 's/^host: //p')
    linker=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
    [ -x "$linker" ] || linker=$(command -v rust-lld || command -v lld || command -v wasm-ld)
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker \
      /usr/bin/cargo "${build[@]}" -Zbuild-std=std,panic_abort
    ;;
  *) echo "wasm: MENPAI_WASM_TOOLCHAIN is rustup or debian, not $toolchain" >&2; exit 2 ;;
esac

# The tool has a folder of its own: it survives make clean and waits for nobody's build.
cargo build --quiet -p menpai-bindgen --target-dir .tools/bindgen
.tools/bindgen/debug/menpai-bindgen \
  "target/wasm/$toolchain/$target/wasm-release/menpai_sync_core_wasm.wasm" "$web" "$node"

raw=$(stat -c %s "$web/menpai_core_bg.wasm")
small=$(node -e 'const z=require("node:zlib");process.stdout.write(String(z.brotliCompressSync(require("node:fs").readFileSync(process.argv[1])).length))' "$web/menpai_core_bg.wasm")
echo "wasm: $raw bytes, $small with brotli"
echo "$now" > "$stamp"
