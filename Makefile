# Two commands do everything on a fresh Debian or Ubuntu machine: `make demo` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help install install-dev demo test check format bench chaos serve docs clean

T ?=
# Test files run side by side; each starts its own stores, databases and page workers. WORKERS=0 runs one after the other.
WORKERS ?= 2
PY := .venv/bin/python

help: ## lists these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## installs what is missing; afterwards .venv/bin/archiv is the command
	@tools/install.sh

install-dev:
	@tools/install.sh --dev

demo: install ## the main job on scans it makes itself: from the tray to the locked, verified archive
	@$(PY) -m app.demo

test: install-dev ## all tests (make test T=tests/catalog runs a part)
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(T)

check: install-dev ## format, lint, strict types, import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

format: install-dev ## puts the code into the house format
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench: install-dev ## speed as ratios against named peers, in one run
	@$(PY) -m tests.bench $(T)

chaos: install-dev ## long fault runs: 3 × 70 rounds of kill -9, mutations, disasters
	@$(PY) -m pytest -m chaos $(T)

serve: install ## starts everything one machine needs (stores, Prefect, inbox watch) until Ctrl-C
	@.venv/bin/archiv dienst

docs: install-dev ## writes the generated pages (rules, settings)
	@$(PY) tools/make_docs.py

clean: ## removes what was built (never an archive)
	@rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache .hypothesis
