# Every target sets up .venv by itself and does nothing twice.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# What makes the site of the documents has an environment of its own: no test needs it.
SITE := .venv/docs
PIP := $(BIN)/python -I -m pip --disable-pip-version-check --quiet
# A lock is the whole closure, so nothing is resolved: what is published later changes nothing.
LOCKED := $(PIP) install --no-deps --require-hashes
# What tests of pictures and pages need beside a browser; without npm they are skipped, but in CI.
PAGES := tests/browser/node_modules/.package-lock.json
# Tests start many processes: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test external check coverage format types contracts workflows matrix bench docs pages \
  release-check lock clean

demo: .venv/.sandbox
	@$(BIN)/reconciler demo

# What asks pip, builders, linters of workflows or a browser is left to `external`, and to `check`.
test: .venv/.dev
	$(BIN)/pytest -n auto --dist loadfile -m "not matrix and not external"

external: .venv/.dev $(PAGES)
	$(BIN)/pytest -n auto --dist loadfile -m "not matrix and external"

# Every operation with every fault, a kill at every step, and random examples where `test` always
# draws the same few: many minutes, so every night and not in every run.
matrix: .venv/.dev
	$(BIN)/pytest -n auto --dist loadfile -m "matrix or hypothesis" --hypothesis-profile nightly

# The documents' site, format, lint, types, import contracts, workflow audit side by side, then tests
# with coverage; the last line is the test runner's own.
check: .venv/.dev $(PAGES)
	@$(MAKE) --no-print-directory --jobs=4 docs format types contracts workflows
	$(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term --no-cov-on-fail

# `check` follows no test of the whole, nor those of cli and github: they would take twice as long.
coverage: .venv/.dev $(PAGES)
	UNFOLLOWED=nothing $(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term --no-cov-on-fail

format: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.dev
	$(BIN)/mypy

contracts: .venv/.dev
	$(BIN)/lint-imports --no-cache

workflows: .venv/.dev
	$(BIN)/zizmor --offline --pedantic --quiet .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema custom.github-workflows-require-timeout \
	  .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/actionlint

bench: .venv/.dev
	$(BIN)/python -m tests.benchmarks $(if $(BEFORE),--before $(BEFORE)) $(BENCH)

# The documents as a site: build/docs/index.html. A link that leads nowhere ends it, and so does a
# page that docs/README.md does not list.
docs: $(SITE)/.ready
	$(SITE)/bin/python -I -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --fresh-env \
	  -c docs -d build/doctrees . build/docs

# Writes anew what the documents take from the code: references, and outputs that they quote.
pages: .venv/.dev
	$(BIN)/python -m tests.handbook

# All of a release that needs no account; leaves dist/ and build/release/. RELEASE_TAG names its tag.
release-check: .venv/.dev
	@PYTHONPATH=.ci $(BIN)/python -m release

# Renews the pins (run: what the workflows install); needs uv.
lock:
	for extra in "" sandbox listen dev; do \
	  uv pip compile pyproject.toml requirements/build.in $${extra:+--extra $$extra} --universal \
	    --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-annotate --no-header --no-strip-extras --upgrade -o requirements/$${extra:-run}.txt || exit 1; \
	done
	uv pip compile requirements/docs.in --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --no-strip-extras --upgrade -o requirements/docs.txt

clean:
	rm -rf .venv build dist

$(PAGES): tests/browser/package-lock.json
	@if command -v npm > /dev/null; then \
	  npm ci --prefix tests/browser --silent --no-audit --no-fund || \
	  echo "without what npm brings, tests in a browser are skipped" >&2; fi

.venv/bin/python:
	@echo "setting up .venv (once)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.sandbox: .venv/bin/python requirements/sandbox.txt pyproject.toml
	@test -e .venv/.dev || $(LOCKED) --requirement requirements/sandbox.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@

.venv/.dev: .venv/bin/python requirements/dev.txt pyproject.toml
	@$(LOCKED) --requirement requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@

$(SITE)/.ready: .venv/bin/python requirements/docs.txt
	@$(BIN)/python -I -m venv $(SITE)
	@$(SITE)/bin/python -I -m pip install --quiet --no-deps --require-hashes --requirement requirements/docs.txt
	@$(SITE)/bin/python -I -m pip check
	@touch $@
