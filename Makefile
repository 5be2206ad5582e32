# Needs make and a Python of at least 3.11; everything else is installed into .venv, in the versions of constraints.txt.
# `make help` lists what there is to do.

PYTHON ?= python3
VENV   ?= .venv
DEMO   ?= clv-demo
PYTEST_ARGS ?=

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PIP := $(VENV)/bin/python -m pip
INSTALL := $(PIP) install --quiet --disable-pip-version-check --constraint constraints.txt
STAMPS := $(VENV)/stamps

# What goes into the wheel. The folders count too: they change when a file is added or removed.
SOURCES := pyproject.toml README.md LICENSE \
           $(shell find clvmodels data \( -name __pycache__ -prune \) -o -print 2>/dev/null)

# The installed wheel is tested, so no process may find the checkout's package in its working directory.
TESTS := CLV_TEST_WHEEL=1 PYTHONSAFEPATH=1 $(VENV)/bin/pytest -n auto $(PYTEST_ARGS)

.PHONY: help demo test accept bench lint format gallery notebooks notebooks-write docs wheel package matrix clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(STAMPS)/installed  ## the whole path on the bundled CDNOW log, into clv-demo/
	PYTHONSAFEPATH=1 $(VENV)/bin/clv demo

test: $(STAMPS)/test  ## all tests but those of `make accept`, on the installed wheel
	$(TESTS) tests --ignore=tests/acceptance --ignore=tests/benchmarks

accept: $(STAMPS)/test  ## the acceptance tests, on the installed wheel
	$(TESTS) tests/acceptance

bench: $(STAMPS)/test  ## the benchmarks
	$(VENV)/bin/python tests/benchmarks/run.py

lint: $(STAMPS)/dev  ## formatting, style, types and the order of the rooms
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy --strict
	$(VENV)/bin/lint-imports --no-logo

format: $(STAMPS)/dev  ## format the code, and mend what can be mended
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

gallery: $(STAMPS)/test  ## every plot, drawn from CDNOW into gallery/
	PYTHONSAFEPATH=1 $(VENV)/bin/python tests/gallery/draw.py gallery

notebooks: $(STAMPS)/notebooks  ## run every notebook; fail on any error
	$(VENV)/bin/python tests/notebooks/run.py

notebooks-write: $(STAMPS)/notebooks  ## run every notebook and keep its outputs
	$(VENV)/bin/python tests/notebooks/run.py --write

docs: $(STAMPS)/dev  ## the HTML reference of every public object, into build/docs/
	PYTHONSAFEPATH=1 $(VENV)/bin/python .ci/build_docs.py build/docs

wheel: $(STAMPS)/wheel  ## build the wheel, into dist/

package: $(STAMPS)/dev  ## build the sdist, and from it the wheel, into dist/package/; check what is in them
	rm -rf dist/package
	$(VENV)/bin/python -m build --no-isolation --outdir dist/package .
	$(VENV)/bin/python .ci/check_package.py dist/package

matrix: package  ## install the built package on every Python, oldest and newest dependencies; run the demo from each
	$(VENV)/bin/python .ci/matrix.py dist/package $(PYTHONS)

clean:  ## remove the environment, everything built, every cache and the demo's output
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(DEMO) gallery
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the environment: a stamp for each thing that has been done --------------------------------------------

$(STAMPS)/venv:
	@python=; \
	for candidate in "$(PYTHON)" python3 python3.13 python3.12 python3.11; do \
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
	@$(PIP) uninstall --quiet --disable-pip-version-check --yes clvmodels 2>/dev/null
	$(INSTALL) dist/clvmodels-*.whl
	@touch $@

# The extras. The package itself is there already, from the same wheel.
$(STAMPS)/test $(STAMPS)/notebooks $(STAMPS)/dev: $(STAMPS)/%: $(STAMPS)/installed
	$(INSTALL) "$$(echo dist/clvmodels-*.whl)[$*]"
	@touch $@
