# What can be done here; `make help` lists it. Works from a fresh clone with Python 3.11 or newer.

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-installed
TEST := $(VENV)/.test-installed
BENCH_VENV := .venv-bench
BENCH := $(BENCH_VENV)/.installed
AUDIT_VENV := .venv-audit
AUDIT := $(AUDIT_VENV)/.installed
PACKAGING := setup.cfg pyproject.toml requirements/run.lock

.DEFAULT_GOAL := help
.PHONY: help demo test campaign check bench lock clean install audit

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(RUN) ## install what `connector` needs into .venv; deploy/install.sh makes services of it

demo: $(RUN) ## play the whole job once on this machine (ARGS=--once ends by itself)
	@$(BIN)/connector demo $(ARGS)

test: $(TEST) ## run all tests (ARGS are pytest's)
	@requirements/servers.sh
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

campaign: $(TEST) ## try for long to break promises: PART=kills, sweep, … (ARGS: --times N --seed N)
	@requirements/servers.sh
	@$(BIN)/python tests/campaigns $(PART) $(ARGS)

check: $(TEST) ## format, lint, types, import rules, architecture and unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/unit tests/test_architecture.py

bench: $(BENCH) ## measure the numbers that the README quotes, beside what else one might use (ARGS=refresh --size 100K)
	@requirements/servers.sh
	@$(BENCH_VENV)/bin/python -m compileall -q connector jobs
	@$(BENCH_VENV)/bin/connector bench $(ARGS)

audit: $(RUN) $(AUDIT) ## look for known flaws in what is locked, list licences, write the bill of materials, look for secrets
	@$(AUDIT_VENV)/bin/python requirements/audit.py $(BIN)/python

lock: ## make the locks anew from setup.cfg (needs pip-tools on the PATH)
	requirements/lock.sh

clean: ## remove the virtual environments and caches
	rm -rf $(VENV) $(BENCH_VENV) $(AUDIT_VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(BIN)/python:
	@requirements/venv.sh $(VENV)

$(RUN): $(BIN)/python $(PACKAGING)
	@requirements/install.sh $(BIN) requirements/run.lock
	@touch $@

$(TEST): $(BIN)/python $(PACKAGING) requirements/test.lock
	@requirements/install.sh $(BIN) requirements/test.lock
	@touch $(RUN) $@

$(BENCH): setup.cfg pyproject.toml requirements/bench.lock
	@requirements/venv.sh $(BENCH_VENV)
	@requirements/install.sh $(BENCH_VENV)/bin requirements/bench.lock
	@touch $@

$(AUDIT): requirements/audit.lock
	@requirements/venv.sh $(AUDIT_VENV)
	@$(AUDIT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/audit.lock
	@touch $@
