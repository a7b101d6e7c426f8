# The one door. `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test build sbom run run-cluster test unit asan tsan interop chaos bench fuzz format check headers golden docs clean

JOBS ?= $(shell nproc)
export SIGNET_VECTORS ?= $(abspath ../shared/vectors)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install the Debian packages that are missing
	@tools/setup.sh

setup-test: setup ## also what the interop tests need from npm and PyPI
	@tools/setup_test.sh

build: setup ## build/release/bin/signetd and signet
	@cmake --preset release >build-release.log 2>&1 || { cat build-release.log; exit 1; }; rm -f build-release.log
	@cmake --build --preset release -j $(JOBS) --target signetd signet

sbom: build ## what the programs consist of, in build/release/sbom.cdx.json (CycloneDX)
	@python3 tools/sbom.py

run: build ## start the server with a demo client (PORT, DATA_DIR)
	@exec build/release/bin/signetd --demo

run-cluster: build ## PostgreSQL and three instances behind one port (PORT, DATA_DIR)
	@exec python3 tools/run_cluster.py

test: setup build ## every test: unit (with sanitizers), vectors, contract, command line, interop, faults
	@tools/run_tests.sh

unit: setup ## unit and vector tests, fast build without sanitizers
	@cmake --preset dev >/dev/null && cmake --build --preset dev -j $(JOBS) && ctest --test-dir build/dev --output-on-failure

asan: setup ## unit and vector tests under AddressSanitizer and UBSan
	@cmake --preset asan >/dev/null && cmake --build --preset asan -j $(JOBS) && ctest --test-dir build/asan --output-on-failure

tsan: setup ## unit tests under ThreadSanitizer
	@cmake --preset tsan >/dev/null && cmake --build --preset tsan -j $(JOBS) && ctest --test-dir build/tsan --output-on-failure

interop: build ## clients that others wrote, against the built server
	@python3 tests/interop/run.py

chaos: build ## kill -9, rotation under load, slow clients, full disk
	@python3 tests/chaos/run.py

bench: build ## the table of docs/performance.md, also in build/bench.json
	@cmake --preset bench >/dev/null && cmake --build --preset bench -j $(JOBS)
	@python3 bench/run.py

fuzz: setup ## each fuzz target for SECONDS_EACH (60)
	@cmake --preset fuzz >/dev/null && cmake --build --preset fuzz -j $(JOBS)
	@tools/run_fuzz.sh $${SECONDS_EACH:-60}

format: ## clang-format over our sources
	@git ls-files '*.h' '*.cc' | xargs clang-format-14 -i

check: ## layers, coroutines, documented reasons and format, nothing built
	@python3 tools/check_layers.py
	@python3 tools/check_coroutines.py
	@python3 tools/check_reasons.py
	@git ls-files '*.h' '*.cc' | xargs clang-format-14 --dry-run -Werror

headers: setup ## every header compiles alone; what did so before and did not change is not tried again
	@cmake --preset dev >/dev/null && python3 tools/check_headers.py --jobs $(JOBS)

clean: ## remove what was built
	@rm -rf build
