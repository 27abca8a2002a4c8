# `make rehearsal` and `make test` set themselves up on a new machine. PYTHON needs to be 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# What the tests need beside Python: a browser for the page, Groovy 2.4 and javac for the scripts, a router, a Docker engine with
# a registry, and an init for the containers.
SYSTEM_PACKAGES := chromium groovy default-jdk-headless haproxy docker.io docker-registry openssh-server tini
SYSTEM_PROGRAMS := chromium groovyc javac haproxy dockerd docker-registry sshd tini

# The tests start the bot some hundred times; without compiled files each start would compile it anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: rehearsal test bench check screenshots system engine clean

rehearsal: $(VENV)/rehearsal
	$(BIN)/ci-upgrade rehearse $(ARGS)

# Most tests wait more than they compute. After them, in groups that are one worker's each, come whole upgrades under load and
# what uses the Docker engine: the networks that it makes cut a browser's connections.
test: system engine $(VENV)/dev check
	$(BIN)/pytest -n 5 --dist loadgroup --ignore tests/rehearsals --ignore tests/docker
	$(BIN)/pytest -n 3 --dist loadgroup tests/rehearsals tests/docker

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev
	$(BIN)/python -m bench

screenshots: system $(VENV)/dev
	$(BIN)/python -m tests.browser.screenshots docs/images

system:
	@for program in $(SYSTEM_PROGRAMS); do PATH="$$PATH:/usr/sbin" command -v $$program >/dev/null || missing=yes; done; \
	[ -z "$$missing" ] || ( $(SUDO) apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $(SYSTEM_PACKAGES) )

# Started here where no service manager has done it; it goes on running.
engine: system
	@$(SUDO) docker info >/dev/null 2>&1 || $(SUDO) sh -c 'setsid dockerd >/dev/null 2>&1 </dev/null &'
	@for try in $$(seq 60); do $(SUDO) docker info >/dev/null 2>&1 && exit 0; sleep 0.5; done; \
		echo "The Docker engine does not start: run dockerd by hand to see why." >&2; exit 1

$(VENV)/rehearsal $(VENV)/dev: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ci-upgrade needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[$(notdir $@)]'
	touch $@

clean:
	rm -rf $(VENV)
