# Everything a person types. `make` alone lists it.

# A shell starts every command: left to itself, the make 3.81 that macOS has would look some of
# them up on the path it was started with, not on the one exported below.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup repro verify clean report experiments predict demo export sweep replicates remotes test check reproduce-check bench format lock
.PHONY: always check-lock test-browser test-sweeps test-remotes readme screenshot ci-repro ci-report ci-plots ci-push

# A line `## WORDS` heads a group; `## WORDS` behind a target say what it does.
help:
	@awk 'BEGIN {FS = ":[^#]*## "} /^## / {print "\n" substr($$0, 4)} \
	  /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment is .venv of this folder, whatever the shell's variables say. `make VENV=FOLDER`
# uses another one that is ready; the rules below build and remove .venv alone.
ifneq ($(origin VENV),command line)
override VENV := .venv
endif
READY := $(VENV)/.ready
# The stages call `python`, so the environment comes first on the path.
export PATH := $(abspath $(VENV)/bin):$(PATH)
# DVC wants the user's name, which a container's user may lack.
USER ?= $(shell id -un 2>/dev/null || id -u)
export USER

# The first Python on the path that TensorFlow has builds for; looked for only when it is needed.
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c '$(SUITABLE)' 2>/dev/null && echo $$python && break; done)
# pip compiles every module it installs, which halves TensorFlow's import from then on.
INSTALL := -m pip install --quiet --disable-pip-version-check --compile

## Run

setup: $(READY)  ## make .venv with the pinned requirements

