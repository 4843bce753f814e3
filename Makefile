# make demo    data, three short trainings, and the share of the gap that adaptation covers
# make test    formatting, lints and all tests
# make book    the book as pages in target/book, without a warning, and each of its links followed
# make deb     a Debian package in target/debian, installed, tried and removed where that can be done
# make bench-peers   the training step beside PyTorch and Burn; writes benches/RESULTS.md (PYTHON=, ROUNDS=)
# make soak    the tests of reliability in their long forms: hours (FUZZ_SECONDS=)
# make features   every feature alone, without a warning, and the public names that are promised
# make deny    licences, advisories and duplicate versions of the dependencies
# make setup   only what both need: the build, and a Vulkan driver where there is no adapter

SHELL := /bin/bash
# Mesa complains on stderr where there is none.
export XDG_RUNTIME_DIR ?= /tmp

DANN := target/release/dann
# A directory of photos for the backgrounds of MNIST-M; fetched, or else generated, if left out.
PHOTOS ?=
# How often bench-peers runs every peer.
ROUNDS ?= 5

.PHONY: help demo test book deb bench-peers soak features deny msrv setup build tools clean-demo
help:
	@sed -n 's/^# make/make/p' Makefile

demo: setup
	DANN=$(DANN) PHOTOS='$(PHOTOS)' scripts/demo.sh

# The test profile is built first: it brings the program along, and the dependencies are built only once.
test: tools book
	cargo fmt --check
	@if typos --version >/dev/null 2>&1; then typos; else echo "skipped: spelling, as there is no typos (pip install typos)"; fi
	scripts/embed_cost.sh
	cargo clippy --release --all-targets -- -D warnings
	cargo test --release --no-run
	scripts/vulkan.sh $(DANN)
	cargo test --release
	scripts/deb.sh
	scripts/mpi.sh
	@if command -v python3 >/dev/null; then python3 scripts/book_commands.py $(DANN); \
	else echo "skipped: the commands of the book, as there is no python3"; fi

book:
	scripts/book.sh

deb: build
	scripts/deb.sh

bench-peers: setup
	python3 benches/peers/run.py --rounds $(ROUNDS)

soak: setup
	scripts/soak.sh

features: tools
	scripts/features.sh

deny:
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
	cargo deny check

# The oldest Rust that builds this, for continuous integration.
msrv:
	@sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml

setup: build
	scripts/vulkan.sh $(DANN)

build:
	cargo build --release

tools:
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

# The data are kept.
clean-demo:
	rm -rf runs/demo
