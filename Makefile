# Everything a fresh machine needs is Python 3.11, make and a package index.
PYTHON ?= python3
ARGS ?=
UV := .tools/bin/uv
RUN := .venv/bin

.PHONY: install rehearsal test style types contracts fix bench clean

rehearsal: install  ## run the main job: a whole migration and a whole night, on simulated parts
	@$(RUN)/rehome rehearse $(ARGS)

test: install  ## linter, formatter, types, contracts, then every test
	@$(RUN)/ruff check --quiet
	@$(RUN)/ruff format --check --quiet
	@$(RUN)/mypy
	@$(RUN)/lint-imports --no-logo 2>/dev/null || $(RUN)/lint-imports
	@POLARS_MAX_THREADS=1 $(RUN)/pytest -n 2 --dist loadgroup $(ARGS)

install: .venv/compiled  ## install exactly what uv.lock says, and compile the loops over columns, once

.venv/installed: uv.lock pyproject.toml | $(UV)
	@$(UV) sync --frozen --quiet --compile-bytecode --python $(PYTHON)
	@touch $@

LOOPS := $(shell grep -rl "charging.loops.compiled" charging --include=*.py)

.venv/compiled: .venv/installed $(LOOPS) rehearsal/loops.py
	@echo "compiling the loops over columns, once"
	@$(RUN)/python -m rehearsal.loops
	@touch $@

$(UV):
	@$(PYTHON) -m venv .tools
	@.tools/bin/pip install --quiet --disable-pip-version-check "uv>=0.8"

style:  ## linter and formatter
	@$(RUN)/ruff check && $(RUN)/ruff format --check

types:
	@$(RUN)/mypy

contracts:  ## the arrows between the rooms
	@$(RUN)/lint-imports

fix:  ## let the linter and the formatter mend what they can
	@$(RUN)/ruff check --fix; $(RUN)/ruff format

bench: bench-load  ## goal 9: extract, cleanse and load 100,000 and 1,000,000 sessions, and the load beside others'

bench-hostile bench-fleet: bench-%: install  ## with what tests have: Hypothesis draws hostile partners, GraphQL plays CitrineOS
	@$(RUN)/python benchmarks/$*.py $(ARGS)

bench-%: .tools/bench/installed  ## one benchmark of benchmarks/, beside its peers
	@.tools/bench/bin/python benchmarks/$*.py $(ARGS)

.tools/bench/installed: uv.lock pyproject.toml | $(UV)  ## the peers are in an environment of their own
	@UV_PROJECT_ENVIRONMENT=.tools/bench $(UV) sync --frozen --quiet --no-group dev --group bench --python $(PYTHON)
	@touch $@

clean:  ## remove what was installed; the rehearsal's data stays
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
