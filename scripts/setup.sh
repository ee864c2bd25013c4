#!/usr/bin/env bash
# Brings a bare machine to where `make run` (argument: run) or everything (no argument) works.
# Says one line per step it takes, nothing when there is nothing to do. Touches the system only
# through apt, and only for what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
purpose=${1:-all}

mkdir -p .tools
exec 9>.tools/setup.lock
flock 9

say() { echo "setup: $*"; }

have_package() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

apt_install() {
  if ! command -v apt-get >/dev/null; then
    say "this is no Debian; install by hand what stands for: $*" >&2
    return 1
  fi
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  say "apt installs $*"
  "${as_root[@]}" apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_command() {
  command -v "$1" >/dev/null && return
  echo "setup: $1 is missing. $2" >&2
  exit 1
}

need_command cargo 'Install Rust 1.95 or later with rustup.'
need_command node 'Install Node.js 20.19 or later.'
need_command npm 'Install npm 10 or later.'

missing=()
command -v cc >/dev/null || missing+=(build-essential)
# SQLCipher's ciphers.
[ -e /usr/include/openssl/evp.h ] || missing+=(libssl-dev)
if [ "$purpose" = all ]; then
  # The browser story and its pictures of Chinese screens.
  command -v chromium >/dev/null || missing+=(chromium)
  command -v certutil >/dev/null || missing+=(libnss3-tools)
  # Power cuts and failing disks are played with it.
  command -v strace >/dev/null || missing+=(strace)
  # An ACME authority to be asked for certificates.
  command -v pebble >/dev/null || missing+=(pebble)
  have_package fonts-noto-cjk || [ -n "$(command -v fc-list >/dev/null && fc-list :lang=zh-cn family | head -1)" ] || missing+=(fonts-noto-cjk)
fi
[ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"

# The core for browsers is built together with the standard library: rustup's sources where they
# can be downloaded, else Debian's compiler and sources.
if [ ! -e "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; then
  debian=()
  for package in rustc-web cargo-web rust-web-src; do
    have_package "$package" || debian+=("$package")
  done
  if [ ${#debian[@]} != 0 ]; then
    if command -v rustup >/dev/null && say 'rustup adds rust-src' && timeout 60 rustup --quiet component add rust-src >/dev/null 2>&1; then
      :
    else
      say "rustup could not; Debian's web compiler takes its place"
      apt_install "${debian[@]}"
    fi
  fi
fi

if [ "$purpose" = all ] && ! command -v cargo-nextest >/dev/null && [ ! -x .tools/bin/cargo-nextest ]; then
  say 'cargo installs cargo-nextest (some minutes)'
  cargo install --quiet --locked --root .tools cargo-nextest
fi

lock=$(sha256sum < web-client/package-lock.json)
if [ "$(cat web-client/node_modules/.menpai-lock 2>/dev/null)" != "$lock" ]; then
  say 'npm installs what package-lock.json names'
  (cd web-client && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error)
  echo "$lock" > web-client/node_modules/.menpai-lock
fi
