.DEFAULT_GOAL := help
.PHONY: help run test check format bench bench-faults css lock clean
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= var
export TIDINGS_DATA_DIR ?= $(CURDIR)/$(DATA)
# Wheels are compiled to bytecode at installation; nothing is written while running from a read-only place.
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.base ## Set everything up and start Tidings with its sample organisation
	@[ -e "$(TIDINGS_DATA_DIR)/models" ] || echo "Fetching the local model (130 MB; Tidings works without it, too) …" >&2
	@$(BIN)/python -m tidings.llm.llama.weights "$(TIDINGS_DATA_DIR)"
	@$(BIN)/tidings up

test: $(VENV)/.dev ## Set everything up and run the tests
	@scripts/system_packages.sh
	$(BIN)/pytest -q -n 2 --dist loadgroup

check: $(VENV)/.dev ## Lint, types and floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/basedpyright

format: $(VENV)/.dev ## Put the code into its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.dev ## Measure, each against a peer in one run
	@for file in bench/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

bench-faults: $(VENV)/.dev ## Send beside every fault of a relay
	$(BIN)/python bench/faults.py

css: $(VENV)/.dev ## Build the style sheet that is shipped
	$(BIN)/python scripts/build_css.py

lock: $(VENV)/.dev ## Pin the requirements anew, with hashes
	cd requirements && for name in base pdf dev; do ../$(BIN)/uv pip compile -q --generate-hashes --universal \
	  --python-version 3.11 --no-header --upgrade $$name.in -o $$name.txt || exit 1; done

clean: ## Remove what was built (the data in var/ stays)
	rm -rf $(VENV) .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.base: requirements/base.txt pyproject.toml
	@scripts/make_venv.sh $(PYTHON) $(VENV) requirements/base.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/base.txt pyproject.toml
	@scripts/make_venv.sh $(PYTHON) $(VENV) requirements/dev.txt
	@touch $(VENV)/.base $@
