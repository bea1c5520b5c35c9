# Needs Python 3.11 or newer and make. Everything stays in this folder (.venv and var).

LIBRARY ?= demo/library
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# Name one with `make PYTHON=/path/to/python`; otherwise the first that is new enough.
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes

export LIBRARY PORT
.DELETE_ON_ERROR:
.PHONY: help run setup test test-long bench lint messages screenshots

help:
	@echo "make run [LIBRARY=folder] [PORT=8000]   scan a folder and open the web site"
	@echo "make setup                              install what is needed, once"
	@echo "make test                               the whole test suite"
	@echo "make test-long                          the tests that take minutes"
	@echo "make bench                              speed, recall and false pairs"
	@echo "make lint | messages | screenshots      for developers: see CONTRIBUTING.md"

run: $(VENV)/run.stamp
	@exec $(BIN)/python -m dedup_site.run --library "$$LIBRARY" --port "$$PORT"

setup: $(VENV)/run.stamp
	@:

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto $(ARGS)

test-long: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto -m long $(ARGS)

bench: $(VENV)/dev.stamp
	$(BIN)/python -m tests.bench $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy .

# The date of the last run is not worth a commit.
messages: $(VENV)/dev.stamp
	$(BIN)/python manage.py makemessages --locale zh_Hant --no-obsolete --add-location file \
	  --ignore '.venv/*' --ignore 'var/*' --ignore 'tests/*' --ignore 'scripts/*'
	$(BIN)/python -c "import pathlib; p = pathlib.Path('locale/zh_Hant/LC_MESSAGES/django.po'); \
	  p.write_text(''.join(l for l in p.open(encoding='utf-8') if 'POT-Creation-Date' not in l), encoding='utf-8')"
	$(BIN)/python manage.py compilemessages --ignore '.venv/*' --ignore 'var/*'

screenshots: $(VENV)/dev.stamp
	$(BIN)/python -m scripts.screenshots $(ARGS)

$(VENV)/run.stamp: requirements/embedded.txt | $(BIN)/python
	@echo "Installing what Second Look needs (once; takes a minute or more)"
	@$(BIN)/python -m ensurepip >/dev/null
	@$(PIP_INSTALL) -r requirements/embedded.txt
	@NUMBA_CACHE_DIR="$${NUMBA_CACHE_DIR:-$${DATA_DIR:-var}/numba}" $(BIN)/python -m scanning.engine.warm
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt requirements/embedded.txt | $(BIN)/python
	@echo "Installing what Second Look and its tests need (once; takes a minute or more)"
	@$(BIN)/python -m ensurepip >/dev/null
	@$(PIP_INSTALL) -r requirements/dev.txt
	@touch $@ $(VENV)/run.stamp

$(BIN)/python:
	@python=; for name in $(PYTHONS); do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "Second Look needs Python 3.11 or newer; looked for: $(PYTHONS). Name one: make PYTHON=/path/to/python" >&2; \
	  exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; \
	  exit 1; fi; \
	echo "Making a virtual environment in $(VENV) with $$python"; \
	"$$python" -m venv --clear $(VENV)
