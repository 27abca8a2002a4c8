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

.PHONY: rehearsal test bench check screenshots root system engine images constraints clean

rehearsal: $(VENV)/rehearsal
	$(BIN)/ci-upgrade rehearse $(ARGS)

# Most tests wait more than they compute. After them, in groups that are one worker's each, come whole upgrades under load and
# what uses the Docker engine: the networks that it makes cut a browser's connections.
test: root system engine $(VENV)/dev check images
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

# Tests mount file systems, give files to other users, and run an engine and an SSH server of their own.
root:
	@[ "$$(id -u)" = 0 ] || { echo "make test needs root, for mounts, containers and an SSH server: sudo make test" >&2; exit 1; }

system:
	@for program in $(SYSTEM_PROGRAMS); do PATH="$$PATH:/usr/sbin" command -v $$program >/dev/null || missing=yes; done; \
	[ -z "$$missing" ] || ( $(SUDO) apt-get -o Acquire::Retries=3 update -q && \
		DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get -o Acquire::Retries=3 install -y -q --no-install-recommends $(SYSTEM_PACKAGES) )

# Started here where no service manager has done it; it goes on running.
engine: system
	@$(SUDO) docker info >/dev/null 2>&1 || $(SUDO) sh -c 'setsid dockerd >/dev/null 2>&1 </dev/null &'
	@for try in $$(seq 240); do $(SUDO) docker info >/dev/null 2>&1 && exit 0; sleep 0.5; done; \
		echo "The Docker engine does not start: run dockerd by hand to see why." >&2; exit 1

# Beforehand: making them may take longer than a test may.
images: engine $(VENV)/dev
	$(BIN)/python -m rehearsal.controller_image

# With the oldest Python that is supported: a release that it cannot have is of no use.
constraints:
	rm -rf $(VENV)-new
	$(PYTHON) -m venv $(VENV)-new
	$(VENV)-new/bin/pip install -q -e '.[dev]'
	(head -n 1 constraints.txt; $(VENV)-new/bin/pip freeze --exclude-editable) > constraints.txt.new
	mv constraints.txt.new constraints.txt
	rm -r $(VENV)-new

$(VENV)/rehearsal $(VENV)/dev: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ci-upgrade needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[$(notdir $@)]'
	touch $@

clean:
	rm -rf $(VENV)
