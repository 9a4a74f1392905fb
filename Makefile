# `make test` on a fresh machine: its own virtual environment, the tested versions, all checks.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: test example check lint format types clean

test: $(STAMP) lint types
	HF_HUB_OFFLINE=1 $(BIN)/pytest -n 2 --dist loadfile

example: $(STAMP)
	$(BIN)/inspect eval gemma_distress/transcripts --model none -T path=examples/chats.jsonl \
	  --model-role grader=gemma_distress/lexical --log-dir logs --display plain

check: lint types

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMP)
	$(BIN)/mypy

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and f"Python 3.11 or newer is needed, {v[0]}.{v[1]} was found: make test PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
