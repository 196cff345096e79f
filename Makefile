# `make help` lists the targets. `make setup` leaves .venv/bin/notebook-runner,
# .venv/bin/papermill and .venv/bin/planemo working, with a `python3` kernel.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)

# A set-up is current when it was finished with these very files.
SETUP_FILES := requirements/dev.txt pyproject.toml
SETUP_DIGEST := $(shell cat $(SETUP_FILES) | sha256sum | cut -c1-16)
STAMP := .venv/.installed-$(SETUP_DIGEST)

# Arguments for single targets, for example: make test ARGS="tests/local_galaxy -x"
ARGS ?=
REPORTS := test-reports

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- set-up ---------------------------------------------------------------------

.PHONY: setup
setup: $(STAMP) ## install everything that is needed here (a second time: nothing to do)
	@$(BIN)/notebook-runner galaxy install

# uv of our own, where the machine has none.
.tools/bin/uv: requirements/uv.txt
	@rm -rf .tools
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3 python3-venv; \
		else \
			echo "Python cannot make environments here. On Debian or Ubuntu: apt-get install python3-venv" >&2; \
			exit 1; \
		fi; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement requirements/uv.txt

# The stamp is written last: what was interrupted is done again.
$(STAMP): $(filter .tools/bin/uv,$(UV))
	@rm -f .venv/.installed-*
	@$(BIN)/python -c '' 2>/dev/null || $(UV) venv --quiet --clear --python '>=3.11,<3.14' .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements/dev.txt
	$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@$(BIN)/python -m compileall -q notebook_runner
	@touch $@

.PHONY: kernel-tensorflow
kernel-tensorflow: setup ## add the kernel environment with TensorFlow
	@$(BIN)/notebook-runner galaxy install --with kernel-tensorflow

.PHONY: lab
lab: setup ## add the environments with JupyterLab (for the bench)
	@$(BIN)/notebook-runner galaxy install --with lab --with server

# ---- a Galaxy on this machine -----------------------------------------------------

.PHONY: demo
demo: setup ## run the demo notebook in a local Galaxy and show what landed in its history
	@$(BIN)/notebook-runner galaxy demo

.PHONY: serve
serve: setup ## serve the local Galaxy until Ctrl-C, with a link and a login
	@$(BIN)/notebook-runner galaxy serve

.PHONY: up
up: setup ## start the local Galaxy in the background
	@$(BIN)/notebook-runner galaxy up

.PHONY: down
down: $(STAMP) ## stop the local Galaxy
	@$(BIN)/notebook-runner galaxy down

# ---- container images -------------------------------------------------------------

.PHONY: docker-engine
docker-engine: ## install and start a container engine where there is none (Debian, Ubuntu)
	@containers/docker-engine

.PHONY: base-image
base-image: docker-engine ## make the image that all others stand on, from Debian's packages
	@containers/base-image $(BASE_IMAGE)

# Those that the tests need; the others are built by name (docs/images.md).
TESTED_IMAGES := lab lab-tensorflow

.PHONY: images
images: setup base-image ## build and test the images lab and lab-tensorflow (cpu)
	@for image in $(TESTED_IMAGES); do $(BIN)/notebook-runner image build $$image || exit; done
	@for image in $(TESTED_IMAGES); do $(BIN)/notebook-runner image test $$image || exit; done
	@$(BIN)/notebook-runner image list

# Without an engine, and without the right to install one, container tests are skipped.
.PHONY: images-if-possible
images-if-possible: setup
	@containers/docker-engine --if-possible
	@if docker version >/dev/null 2>&1; then \
		containers/base-image $(BASE_IMAGE) || exit; \
		for image in $(TESTED_IMAGES); do $(BIN)/notebook-runner image build $$image || exit; done; \
	fi

# ---- checks -----------------------------------------------------------------------

.PHONY: test
test: setup images-if-possible ## run all tests, those on a real Galaxy and in containers included
	@$(BIN)/notebook-runner galaxy install --with kernel-tensorflow --with kernel-bash --with server
	$(BIN)/pytest $(ARGS)

.PHONY: lint
lint: $(STAMP) ## check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(STAMP) ## put the code into the common form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: planemo-lint
planemo-lint: $(STAMP) ## lint the Galaxy tools and their Tool Shed metadata
	$(BIN)/planemo lint --recursive --fail_level warn tools
	$(BIN)/planemo shed_lint --tools --fail_level warn --skip version_bumped . # skipped: asks the Tool Shed

.PHONY: planemo-test
planemo-test: setup ## run the tools' own tests on the local Galaxy (DOCKER=1: in containers)
	@mkdir -p $(REPORTS)
	$(BIN)/notebook-runner galaxy exec $(if $(DOCKER),--containers) $(BIN)/planemo test --engine external_galaxy --no_shed_install \
		--test_output $(REPORTS)/planemo.html --test_output_json $(REPORTS)/planemo.json \
		$(ARGS) tools/*/*.xml

.PHONY: bench
bench: lab ## measure how fast notebooks run, and print the table
	$(BIN)/python -m bench $(ARGS)

# ---- dependencies -----------------------------------------------------------------

COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	--python-version 3.11

.PHONY: lock
lock: $(STAMP) ## resolve the lock files anew (ARGS=--upgrade for newer versions)
	$(COMPILE) $(ARGS) pyproject.toml --extra dev --extra runner --extra images -o requirements/dev.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra runner -o requirements/runner.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra kernel --extra cpu -o requirements/kernel.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra kernel --extra cpu --extra tensorflow -o requirements/kernel-tensorflow.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra server --extra runner --extra kernel --extra cpu \
		--overrides requirements/lab-overrides.txt -o requirements/lab.txt
	$(COMPILE) $(ARGS) requirements/kernel-bash.in -o requirements/kernel-bash.txt
	$(COMPILE) $(ARGS) requirements/galaxy.in -o requirements/galaxy.txt
	$(BIN)/notebook-runner image lock $(ARGS)

# ---- tidying ----------------------------------------------------------------------

.PHONY: clean
clean: ## stop the local Galaxy; remove reports, caches and its data (environments stay)
	@if [ -x $(BIN)/notebook-runner ]; then $(BIN)/notebook-runner galaxy clean; fi
	rm -rf $(REPORTS) dist build site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './.local-galaxy/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: ## remove everything that was ever made here
	@if [ -x $(BIN)/notebook-runner ]; then $(BIN)/notebook-runner galaxy clean --all; fi
	@$(MAKE) --no-print-directory clean
	rm -rf .venv .tools
