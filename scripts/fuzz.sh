#!/usr/bin/env bash
# Lets libFuzzer look for inputs that harm a decoder, each for some seconds:
#   scripts/fuzz.sh SECONDS [TARGET…]
# What it finds stays in target/fuzz/found/TARGET/ and fails this script; move it to
# tests/fuzz/crashes/TARGET/, where every `make test` replays it. No nightly compiler: coverage
# is counted by LLVM's own pass.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=$1
shift
targets=("$@")
[ $# != 0 ] || targets=(entry kind_file snapshot answer members up_header slice roster_csv roster_xlsx)

export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
cargo build --quiet --release --target-dir target/fuzz -p menpai-fuzz --features libfuzzer --bin decoders \
  --target "$(rustc -vV | sed -n 's/^host: //p')"
program=$(find target/fuzz/*/release -maxdepth 1 -name decoders)

failed=0
for target in "${targets[@]}"; do
  corpus=target/fuzz/corpus/$target found=target/fuzz/found/$target
  mkdir -p "$corpus" "$found"
  echo "fuzz: $target for $seconds s"
  MENPAI_FUZZ=$target "$program" "$corpus" -artifact_prefix="$found/" -max_total_time="$seconds" \
    -timeout=5 -rss_limit_mb=768 -max_len=65536 -print_final_stats=1 2> "target/fuzz/$target.log" || failed=1
  grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb)' "target/fuzz/$target.log" || true
  if [ -n "$(ls "$found")" ]; then
    ls "$found"
    tail -n 40 "target/fuzz/$target.log"
  fi
done
exit $failed
