# Every target sets itself up in .venv; nothing is written outside this checkout.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
export PIP_NO_CACHE_DIR := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-thorough bench lint types format migration lock clean

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

bench: $(READY) .venv-bench/.ready ## what the engine promises, as ratios; writes bench.json (ARGS="journal queue")
	$(BIN)/python -m tests.bench $(ARGS)

.venv-bench/.ready: # DBOS, a peer to compare with; without it the table says so
	$(PYTHON) -m venv .venv-bench
	echo '*' > .venv-bench/.gitignore
	.venv-bench/bin/pip install --quiet 'dbos>=3.4,<4' || rm .venv-bench/bin/python
	touch $@

demo: $(READY) ## the main job: merges that reach six tenants, offline (ARGS=--once ends by itself)
	$(BIN)/orbits demo $(ARGS)

lint: $(READY) ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY) ## mypy, strict, on the packages and the tests
	$(BIN)/mypy

test: lint types ## everything that must pass before a merge
	$(BIN)/pytest --numprocesses 2 $(ARGS)

test-thorough: lint types ## the suite and the slow stories, as every night
	$(BIN)/pytest --numprocesses 2 -m 'thorough or not thorough' --hypothesis-profile=random $(ARGS)

format: $(READY) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migration: $(READY) ## write the migration to the tables of today (MESSAGE="Remember who merged")
	$(BIN)/python -m bot.store.new_migration "$(MESSAGE)"
	$(BIN)/ruff check --quiet --fix bot/store/migrations/versions
	$(BIN)/ruff format --quiet bot/store/migrations/versions

lock: $(READY) ## write the exact versions in use to constraints.txt
	$(BIN)/pip freeze --exclude-editable > constraints.txt

clean: ## remove everything that the other targets made
	rm -rf .venv .venv-bench build .orbits-demo .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis bench.json
