# The two commands are `make demo` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
LOCKS := requirements/build.txt requirements/runtime.txt pyproject.toml scripts/venv.sh
# What reads bytes from outside.
SOAKED := api access artifacts audit cameras incidents recognition telemetry vault test_settings_values.py

PARALLEL := $(BIN)/pytest --numprocesses=auto --dist=loadfile
# What decides, and the tests that show how; measuring it in all tests would take half as long again.
CORE := $(addprefix tests/unit/,domain tracking incidents access motion) tests/contract \
  $(addprefix tests/unit/runtime/test_runtime_,analysis.py pipeline.py)

.PHONY: help demo serve test models test-assets test-deps lint types contracts security unit soak soak-cameras docs lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/runtime: $(LOCKS)
	@scripts/venv.sh requirements/runtime.txt
	@touch $@

.venv/test: $(LOCKS) requirements/test.txt
	@scripts/venv.sh requirements/runtime.txt requirements/test.txt
	@touch .venv/runtime $@

demo: .venv/runtime ## play the demo camera and open the page; ONCE=1 runs it once without a browser (also GALLERY=DIR, PLATE=TEXT)
	@$(BIN)/securevision demo $(if $(ONCE),--once) $(if $(GALLERY),--gallery '$(GALLERY)') $(if $(PLATE),--plate '$(PLATE)')

serve: .venv/runtime ## run the server on your own camera
	@$(BIN)/securevision serve

models: .venv/runtime ## fetch the model files
	@$(BIN)/securevision models pull

test: .venv/test test-assets $(if $(CI),test-deps) lint types contracts security unit ## everything the project tests

test-assets: .venv/test models
	@$(BIN)/python tests/assets.py

test-deps: .venv/test ## install the programs that some tests need (Debian and Ubuntu, as root)
	@scripts/test-deps.sh
	@scripts/onvif-simulator.sh

lint: .venv/test ## style
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .

types: .venv/test ## types
	$(BIN)/mypy

contracts: .venv/test ## who may import whom
	$(BIN)/lint-imports --no-cache

security: .venv/test ## what this code never does (bandit, and semgrep with our own rules)
	@scripts/security.sh

unit: .venv/test ## the tests alone
	$(PARALLEL) --cov --cov-report= $(CORE)
	$(BIN)/coverage report
	$(PARALLEL) $(addprefix --ignore=,$(CORE))

soak: .venv/test test-assets ## damaged and hostile input for many minutes, beyond what `make test` tries
	SOAK=$${SOAK:-2000} $(BIN)/pytest --timeout=0 -m hypothesis $(addprefix tests/,soak $(addprefix unit/,$(SOAKED)))
	@$(MAKE) --no-print-directory soak-cameras

soak-cameras: .venv/test models ## eight cameras that fail in every way for SOAK_MINUTES=30; as root, after `make test-deps`
	$(BIN)/python -m benchmarks.soak

docs: .venv/runtime ## write the reference of the settings anew
	@$(BIN)/python scripts/settings_doc.py > docs/reference/settings.md

lock: ## lock the dependencies anew (needs the network)
	@scripts/lock.sh

clean: ## remove what make made, except data/
	rm -rf .venv .venv-onvif .venv-semgrep .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
