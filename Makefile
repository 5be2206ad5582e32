# Needs make, bash and Python 3.11 or newer; everything else is installed into .venv, in the versions of constraints.txt.
# `make help` lists the targets.

PYTHON ?= python3
VENV   ?= .venv
DEMO   ?= clv-demo
SPARK_VENV ?= $(VENV)-spark
DBT_VENV ?= $(VENV)-dbt
PYTEST_ARGS ?=
# For bench-compare: the commit to compare with ("release": the last release), the ratio of times above which it fails,
# and how often each version runs.
BASE   ?= main
MOST   ?= 1.25
ROUNDS ?= 5

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip
INSTALL := $(PIP) install --quiet --disable-pip-version-check --constraint constraints.txt
STAMPS := $(VENV)/stamps

# What goes into the wheel. The folders count too: they change when a file is added or removed.
SOURCES := pyproject.toml README.md LICENSE \
           $(shell find clvmodels data \( -name __pycache__ -prune \) -o -print 2>/dev/null)

# Each worker starts with consecutive tests, which share fixtures, and takes over half of the rest of another at the end.
PYTEST := $(BIN)/pytest -n auto --dist worksteal $(PYTEST_ARGS)
# The installed wheel is tested, so no process may find the checkout's package in its working directory.
PYTEST_WHEEL := CLV_TEST_WHEEL=1 PYTHONSAFEPATH=1 $(PYTEST)
PYTEST_CHECKOUT := $(PYTEST)
# Compiled tests and modules are kept, because every worker and every command that a test starts imports them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help dev demo quick test accept spark dbt airflow mlflow coverage bench bench-compare lint format gallery notebooks notebooks-write docs \
        wheel package matrix clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- while developing: on the checkout, installed in editable mode -----------------------------------------

dev: $(STAMPS)/dev  ## install the checkout in editable mode, with the tools for development
	@echo "Activate it with: source $(BIN)/activate. To check each commit: pre-commit install"

quick: $(STAMPS)/dev  ## the fast tests, in under a minute
	$(PYTEST_CHECKOUT) --dist loadfile -m "not slow and not acceptance" tests --ignore=tests/acceptance --ignore=tests/benchmarks

coverage: $(STAMPS)/dev  ## all tests but those of `make accept`, and the lines they do not execute
	$(PYTEST_CHECKOUT) --cov --cov-report=term-missing:skip-covered -m "not acceptance" tests --ignore=tests/benchmarks

lint: $(STAMPS)/dev  ## formatting, style, spelling, types, imports between packages, and the workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

format: $(STAMPS)/dev  ## format the code, and fix what can be fixed automatically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-compare: $(STAMPS)/dev  ## time BASE=commit and this checkout in turn; fail where the ratio is above MOST=1.25
	$(BIN)/python tests/benchmarks/compare.py "$(BASE)" --most "$(MOST)" --rounds "$(ROUNDS)"

docs: $(STAMPS)/dev  ## the site (guide, notebooks, gallery, reference), into build/docs/; a warning is an error
	PYTHONSAFEPATH=1 $(BIN)/python .ci/docs/build.py build/docs

package: $(STAMPS)/dev  ## build the sdist, and from it the wheel, into dist/package/; check their contents
	rm -rf dist/package
	$(BIN)/python -m build --no-isolation --outdir dist/package .
	$(BIN)/python .ci/check_package.py dist/package

matrix: package  ## install the built package on every Python, oldest and newest dependencies; run the demo from each
	$(BIN)/python .ci/matrix.py dist/package $(PYTHONS)

# ---- on the installed wheel: what a user gets --------------------------------------------------------------

demo: $(STAMPS)/installed  ## the whole path on the bundled CDNOW log, into clv-demo/
	PYTHONSAFEPATH=1 $(BIN)/clv demo

test: $(STAMPS)/test  ## all tests but those of `make accept`, on the installed wheel
	$(PYTEST_WHEEL) -m "not acceptance" tests --ignore=tests/benchmarks

accept: $(STAMPS)/test  ## the acceptance tests, on the installed wheel
	$(PYTEST_WHEEL) -m acceptance tests --ignore=tests/benchmarks

spark: $(STAMPS)/spark  ## the tests that need Java 17 and PySpark, on the wheel, in an environment of their own
	CLV_REQUIRE_SPARK=1 CLV_TEST_WHEEL=1 PYTHONSAFEPATH=1 $(SPARK_VENV)/bin/python -m pytest $(PYTEST_ARGS) -m spark tests/engines

dbt: $(STAMPS)/test $(STAMPS)/dbt  ## the dbt package on DuckDB and PostgreSQL, with dbt in an environment of its own
	CLV_DBT="$(abspath $(DBT_VENV))/bin/dbt" CLV_TEST_WHEEL=1 PYTHONSAFEPATH=1 $(BIN)/pytest $(PYTEST_ARGS) \
	    tests/engines/test_dbt_package.py

