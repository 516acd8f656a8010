# `make help` prints the comments after ## below; a line that begins with ##@ is the title of a group.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
HOME_DIR ?= .
PORT ?= 3000
DEMO_DIR ?= demo
COLLECTOR_PORT ?= 8000
SHOP_PORT ?= 8080
TEST_WORKERS ?= 2
TRACKER := collector/tracker
NODE_STAMP := $(TRACKER)/node_modules/.package-lock.json
# Each file is run by one process, in the order of tests/conftest.py.
IN_PARALLEL := -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder
COVERAGE_TESTS ?= tests/unit tests/component
CI_TARGETS := check test test-nights test-real test-browser test-tracker test-postgres
COMPILE := $(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-header pyproject.toml
# Hundreds of processes of a test run import the same modules: the first one compiles them for all.
unexport PYTHONDONTWRITEBYTECODE
GET_CHROMIUM := command -v chromium >/dev/null || (apt-get update -q && apt-get install -y -q chromium) >/dev/null 2>&1 || true
export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help setup run ui demo docs unit test test-all test-nights test-real test-browser test-tracker test-postgres test-faults test-schedules explore \
	check coverage tracker hooks lock clean

help:                 ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Try it
setup: $(STAMP)       ## create .venv from the locked requirements; every other target does this first

$(STAMP): requirements/dev.txt requirements/bootstrap.txt pyproject.toml
	@python3 -m venv $(VENV) 2>/dev/null || (apt-get update -q && apt-get install -y -q python3-venv && python3 -m venv $(VENV))
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip install -q --compile-bytecode -p $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install -q -p $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: setup            ## simulate a shop if there is no data, then run one night
	@test -f growth.yaml || $(BIN)/growthhouse init .
	@test -d data/raw || $(BIN)/growthhouse simulate --users 5000 --days 60 --seed 7
	@$(BIN)/growthhouse run

ui: export GROWTH_HOME := $(abspath $(HOME_DIR))
ui: export GROWTH_CONFIG := $(abspath $(HOME_DIR))/growth.yaml
ui: export DAGSTER_HOME := $(abspath $(HOME_DIR))/data/dagster
ui: setup             ## start the Dagster UI of HOME_DIR (default: this folder) on http://127.0.0.1:PORT (default: 3000)
	@test -f $(GROWTH_CONFIG) || $(BIN)/growthhouse init $(HOME_DIR)
	@$(BIN)/python -m pipeline.orchestration.instance $(DAGSTER_HOME) $(PORT)
	@$(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p $(PORT)

demo: setup           ## an open shop in DEMO_DIR=demo: simulated visitors, pages to click, the collector, the UI; Ctrl-C ends all
	@test -f $(DEMO_DIR)/growth.yaml || { $(BIN)/growthhouse init $(DEMO_DIR) && \
		printf '\ncollector: {max_open: 1 minute}\n' >> $(DEMO_DIR)/growth.yaml; }
	@set -e; $(BIN)/growthhouse collect --config $(DEMO_DIR)/growth.yaml --port $(COLLECTOR_PORT) & collector=$$!; \
		trap "kill $$collector 2>/dev/null; wait" EXIT; \
		until (: < /dev/tcp/127.0.0.1/$(COLLECTOR_PORT)) 2>/dev/null; do kill -0 $$collector; sleep 0.2; done; \
		$(BIN)/growthhouse simulate --live http://127.0.0.1:$(COLLECTOR_PORT) --users 500 --days 30 & shop=$$!; \
		$(BIN)/python -m http.server --bind 127.0.0.1 -d examples/shop $(SHOP_PORT) >/dev/null 2>&1 & pages=$$!; \
		trap "kill $$pages $$shop $$collector 2>/dev/null; wait" EXIT; \
		echo "collector: http://127.0.0.1:$(COLLECTOR_PORT)/api/track, what it counts: http://127.0.0.1:$(COLLECTOR_PORT)/metrics"; \
		echo "a shop to click through, which sends to port 8000: http://127.0.0.1:$(SHOP_PORT)"; \
		echo "Dagster UI: http://127.0.0.1:$(PORT); a night loads events a minute after they were sent"; \
		$(MAKE) --no-print-directory ui HOME_DIR=$(DEMO_DIR)

docs: TARGET = $(if $(wildcard $(HOME_DIR)/data/build/dbt_vars.yml),$(HOME_DIR)/data/build/dbt,dbt_project/target)
docs: setup           ## write the dbt docs site as a single file; of HOME_DIR (default: this folder) if it has run a night
	@if test -f $(HOME_DIR)/data/build/dbt_vars.yml; then $(BIN)/growthhouse dbt --home $(HOME_DIR) -- docs generate --static --quiet; \
		else $(BIN)/dbt docs generate --static --quiet --project-dir dbt_project --profiles-dir dbt_project; fi
	@echo "wrote $(TARGET)/static_index.html"

##@ Test it
unit: setup           ## unit tests
	@$(BIN)/python -m pytest $(IN_PARALLEL) tests/unit

test: setup           ## unit, component, integration, conformance and architecture tests, in TEST_WORKERS=2 processes
	@$(BIN)/python -m pytest $(IN_PARALLEL) -m "not nights"

test-nights: setup    ## nights that are stopped, repeated, damaged or erased, and changed copies of the project
	@$(BIN)/python -m pytest $(IN_PARALLEL) -m nights tests/integration tests/component

test-all: setup       ## everything that continuous integration runs
	@for target in $(CI_TARGETS); do echo "== make $$target ($$SECONDS s)"; $(MAKE) --no-print-directory $$target || exit; done
	@echo "== done"

test-real: setup      ## nights on the real data sets and public cases in ../shared, compared with independent figures
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup tests/real

test-browser: setup   ## the Dagster UI in headless Chromium (installed with apt-get where missing and allowed)
	@$(GET_CHROMIUM)
	@$(BIN)/python -m pytest tests/browser -rs

test-tracker: setup $(NODE_STAMP) ## the tracker: types, size, committed build; in headless Chromium with a collector (both as above)
	@cd $(TRACKER) && npm run --silent check
	@$(GET_CHROMIUM)
	@$(BIN)/python -m pytest tests/tracker -rs

test-postgres: setup  ## Dagster's records in a temporary PostgreSQL server (installed with apt-get where missing and allowed)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || (apt-get update -q && apt-get install -y -q --no-install-recommends postgresql) >/dev/null 2>&1 || true
	@$(BIN)/uv pip install -q --compile-bytecode -p $(BIN)/python --require-hashes -r requirements/postgres.txt
	@$(BIN)/python -m pytest tests/postgres -rs

explore: setup        ## property tests on new random examples (the other targets repeat theirs), 1,000 each unless a test says less
	@GROWTH_EXAMPLES=explore $(BIN)/python -m pytest $(IN_PARALLEL) -m hypothesis tests/unit tests/component tests/conformance

test-faults: setup    ## killed nights, full disks, damaged files: FAULT_RUNS=100 random moments (over an hour)
	@$(BIN)/python -m pytest tests/faults -rs

test-schedules: setup ## random delivery orders compared with one delivery: GROWTH_SCHEDULES=200 cases (hours)
	@$(BIN)/python -m pytest tests/schedules

##@ Change it
check: setup          ## linters, types, architecture rules, dbt parse, Dagster definitions
	@$(BIN)/mypy & mypy=$$!; \
		$(BIN)/ruff check --quiet . && \
		$(BIN)/ruff format --check --quiet . && \
		$(BIN)/lint-imports && \
		$(BIN)/dbt parse --quiet --project-dir dbt_project --profiles-dir dbt_project && \
		PYTHONWARNINGS=ignore::UserWarning $(BIN)/sqlfluff lint --processes $(TEST_WORKERS) dbt_project/models && \
		$(BIN)/dagster definitions validate -w workspace.yaml; \
		others=$$?; wait $$mypy && exit $$others

coverage: setup       ## line and branch coverage of COVERAGE_TESTS (default: unit and component tests), as text and htmlcov/index.html
	@$(BIN)/python -m pytest --cov --cov-report=term --cov-report=html $(COVERAGE_TESTS)

tracker: $(NODE_STAMP) ## build the tracker for pages (Node.js is installed with apt-get where missing and allowed)
	@cd $(TRACKER) && npm run --silent build

$(NODE_STAMP): $(TRACKER)/package-lock.json
	@command -v npm >/dev/null || (apt-get update -q && apt-get install -y -q --no-install-recommends nodejs npm) >/dev/null
	@cd $(TRACKER) && npm ci --silent

hooks: setup          ## run the quick checks at every git commit (.pre-commit-config.yaml)
	@$(BIN)/pre-commit install

lock: setup           ## resolve the locked requirements again
	@$(COMPILE) --extra dev -o requirements/dev.txt
	@$(COMPILE) -c requirements/dev.txt -o requirements/runtime.txt
	@for extra in postgres bench; do $(COMPILE) --extra $$extra -c requirements/dev.txt -o requirements/$$extra.txt || exit; done

clean:                ## remove .venv, dbt's output and coverage reports; data and growth.yaml stay
	rm -rf $(VENV) dbt_project/target dbt_project/logs .coverage .coverage.* htmlcov
