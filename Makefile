# Every target makes its own virtual environment from nothing: `uv` if it is there, else the standard library's venv and pip.
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PYTHON ?= python3
SOURCES := pyproject.toml CMakeLists.txt $(wildcard src/micromarket/kernels/native/*)

.DEFAULT_GOAL := help
.PHONY: help demo test oracles check format bench docs serve clean

help:  ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-8s %s\n", $$1, $$2}'

ifdef UV
INSTALL := VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet
$(BIN)/python:
	@$(UV) venv --quiet --python $(PYTHON) $(VENV)
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)
endif

$(VENV)/installed: $(BIN)/python $(SOURCES)
	@echo "installing micromarket and its kernels into $(VENV) ..." >&2
	@$(INSTALL) -e .
	@$(BIN)/python -c 'from micromarket.kernels import backend; print("kernels:", backend.NAME)' >&2
	@touch $@

$(VENV)/installed-dev: $(BIN)/python $(SOURCES)
	@echo "installing micromarket, its kernels and the development tools into $(VENV) ..." >&2
	@$(INSTALL) -e '.[dev]'
	@$(BIN)/python -c 'from micromarket.kernels import backend; print("kernels:", backend.NAME)' >&2
	@touch $(VENV)/installed $@

demo: $(VENV)/installed  ## Run the example street for a week and write its report
	@$(BIN)/micromarket demo

test: $(VENV)/installed-dev  ## Run every test
	@$(BIN)/python -m pytest -n auto

oracles: $(VENV)/installed-dev  ## Judge a million random events by brute force and programs: minutes
	@$(BIN)/python -m pytest -n auto tests/oracles --oracle-events 1000000

check: $(VENV)/installed-dev  ## Formatting, lint, types, floors, spelling
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell

format: $(VENV)/installed-dev  ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/installed-dev  ## Print every speed claim beside what it is compared with
	@for file in benchmarks/bench_*.py; do echo; echo "# $$file"; $(BIN)/python $$file || exit 1; done

docs: $(VENV)/installed-dev  ## Build the documentation into site/
	@$(INSTALL) -e '.[docs]'
	@$(BIN)/zensical build --clean

serve: demo docs  ## Show the documentation and the demo's report at http://127.0.0.1:8000
	@mkdir -p site && cp runs/demo/report.html site/demo.html
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory site 8000

clean:  ## Remove everything that was made
	@rm -rf $(VENV) build site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