# A file .venv/.NAME has the requirements that are installed: their content decides, since each
# `git switch` changes times. The old environment goes once the new one is ready.
BASE_FILES := requirements/base.txt requirements/dev.txt
KEEP_OLD := test ! -e .venv-old || { rm -rf .venv; mv .venv-old .venv; }
always:
.venv/.ready: always
	@$(KEEP_OLD)
	@cat $(BASE_FILES) | cmp -s - $@ || { set -e; trap '$(KEEP_OLD)' EXIT; \
	  $(or $(PYTHON),false) -c '$(SUITABLE)' || { echo "error: no Python 3.11, 3.12 or 3.13 found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }; \
	  test ! -e .venv || mv .venv .venv-old; \
	  echo "Setting up .venv from $(BASE_FILES)."; \
	  $(PYTHON) -m venv .venv; \
	  .venv/bin/python $(INSTALL) --require-hashes $(BASE_FILES:%=-r %); \
	  cat $(BASE_FILES) > $@; \
	  rm -rf .venv-old; }

# What not everyone needs: sweep, use, remotes, browser.
.venv/.%: always .venv/.ready requirements/%.txt
	@cmp -s requirements/$*.txt $@ || { echo "Installing requirements/$*.txt."; \
	  .venv/bin/python $(INSTALL) --require-hashes -r requirements/$*.txt && cp requirements/$*.txt $@; }

# DVC runs one stage after the other, but holds no lock while a stage's command runs: so several
# `dvc repro` share the trainings. From an exit code of 255, DVC's own, xargs would start no more.
SIDE_BY_SIDE = dvc repro configure preprocess && dvc stage list --name-only | grep '^train@' | \
  xargs -P "$$JOBS" -n 1 sh -c 'dvc --wait-for-lock repro --single-item "$$0" || exit 1'

# Asking first is quicker than `dvc repro` where nothing has changed.
repro: $(READY)  ## run what changed, then print the comparison (JOBS=3: that many models at once)
	@case "$${JOBS:-1}" in 0*|*[!0-9]*) echo "error: JOBS: should be a whole number, 1 or more" >&2; exit 1;; esac
	@python -m tools.start
	@if dvc status --quiet dvc.yaml; then echo "Everything is up to date."; \
	else python -m tools.pull && $(if $(JOBS),$(SIDE_BY_SIDE) &&) dvc repro; fi
	@echo
	@cat metrics/comparison.md

verify: $(READY)  ## find damaged files in DVC's cache and remote, and restore them
	@python -m tools.verify
	@$(MAKE) --no-print-directory repro
	@if python -m tools.verify remote; then dvc push; fi

clean:  ## remove environments and leftovers; data, models and caches stay
	rm -rf .venv .venv-old .venv-peer .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dvc_plots logs report.md repro.log \
	  .locks .checkpoints/*.unused {benchmarks,stages,tests,tools}/{,*/,*/*/,*/*/*/}__pycache__

## Look

OPEN := import pathlib, webbrowser; page = pathlib.Path("metrics/report.html").resolve(); \
  print("The report:", page); webbrowser.open(page.as_uri())
report: repro  ## run what changed, then open the page of the results
	@python -c '$(OPEN)'

experiments: $(READY)  ## list experiments: states, accuracies, parameters that differ
	@python -m tools.experiments

## Use

# A shell's words and patterns, but nothing that it would run.
predict: $(VENV)/.use  ## read pictures with the models: IMAGES="photo.jpg scans/"
	@python -m tools.predict $$IMAGES

demo: $(VENV)/.use  ## open a page to draw digits on or drop photographs onto (PORT=8000)
	@python -m tools.demo $${PORT:+--port "$$PORT"}

export: repro $(VENV)/.use  ## write the models as ONNX and LiteRT, compared, with a model card each
	@python -m tools.export

## Repeat and share

# What people give with make goes through the environment, since it holds what a shell would act on.
NODES = $${SET:+--set "$$SET"} $${CORES:+--cores "$$CORES"} $${ADDRESS:+--address "$$ADDRESS"} \
  $${REMOTE:+--remote "$$REMOTE"} $${GIT:+--git "$$GIT"} $${CHECKPOINTS:+--checkpoints "$$CHECKPOINTS"}

sweep: $(VENV)/.sweep  ## run many experiments, here or on a cluster (without arguments: how)
	@python -m tools.sweep $${SEARCH:+--search "$$SEARCH"} $${TRIALS:+--trials "$$TRIALS"} $(NODES)

replicates: $(VENV)/.sweep  ## train with several seeds: mean and spread (SEEDS=5 RECIPE=notebook,fast)
	@python -m tools.replicates $${SEEDS:+--seeds "$$SEEDS"} $${RECIPE:+--recipe "$$RECIPE"} \
	  $${FOLDER:+--folder "$$FOLDER"} $(NODES)

remotes: $(VENV)/.remotes  ## install what DVC's remotes on SSH and S3 need

## Develop

# What the tests of one file share is made once: a file stays with one worker. In the order of their
# names, since those of few tests, which come last by number, are the long ones.
WORKERS ?= auto
test: $(READY)  ## run the tests (TESTS=FILES: only these; WORKERS=1: one by one; SLOW=1: slow ones too)
	pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(TESTS)

check: $(READY)  ## format, lint, types, imports, workflows, numbers in the pages, dvc.lock
	ruff format --check
	ruff check
	mypy
	lint-imports --no-logo
	actionlint .github/workflows/*.yml
	python -m tools.readme --check
	@$(MAKE) --no-print-directory check-lock

# Whether dvc.lock fits the code, the parameters and the metrics; needs no data.
check-lock: $(READY)
	@python -m tools.lock

reproduce-check: $(READY)  ## run the whole pipeline again elsewhere, and list the bytes that differ
	python -m tools.reproduce

# PyTorch, in an environment of its own.
.venv-peer/.ready: requirements/peers.txt
	rm -rf .venv-peer
	$(PYTHON) -m venv .venv-peer
	.venv-peer/bin/python $(INSTALL) -r requirements/peers.txt
	touch $@

bench: $(READY) .venv-peer/.ready $(VENV)/.sweep  ## measure against the notebook, its peers and the machine (two hours)
	dvc repro --quiet preprocess
	python -m benchmarks.run

format: $(READY)  ## format the code and fix what can be fixed
	ruff format
	ruff check --fix

lock:  ## pin the requirements anew (needs uv)
	cd requirements && for name in base dev remotes sweep browser use; do \
	  uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $$name.in -o $$name.txt || exit 1; \
	done

# For those who work on the project itself, and for CI: CONTRIBUTING.md and docs/ci.md tell of them.

# Run the tests in a browser (wants chromium installed).
test-browser: $(VENV)/.browser $(VENV)/.use
	SLOW=1 pytest -rs tests/report tests/tools/demo

# Run the tests of sweeps that take minutes: real Ray nodes, real kills.
test-sweeps: $(VENV)/.sweep
	SWEEPS=1 pytest -rs tests/tools/sweep tests/tools/replicates

# Run the tests on a real server for SSH (wants openssh-server installed).
test-remotes: $(VENV)/.remotes
	pytest -rs tests/repro/test_remotes.py

# Fill the numbers of README and docs from the files they come from.
readme: $(READY)
	python -m tools.readme

# Take the README's picture of the report (wants chromium installed). As root, as in a container,
# Chromium wants no sandbox of its own.
screenshot: $(READY)
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1180,1560 \
	  --virtual-time-budget=10000 --screenshot=docs/report.png "file://$(CURDIR)/metrics/report.html"
	python -c 'from PIL import Image; image = Image.open("docs/report.png").convert("RGB"); \
	  image.quantize(64).save("docs/report.png", optimize=True)'

# The steps of .github/workflows/pipeline.yml. BASE goes through the environment, since a branch's
# name may hold what a shell or make would act on.
BASE ?= main
export BASE

# Run what changed, in a clone without data or cache as well.
ci-repro: $(READY)
	@python -m tools.ci.repro

# What changed since a branch, as Markdown: make ci-report BASE=main.
ci-report: $(READY)
	@python -m tools.ci.report "$$BASE"

# Draw the curves of both in dvc_plots: make ci-plots BASE=main.
ci-plots: $(READY)
	@dvc plots diff --out dvc_plots "$$BASE"

# Share results and run-cache through DVC's remote.
ci-push: $(READY)
	@dvc push --run-cache
