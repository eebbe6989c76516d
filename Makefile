# Targets with a `##` text are listed by `make help`. What is longer than a few lines lies in scripts/.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CONFIG ?= examples/faults.yaml
ARGS ?=
ROWS ?= 20000
PORT ?= 8083
WAREHOUSE ?= warehouse.db
PREFIX ?= /usr/local
QUERY ?= SELECT data_date, count(*) AS rows, count(DISTINCT domain) AS domains FROM fault_record GROUP BY 1 ORDER BY 1
BIN := .build/release
RELEASE := swift build -c release --static-swift-stdlib
SWIFT_FORMAT := swift format
# No backtrace of every error that is thrown: tests here throw by the thousand.
TEST_ENVIRONMENT := SWT_SWIFT_ERROR_BACKTRACING_ENABLED=0
FORMATTED := -r Sources Tests Package.swift
export BIN ROWS

FROM ?= 1
SEEDS ?= 20000
SEED ?=
MUTANTS ?=

.PHONY: help deps test-deps build run extract load test simulate check bench format lint clean demo install

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: CONFIG=$(CONFIG) ARGS=options ROWS=$(ROWS) PORT=$(PORT) WAREHOUSE=$(WAREHOUSE) PREFIX=$(PREFIX)"

deps: ## Install the libraries that the build needs, if any is missing
	@scripts/deps.sh build

test-deps:
	@scripts/deps.sh build test

build: deps ## Build the release binaries bobbin and bobbin-upstream
	$(RELEASE) --product bobbin
	$(RELEASE) --product bobbin-upstream

run: build ## Extract 20 domains x 5 days from the mock upstream, load them, and query the result
	@scripts/with-upstream.sh $(CONFIG) $(BIN)/bobbin run -c $(CONFIG) $(ARGS)
	@scripts/query.sh $(WAREHOUSE) "$(QUERY)"

extract: build ## The first half: source to spool (CONFIG= names a file, ARGS= passes options)
	@scripts/with-upstream.sh $(CONFIG) $(BIN)/bobbin extract -c $(CONFIG) $(ARGS)

load: build ## The second half: spool to target (CONFIG= and ARGS= as for extract)
	@$(BIN)/bobbin load -c $(CONFIG) $(ARGS)

test: test-deps ## Run the whole test suite
	swift build --build-tests
	$(TEST_ENVIRONMENT) swift test --event-stream-output-path .build/tests.ndjson --event-stream-version 0
	scripts/matrix.py .build/tests.ndjson

simulate: deps ## Play simulated worlds (SEEDS= how many, SEED= tells one, MUTANTS= takes rules away: docs/simulation.md)
	swift build --build-tests
	SIMULATE=$(SEEDS) SIMULATE_FROM=$(FROM) SIMULATE_SEED=$(SEED) SIMULATE_MUTANTS=$(MUTANTS) $(TEST_ENVIRONMENT) \
		swift test --skip-build --filter 'StoryTests/$(if $(MUTANTS),everyMutantIsNoticed,everyStoryEndsWell)'

check: ## Do exactly what CI does
	@.ci/run

bench: build ## Measure speed and memory beside the floors (BENCH_ variables: Benchmarks/README.md)
	Benchmarks/bench.sh

format: ## Format all sources in place
	$(SWIFT_FORMAT) -i $(FORMATTED)

lint: ## Check the format of all sources; every finding is an error
	$(SWIFT_FORMAT) lint --strict $(FORMATTED)

demo: build ## Serve the mock upstream on port 8083 (PORT=, ROWS= a partition) until Ctrl-C
	@exec $(BIN)/bobbin demo upstream --port $(PORT) --domains 20 --rows $(ROWS) --quiet

install: build ## Install both binaries below PREFIX (/usr/local)
	install -D -m 755 $(BIN)/bobbin $(DESTDIR)$(PREFIX)/bin/bobbin
	install -D -m 755 $(BIN)/bobbin-upstream $(DESTDIR)$(PREFIX)/bin/bobbin-upstream

clean: ## Remove what was built; the spool and the warehouse stay
	rm -rf .build
