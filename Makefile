# Each target does all its own set-up, whose words go to stderr, and can be run again; `make` lists them.

export PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint firmware-config/constraints.txt
SETTERS := Makefile pyproject.toml firmware-config/constraints.txt firmware-config/debian-packages.sh firmware-config/venv.sh
# Tests wait more than they compute; two cores are what CI and a Pi's owner have at least.
WORKERS ?= 2
RULES := ruff check, ruff format, mypy --strict, import contracts

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench soak lint install constraints docs-tables settings-file clean

help:
	@echo 'make demo     the whole appliance on this machine: two hubs, drawn cameras, a broker, central'
	@echo 'make test     the tests (at most 10 minutes); ARGS="-k words" chooses'
	@echo 'make setup    .venv with the package alone'
	@echo 'make bench    the table of ratios; make soak: the long runs, by hand'
	@echo 'make lint     $(RULES)'
	@echo 'make install  onto this box: /opt/hub-appliance, units, settings (as root)'
	@echo 'make clean    removes .venv and caches'

setup: .venv/.setup

demo: .venv/.demo
	@$(BIN)/appliance demo $(ARGS)

test: .venv/.test
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup tests/unit tests/integration tests/e2e $(ARGS)

bench: .venv/.test
	$(BIN)/python -m pytest --numprocesses 0 --timeout 0 --capture no --no-header --quiet tests/bench $(ARGS)

soak: .venv/.test
	SOAK=1 $(BIN)/python -m pytest --numprocesses 0 --timeout 0 -m soak tests $(ARGS)

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

install:
	sh firmware-config/install.sh

# The exact versions that boxes, developers and CI get: those of a fresh environment, looked at before they are committed.
constraints:
	sh firmware-config/constraints.sh

docs-tables: .venv/.test
	@$(BIN)/python -m tests.unit.docs.tables

settings-file: .venv/.test
	$(BIN)/python -m tests.unit.docs.tables toml >firmware-config/appliance.toml

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.setup: $(SETTERS)
	@sh firmware-config/debian-packages.sh run
	@sh firmware-config/venv.sh .venv
	@echo 'Installing the package and its libraries into .venv' >&2
	@$(PIP_INSTALL) --editable . >&2
	@touch $@

.venv/.demo: $(SETTERS)
	@sh firmware-config/debian-packages.sh run
	@sh firmware-config/venv.sh .venv
	@echo 'Installing the package, its libraries and the demo'\''s broker into .venv' >&2
	@$(PIP_INSTALL) --editable '.[demo]' >&2
	@touch $@

.venv/.test: $(SETTERS)
	@sh firmware-config/debian-packages.sh test
	@sh firmware-config/venv.sh .venv
	@echo 'Installing the package, its libraries and the test tools into .venv' >&2
	@$(PIP_INSTALL) --editable '.[test]' >&2
	@touch $@ .venv/.demo .venv/.setup
