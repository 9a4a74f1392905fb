# Two commands for a fresh machine, `make demo` and `make test`; each sets up .venv with the tested versions.
# `make test-vllm` runs the tests that need a vLLM, with its CPU build in an environment of its own.
PYTHON    ?= python3
VENV      ?= .venv
BIN       := $(VENV)/bin
VENV_VLLM ?= .venv-vllm

comma := ,

# What .venv holds. The extra `dev` brings those of the demo along, so either command may come first.
HAS_DEMO := $(VENV)/.has-demo
HAS_DEV      := $(VENV)/.has-dev

.NOTPARALLEL:
.PHONY: demo science test test-vllm check lint format types clean

demo: $(HAS_DEMO)
	HF_HUB_OFFLINE=1 $(BIN)/gemma-distress run --model gemma_distress/organism --grader gemma_distress/lexical \
	  --preset quick --source examples/everyday.jsonl --sampling-seed 1 --log-dir logs/demo
	$(BIN)/gemma-distress report logs/demo --output logs/demo/report.html --figures logs/demo/figures
	@echo; echo 'The suite is done. The mitigation follows, up to nine minutes on two cores; stopped, `make demo` goes on.'
	HF_HUB_OFFLINE=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m gemma_distress.finetune run --preset organism

# The six questions behind the effect, on the organism; uses what `make demo` has left.
science: $(HAS_DEMO)
	PATH="$(abspath $(BIN)):$$PATH" scripts/science.sh

test: $(HAS_DEV) lint types
	HF_HUB_OFFLINE=1 $(BIN)/pytest -n 2 --dist loadfile

# Where the build cannot be had (exit code 3) or does not come in time (124) that is said and is no failure.
test-vllm: $(HAS_DEV)
	@echo 'Installing the CPU build of vLLM into $(VENV_VLLM), once: 0.7 GB of downloads, 2.6 GB in the end.'
	@timeout 15m scripts/setup_vllm_cpu.sh $(VENV_VLLM) $(PYTHON); code=$$?; \
	case $$code in \
	  0) HF_HUB_OFFLINE=1 GEMMA_DISTRESS_VLLM=$(abspath $(VENV_VLLM))/bin/vllm $(BIN)/pytest -m vllm --durations 5 ;; \
	  3) echo 'Tests with vLLM skipped, for the reason above.' ;; \
	  124) echo 'Tests with vLLM skipped: its CPU build was not installed within 15 minutes.' ;; \
	  *) exit $$code ;; \
	esac

check: lint types

lint: $(HAS_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(HAS_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(HAS_DEV)
	$(BIN)/mypy

$(HAS_DEMO): pyproject.toml constraints.txt | $(BIN)/pip
	$(call install,finetune$(comma)organism$(comma)report)

$(HAS_DEV): pyproject.toml constraints.txt | $(BIN)/pip
	$(call install,dev)
	@touch $(HAS_DEMO)

# Of what pip says only the large packages are shown, and everything where it fails, which the stamp tells.
define install
	@rm -f $@
	@echo 'Installing gemma-distress[$(1)] into $(VENV), once: some 100 packages, 0.4 GB, on Linux 2.9 GB unless'
	@echo 'pip finds the CPU build of torch (README). The large ones:'
	@{ $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off \
	    --constraint constraints.txt --editable '.[$(1)]' && touch $@; } | tee $(VENV)/pip.log \
	  | grep --line-buffered -oE '^ *(Downloading|Using cached) .*\(([0-9.]{4,} MB|.* GB)\)|^Installing [a-z]+ packages'; \
	  test -e $@ || { tail -n 20 $(VENV)/pip.log; exit 1; }
endef

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and f"Python 3.11 or newer is needed, {v[0]}.{v[1]} was found. Name another: make demo PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) $(VENV_VLLM) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
