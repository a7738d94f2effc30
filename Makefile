# Everything a person types. `make` alone lists the targets.

VENV ?= .venv
# The first Python on the path that TensorFlow has builds for; looked for only when it is needed.
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c '$(SUITABLE)' 2>/dev/null && echo $$python && break; done)
READY := $(VENV)/.ready
# The stages call `python`, so the environment comes first on the path.
export PATH := $(abspath $(VENV)/bin):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup repro test remotes test-remotes check reproduce-check bench bench-quick experiments readme format lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: $(READY)  ## make .venv with the pinned requirements

# pip compiles every module it installs, which halves TensorFlow's import from then on.
INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes
$(READY): requirements.txt requirements-dev.txt
	@$(or $(PYTHON),false) -c '$(SUITABLE)' || { echo "error: no Python 3.11, 3.12 or 3.13 found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements.txt -r requirements-dev.txt
	touch $@

# What takes the place of `dvc repro` where JOBS is set.
REPRO = $(if $(JOBS),python -m tools.parallel.repro '$(JOBS)' train,dvc repro)
# Asking first is quicker than `dvc repro` where nothing has changed.
repro: $(READY)  ## run what changed, then print the comparison (JOBS=3: that many models at once)
	@if dvc status --quiet; then echo "Everything is up to date."; else python -m tools.pull && $(REPRO); fi
	@echo
	@cat metrics/comparison.md

test: $(READY)  ## run every test
	pytest

# What SSH and S3 take is not for everyone, and the tests' server for no one else.
REMOTES := $(VENV)/.remotes
$(REMOTES): $(READY) requirements-remotes.txt
	$(INSTALL) -r requirements-remotes.txt
	touch $@

remotes: $(REMOTES)  ## add what DVC's remotes on SSH and S3 need

test-remotes: $(REMOTES)  ## run the tests on real servers (SSH wants openssh-server installed)
	$(INSTALL) -r tests/requirements.txt
	pytest -rs tests/test_remotes.py

experiments: $(READY)  ## list the experiments: accuracies and the parameters that differ
	@dvc exp show --csv --precision 4 --only-changed | python -m tools.experiments

check: $(READY)  ## format, lint, type and import checks, workflows too; whether dvc.lock fits the code
	ruff format --check
	ruff check
	mypy
	lint-imports --no-logo --no-cache
	actionlint
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	python -m tools.check_lock
	python -m tools.readme --check

reproduce-check: $(READY)  ## run all of it a second time, elsewhere, and tell which bytes differ
	python -m tools.reproduce

# PyTorch, the peer, in an environment of its own.
PEER := .venv-peer/.ready
$(PEER): benchmarks/requirements.txt
	rm -rf .venv-peer
	$(PYTHON) -m venv .venv-peer
	.venv-peer/bin/python -m pip install --quiet --disable-pip-version-check --compile -r benchmarks/requirements.txt
	touch $@

bench: $(READY) $(PEER)  ## measure against the notebook, PyTorch and the machine (an hour and a half)
	dvc repro --quiet preprocess
	python -m benchmarks.run

bench-quick: $(READY) $(PEER)  ## the same from fewer steps (a few minutes)
	dvc repro --quiet preprocess
	python -m benchmarks.run --quick

readme: $(READY)  ## fill the README's numbers from the files they come from
	python -m tools.readme

# The steps of .github/workflows/pipeline.yml. BASE goes through the environment, since a branch's
# name may hold what a shell or make would act on.
.PHONY: ci-repro ci-report ci-plots ci-push
ci-report ci-plots: export BASE ?= main

ci-repro: $(READY)  ## run what changed, in a clone without data or cache as well
	@python -m tools.ci.repro

ci-report: $(READY)  ## what changed since a branch, as Markdown: make ci-report BASE=main
	@python -m tools.ci.report "$$BASE"

ci-plots: $(READY)  ## draw the curves of both in dvc_plots: make ci-plots BASE=main
	@dvc plots diff --out dvc_plots "$$BASE"

ci-push: $(READY)  ## share results and run-cache through DVC's remote
	@python -m tools.ci.push

format: $(READY)  ## put the code into its format, mend what can be mended
	ruff format
	ruff check --fix

lock:  ## pin the requirements anew (needs uv)
	uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements.in -o requirements.txt
	uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements-remotes.in -o requirements-remotes.txt

clean:  ## remove the environment and what tools leave behind; data, models and caches stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dvc_plots
