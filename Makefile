# Six words, and one for the pictures of the docs; CI uses the same ones. Nothing is needed but Python 3.11 or newer and make.
.PHONY: install demo test check bench soak block-pictures

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests
SOURCES := pyproject.toml constraints.txt hatch_build.py $(wildcard plugins/*/pyproject.toml) \
	$(wildcard lms/web/frontend/package*.json) lms/web/frontend/build.mjs $(wildcard lms/web/frontend/src/icons/*)

# Thousands of tests make a database each and commit all the time: in memory none of them waits for the disk. Only where
# there is room for that, and where programs may be started from.
MEMORY := $(shell test -w /dev/shm && ! grep -q ' /dev/shm .*noexec' /proc/mounts && \
	test "$$(df -Pk /dev/shm | awk 'NR == 2 {print $$4}')" -gt 2000000 && echo /dev/shm)

install: $(TESTS)

# What a site needs to run; `make demo` needs no more.
$(RUNS): $(SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Stoa needs Python 3.11 or newer: make install PYTHON=python3.12"; exit 1; }
	@echo "Installing what Stoa stands on …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable . --editable plugins/stripe --editable plugins/stripe_simulator \
		--editable plugins/manual_payments --editable plugins/announcements
	@touch $@

# What its tests need besides.
$(TESTS): $(RUNS)
	@echo "Installing what the tests stand on …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# Starts the sample site: web server, worker, Stripe simulator. RESET=1 starts over, FRESH=1 leaves Stripe unconnected.
demo: $(RUNS)
	@$(BIN)/lms demo $(if $(RESET),--reset) $(if $(FRESH),--fresh)

# Everything that CI runs.
test: install
	@# Many tests start processes; where Python is told to write no bytecode, each would read the whole source again.
	@$(BIN)/python -m compileall -q -j 0 lms plugins
	@$(if $(MEMORY),PYTEST_DEBUG_TEMPROOT=$(MEMORY)) $(BIN)/python -m pytest -n 2 --dist loadgroup

# Style, types, floors: quick enough for every commit.
check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/architecture -p no:randomly

bench: install
	@$(BIN)/python -m bench

# The pictures of docs/blocks.md, after a block looks different. Needs Chromium.
block-pictures: install
	@$(BIN)/python tests/docs/block_reference.py --pictures

# A thousand lives of a site and the simulator, thirty steps each, then ten thousand events while the worker is killed.
soak: install
	@LMS_SOAK_RUNS=$${LMS_SOAK_RUNS:-1000} $(BIN)/python -m pytest plugins/stripe/tests/test_truth.py -k soak -n 2 -rP
	@$(BIN)/python -m bench.flood