airflow: $(STAMPS)/test $(STAMPS)/airflow  ## the DAG of the guide in Airflow, in an environment of its own
	CLV_AIRFLOW="$(abspath $(VENV)-airflow)/bin/airflow" CLV_TEST_WHEEL=1 PYTHONSAFEPATH=1 $(BIN)/pytest $(PYTEST_ARGS) \
	    -m airflow tests/test_examples.py

mlflow: $(STAMPS)/mlflow  ## models saved, logged, registered and loaded by MLflow, in an environment of its own
	PYTHONSAFEPATH=1 $(VENV)-mlflow/bin/python tests/benchmarks/mlflow_round_trip.py

bench: $(STAMPS)/test  ## every benchmark into tests/benchmarks/results.json (about an hour); STEPS="report": some steps
	$(BIN)/python tests/benchmarks/$(if $(STEPS),steps.py "$(STEPS)",run.py --everything)

gallery: $(STAMPS)/test  ## every plot, drawn from CDNOW into gallery/
	PYTHONSAFEPATH=1 $(BIN)/python tests/gallery/draw.py gallery

notebooks: $(STAMPS)/notebooks  ## run every notebook; fail on any error
	$(BIN)/python tests/notebooks/run.py

notebooks-write: $(STAMPS)/notebooks  ## run every notebook and write its outputs into it
	$(BIN)/python tests/notebooks/run.py --write

wheel: $(STAMPS)/wheel  ## build the wheel, into dist/

clean:  ## remove the environment, everything built, every cache and the demo's output
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* htmlcov \
	    $(DEMO) gallery
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the environment: a stamp for each step that has been done ---------------------------------------------
# The package is installed either as a wheel or in editable mode: installing one removes the other's stamp.

$(STAMPS)/venv:
	@python=; \
	for candidate in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python; do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        python=$$candidate; break; \
	    fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "clvmodels needs Python 3.11 or newer. $(PYTHON) here: $$("$(PYTHON)" --version 2>/dev/null || echo none)." >&2; \
	    echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
	    exit 1; \
	fi; \
	if [ "$$python" != "$(PYTHON)" ]; then \
	    echo "$(PYTHON) is missing or older than 3.11: using $$python"; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear "$(VENV)" || { \
	    echo "$$python cannot make a virtual environment (on Debian: install python3-venv)." >&2; exit 1; }
	@mkdir -p $(STAMPS)
	@touch $@

# Without isolation, so that what builds is pinned as well.
$(STAMPS)/wheel: $(SOURCES) constraints.txt | $(STAMPS)/venv
	@rm -f dist/clvmodels-*.whl
	$(INSTALL) hatchling
	$(PIP) wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir dist .
	@touch $@

$(STAMPS)/installed: $(STAMPS)/wheel
	@rm -f $(STAMPS)/dev
	@$(PIP) uninstall --quiet --disable-pip-version-check --yes clvmodels 2>/dev/null
	$(INSTALL) dist/clvmodels-*.whl
	@touch $@

# The extras. The package itself is there already, from the same wheel.
$(STAMPS)/test $(STAMPS)/notebooks: $(STAMPS)/%: $(STAMPS)/installed
	$(INSTALL) "$$(echo dist/clvmodels-*.whl)[$*]"
	@touch $@

# PySpark needs other versions of some packages than the rest, so it has an environment of its own.
$(STAMPS)/spark: $(STAMPS)/wheel
	$(BIN)/python -m venv --clear $(SPARK_VENV)
	$(SPARK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	    "$$(echo dist/clvmodels-*.whl)[spark,test]"
	@touch $@

# dbt has pins of its own.
$(STAMPS)/dbt: constraints.txt | $(STAMPS)/venv
	$(BIN)/python -m venv --clear $(DBT_VENV)
	$(DBT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check $$(grep '^dbt-' constraints.txt)
	@touch $@

# Airflow and MLflow have pins of their own, complete, so that nothing has to be resolved.
$(STAMPS)/airflow $(STAMPS)/mlflow: $(STAMPS)/%: .ci/%.txt $(STAMPS)/wheel
	$(BIN)/python -m venv --clear $(VENV)-$*
	$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
	    --requirement .ci/$*.txt dist/clvmodels-*.whl
	@touch $@

$(STAMPS)/dev: pyproject.toml constraints.txt | $(STAMPS)/venv
	@rm -f $(STAMPS)/installed
	$(INSTALL) hatchling editables
	$(INSTALL) --no-build-isolation --editable ".[dev]"
	@touch $@
