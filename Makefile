# Every command of the project. CI runs the same ones. `make` alone lists them.
# Tests, the browser story included, share one cargo profile (dev, dependencies optimised);
# `make run` serves the release build.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# One selection everywhere, so that cargo compiles each dependency once.
CRATES := --workspace --exclude menpai-bindgen
export PATH := $(CURDIR)/.tools/bin:$(PATH)
export MENPAI_BIN ?= $(CURDIR)/target/debug/menpai
# Arguments for run: make run ARGS="--http 127.0.0.1:8080"
ARGS :=
# One proof after the other, saying what it did.
PROVE := cargo nextest run $(CRATES) --no-capture
# Schedules run far longer than they compile; everything else drives the server's program.
OPTIMISED := $(foreach crate,menpai-sync-core menpai-server menpai-tests,--config profile.dev.package.$(crate).opt-level=2)
# What budgets and bench measured, one figure a line.
RESULTS := target/bench/results.jsonl

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install what is missing on this machine
	@scripts/setup.sh

wasm: ## build the core for browsers
	@scripts/setup.sh run
	@scripts/build-wasm.sh

web: wasm ## build phone app and desk into web-client/dist
	@scripts/build-web.sh

build: web ## build the server for production
	@cargo build --release --quiet -p menpai-server

build-dev: web ## build everything that tests run
	@cargo build --quiet $(CRATES) --bins --tests --examples

run: build ## serve the release build with the demo community; arguments in ARGS
	@exec target/release/menpai serve --demo=30 $(ARGS)

test: setup build-dev ## run every test: Rust, web client, then the browser story
	cargo nextest run $(CRATES)
	@scripts/doc-tests.sh $(CRATES)
	cd web-client && npm run --silent test
	scripts/browser-story.sh

lint: setup wasm ## check formatting, lints and types
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	cd web-client && npm run --silent lint
	cd web-client && npm run --silent typecheck

budgets: web build-dev ## hold counts and sizes against budgets.json; no times
	@rm -f $(RESULTS)
	target/debug/figures $(RESULTS) bytes broken
	@node scripts/measure-web.mjs $(RESULTS)
	@node scripts/check-budgets.mjs $(RESULTS)

supply: ## list what Menpai is made of in target/sbom, and hold it against deny.toml
	@scripts/supply-chain.sh

generate: build-dev ## write again what is generated and committed
	@scripts/generate.sh

soak: build-dev ## prove the same as test does at length (docs/proofs.md); SEEDS=n KILLS=n STATES=n FAULTS=n SLOW=n API=s FIRST_SEED=n
	MENPAI_SEEDS=$(or $(SEEDS),20000) MENPAI_FIRST_SEED=$(or $(FIRST_SEED),1) $(PROVE) $(OPTIMISED) -E 'binary(convergence)'
	MENPAI_KILLS=$(or $(KILLS),1000) MENPAI_SEED=$(or $(FIRST_SEED),1) $(PROVE) -E 'binary(kill)'
	MENPAI_STATES=$(or $(STATES),2000) MENPAI_CONTACTS=$(or $(CONTACTS),300) MENPAI_SEED=$(or $(FIRST_SEED),1) \
	  $(PROVE) -E 'binary(power_loss)'
	MENPAI_FAULTS=$(or $(FAULTS),300) MENPAI_FAULT_STEP=1 $(PROVE) -E 'binary(disk_faults)'
	MENPAI_SLOW=$(or $(SLOW),1000) $(PROVE) -E 'binary(slow)'
	MENPAI_INPUTS=$(or $(INPUTS),100000) MENPAI_SEED=$(or $(FIRST_SEED),1) cargo nextest run -p menpai-fuzz --no-capture
	scripts/fuzz.sh $(or $(FUZZ),120)
	scripts/schemathesis.sh $(or $(API),600)

bench: build ## measure every figure of docs/benchmarks.md, times included, into target/bench/results.jsonl
	@cargo build --release --quiet -p menpai-tests --bin figures
	@rm -f $(RESULTS)
	MENPAI_BIN=$(CURDIR)/target/release/menpai target/release/figures $(RESULTS) bytes broken history import cost encryption evening door growth derive core rebuild memory
	@node scripts/measure-web.mjs $(RESULTS)
	@node scripts/check-budgets.mjs $(RESULTS)

clean: ## remove what was built; tools and node_modules stay
	cargo clean --quiet
	rm -rf web-client/dist web-client/src/core/generated

.NOTPARALLEL:
.PHONY: help setup wasm web build build-dev run test lint budgets supply generate soak bench clean
