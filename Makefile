# Everything a newcomer needs: make run, make test, make ui. The rest is for people who change growthhouse.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
HOME_DIR ?= .
PORT ?= 3000
COMPILE := $(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-header pyproject.toml
export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: test-schedules setup run test unit test-real test-browser test-faults test-postgres check docs ui lock clean
setup: $(STAMP)

$(STAMP): requirements/dev.txt requirements/bootstrap.txt pyproject.toml
	@python3 -m venv $(VENV) 2>/dev/null || (apt-get update -q && apt-get install -y -q python3-venv && python3 -m venv $(VENV))
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip install -q --compile-bytecode -p $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install -q -p $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: setup            ## simulate a shop if there is no data, then one night
	@test -f growth.yaml || $(BIN)/growthhouse init .
	@test -d data/raw || $(BIN)/growthhouse simulate --users 5000 --days 60 --seed 7
	@$(BIN)/growthhouse run

test: setup           ## every fast and integration test
	@$(BIN)/python -m pytest

test-real: setup      ## one night on each real data set in ../shared/data, held against independent figures
	@$(BIN)/python -m pytest tests/real

test-browser: setup   ## the Dagster UI in headless Chromium (installed with apt-get where it is missing and allowed)
	@command -v chromium >/dev/null || (apt-get update -q && apt-get install -y -q chromium) >/dev/null 2>&1 || true
	@$(BIN)/python -m pytest tests/browser -rs

test-faults: setup    ## kills, full disks, damaged files: FAULT_RUNS=100 random moments by default (an hour on two cores)
	@$(BIN)/python -m pytest tests/faults -rs

test-postgres: setup  ## Dagster's records in PostgreSQL, on a server of its own in a temporary folder (installed where missing and allowed)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || (apt-get update -q && apt-get install -y -q --no-install-recommends postgresql) >/dev/null 2>&1 || true
	@$(BIN)/uv pip install -q --compile-bytecode -p $(BIN)/python --require-hashes -r requirements/postgres.txt
	@$(BIN)/python -m pytest tests/postgres -rs

docs: setup           ## the dbt docs site of every table, a single file: dbt_project/target/static_index.html
	@GROWTH_BUILD_DB=$(abspath $(HOME_DIR))/data/build/growth.duckdb $(BIN)/dbt docs generate --static --quiet --project-dir dbt_project --profiles-dir dbt_project
	@echo "wrote dbt_project/target/static_index.html"

test-schedules: setup ## random deliveries by delta nights against one delivery (GROWTH_SCHEDULES cases, default 200: some hours)
	@$(BIN)/python -m pytest tests/schedules

unit: setup
	@$(BIN)/python -m pytest tests/unit

check: setup          ## linters, types, architecture, dbt and dagster definitions
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/dbt parse --quiet --project-dir dbt_project --profiles-dir dbt_project
	@$(BIN)/sqlfluff lint dbt_project/models
	@$(BIN)/dagster definitions validate -w workspace.yaml

ui: export GROWTH_HOME := $(abspath $(HOME_DIR))
ui: export GROWTH_CONFIG := $(abspath $(HOME_DIR))/growth.yaml
ui: export DAGSTER_HOME := $(abspath $(HOME_DIR))/data/dagster
ui: setup             ## the Dagster UI of HOME_DIR (default: here) on http://127.0.0.1:3000 (PORT=3000)
	@test -f $(GROWTH_CONFIG) || $(BIN)/growthhouse init $(HOME_DIR)
	@$(BIN)/python -m pipeline.instance $(DAGSTER_HOME) $(PORT)
	@$(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p $(PORT)

lock: setup           ## re-resolve the locked requirements
	@$(COMPILE) --extra dev -o requirements/dev.txt
	@$(COMPILE) -c requirements/dev.txt -o requirements/runtime.txt
	@for extra in postgres bench; do $(COMPILE) --extra $$extra -c requirements/dev.txt -o requirements/$$extra.txt || exit; done

clean:
	rm -rf $(VENV) dbt_project/target dbt_project/logs
