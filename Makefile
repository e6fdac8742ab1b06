# Keeps applications deployed on an Auto Scaling group with Digital.ai Deploy.
# Everything is installed into this checkout; HOME stays untouched, the second run needs no network.

export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache := $(CURDIR)/.cache/npm
export npm_config_update_notifier := false
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/.cache/jsii
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION := 1
export CDK_HOME := $(CURDIR)/.cache/cdk
export CDK_DISABLE_CLI_TELEMETRY := true
PYTHON ?= python3
JYTHON := 2.7.4
VENV := .venv
BIN := $(VENV)/bin

# pip asks a rustc that it finds for its version, and rustup then makes itself a home.
export RUSTUP_HOME := $(CURDIR)/.cache/rustup
# Functions are bundled from the wheels that `install` has stored, so no index is asked. The CDK library keeps
# a cache in HOME, whatever CDK_HOME says, so it gets another one.
HERE := HOME=$(CURDIR)/.cache/home PIP_NO_INDEX=1 PIP_FIND_LINKS=$(CURDIR)/.wheels \
  UV_OFFLINE=1 UV_FIND_LINKS=$(CURDIR)/.wheels UV_CACHE_DIR=$(CURDIR)/.cache/uv

.PHONY: help demo test pytest lint bench histories plugin system-packages install clean
help:
	@sed -n '1,2s/^# //p' $(firstword $(MAKEFILE_LIST))
	@sed -n 's/^\([a-z-]*\):.* ## /  make \1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-24s%s\n", $$1, $$2 }'

demo: install ## the whole story in a local cloud
	$(HERE) $(BIN)/python -m cdk_app.sandbox demo

# The tests wait more than they compute, so three run at a time on two cores, with the linters beside them.
test: install ## every test, and the linters
	$(MAKE) --no-print-directory --jobs 2 lint pytest

pytest: install ## the tests alone
	$(HERE) $(BIN)/python -m pytest --numprocesses 3 --dist loadfile

bench: install ## calls, latency and start-up, against targets
	$(HERE) $(BIN)/python -m tests.bench

histories: export HISTORIES ?= 10000
histories: install ## ten thousand random histories of the reconciler, with faults; SEED=… repeats a run
	$(BIN)/python -m pytest tests/runtime/reconciliation/test_histories.py -m slow

lint: install ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

plugin: ## the archive for Deploy's own plugins directory; needs nothing but Python
	$(PYTHON) -m cdk_app.plugin_archive build

# Without these, the tests that need them are skipped, and say so.
system-packages: ## what some tests need beyond Python and Node, from Debian, as root
	apt-get update --quiet --quiet
	DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends \
	  chromium jython maven openjdk-17-jdk-headless openssh-server samba sudo uidmap velocity >/dev/null

install: $(VENV)/.python-done node_modules/.npm-done .wheels/.done .cache/oldest/.done .cache/jython/.done

$(VENV)/.python-done: requirements-dev.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and f"Python 3.11 or later is needed, this is {v[0]}.{v[1]}")'
	@echo "Installing Python packages into $(VENV): about a minute"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@# The vendor's SDK pins an old requests; only the "person" in the story and the contract tests use it.
	$(BIN)/pip install --quiet --no-deps xldeploy-py==0.0.22
	@touch $@

node_modules/.npm-done: package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

# The functions' dependencies as wheels, so that bundling works offline from the second run on.
.wheels/.done: runtime/requirements.lock $(VENV)/.python-done
	$(BIN)/pip download --quiet --require-hashes --no-deps --only-binary :all: --platform any --implementation py --abi none \
	  --python-version 3.14 --dest .wheels --requirement runtime/requirements.lock
	@touch $@

# The oldest CDK that is supported, in an environment of its own.
.cache/oldest/.done: requirements-oldest.txt $(VENV)/.python-done
	@$(BIN)/python -m venv --clear --without-pip $(@D)
	@$(BIN)/pip --python $(@D)/bin/python install --quiet --requirement requirements-oldest.txt && touch $@ || \
	  echo "Oldest CDK: the package index gave none, so its test is skipped"

# Runs the plugin's scripts as Deploy does. Whoever has neither this nor Debian's package goes without.
.cache/jython/.done:
	@mkdir -p $(@D)
	@if [ -e /usr/share/java/jython.jar ]; then \
	  echo "Jython: Debian's package"; touch $@; \
	elif command -v java >/dev/null && command -v mvn >/dev/null; then \
	  mvn --batch-mode --quiet -Dmaven.repo.local=$(CURDIR)/.cache/m2 dependency:copy \
	    -Dartifact=org.python:jython-standalone:$(JYTHON) -DoutputDirectory=$(CURDIR)/$(@D) && touch $@ || \
	    echo "Jython: Maven Central gave none, so what needs it is skipped"; \
	else \
	  echo "Jython: no java or mvn here, so what needs it is skipped"; \
	fi

clean: ## remove everything that was installed or built
	rm -rf $(VENV) .cache .wheels node_modules cdk.out build dist
