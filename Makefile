# Everything a developer types. `make` alone tells what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: help serve test lint types cov bench clean

help:  ## Tell what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

serve: $(VENV)/.mock  ## Run the mock of all protocols, and print where to connect (ARGS="--port 9000")
	@$(BIN)/ws-harness serve $(ARGS)

test: $(VENV)/.dev node_modules/.ready  ## Run all tests that this machine can run, and say what was left out (ARGS="-k fills")
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev  ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## Check types, strictly
	$(BIN)/mypy

# Two parts: tests of suites stand each for itself, and a file of them is too long for one process.
cov: $(VENV)/.dev node_modules/.ready  ## Run the tests with branch coverage; core, protocols and scenario must reach 100 %
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore=tests/conformance --cov --cov-report= $(ARGS)
	$(BIN)/pytest --numprocesses 2 --dist worksteal tests/conformance --cov --cov-append --cov-report=term-missing:skip-covered $(ARGS)
	$(BIN)/coverage report --fail-under=100 --include='harness/core/*,harness/protocols/*,harness/scenario/*'

bench: $(VENV)/.dev bench/peers/node_modules/.ready  ## Measure speed, beside other servers, in one run (ARGS=--quick: some three minutes)
	@$(BIN)/python -m bench.validators
	@$(BIN)/python -m bench $(ARGS)
	@$(BIN)/python bench/generator.py

clean:  ## Remove what was installed and built
	rm -rf $(VENV) node_modules bench/peers/node_modules build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.mock: pyproject.toml | $(BIN)/python
	@echo "Installing the mock into $(VENV) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing the development set into $(VENV) ..."
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.mock

# Node's own packages are wanted where Node is; without it, the tests that need it are left out, and say so.
node_modules/.ready: package.json package-lock.json
	@mkdir -p node_modules
	@if command -v npm >/dev/null; then \
		echo "Installing the Node packages that tests use ..."; npm ci --silent --no-audit --no-fund; \
	else echo "npm is not here: the tests that need Node.js are left out"; fi
	@mkdir -p node_modules && touch $@

# The peers of the benchmark in Node.js are apart, so that tests need not wait for them.
bench/peers/node_modules/.ready: bench/peers/package.json bench/peers/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Installing the Node packages that are measured ..."; \
		cd bench/peers && npm ci --silent --no-audit --no-fund --ignore-scripts; \
	else echo "npm is not here: Node ws and Mockoon are left out"; fi
	@mkdir -p bench/peers/node_modules && touch $@
