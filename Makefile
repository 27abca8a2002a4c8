# `make rehearsal` and `make test` set themselves up on a new machine. PYTHON needs to be 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# What the tests need beside Python: a browser for the page, Groovy 2.4 and javac for the scripts, a router.
SYSTEM_PACKAGES := chromium groovy default-jdk-headless haproxy

.PHONY: rehearsal test bench check screenshots system clean

rehearsal: $(VENV)/rehearsal
	$(BIN)/ci-upgrade rehearse $(ARGS)

test: system $(VENV)/dev check
	$(BIN)/pytest -n 2 --dist loadgroup

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev
	$(BIN)/python -m bench

screenshots: system $(VENV)/dev
	$(BIN)/python -m tests.browser.screenshots docs/images

system:
	@command -v chromium >/dev/null && command -v groovyc >/dev/null && command -v javac >/dev/null && PATH="$$PATH:/usr/sbin" command -v haproxy >/dev/null || \
		( $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $(SYSTEM_PACKAGES) )

$(VENV)/rehearsal $(VENV)/dev: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ci-upgrade needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[$(notdir $@)]'
	touch $@

clean:
	rm -rf $(VENV)
