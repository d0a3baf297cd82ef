MAKEFLAGS += --no-print-directory
export PYTHON

run := tools/run
# Tests of the sandbox need root, for namespaces and the ports 80 and 443.
as_root := $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=CI env PYTHONDONTWRITEBYTECODE=1)
# Most of a sandbox's time is the provider's waiting.
at_once := 3
shell_scripts := .ci/run portico tools/run $(wildcard tools/*.sh apache_templates/*.sh)

help: ## lists these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## installs what is missing, and only that
	@tools/setup.sh

demo: setup ## deploys three domains to a sandbox on this machine and visits them without SNI
	@./portico sandbox run examples/three-domains/fleet.yaml

test: setup ## runs the checks and all tests
	@$(MAKE) check
	@$(as_root) $(run) python -m pytest -n $(at_once) $(PYTEST)

check: ## lints, types, import contract, shell scripts, locks
	@$(run) ruff check --quiet
	@$(run) ruff format --quiet --check
	@$(run) shellcheck --external-sources $(shell_scripts)
	@$(run) mypy --no-error-summary
	@$(run) tools/quietly.sh lint-imports --no-logo
	@$(run) tools/quietly.sh pipenv verify
	@echo 'check: all is well'

synth: ## synthesizes the fleet that PORTICO_FLEET names
	@$(run) python main.py

docs: ## writes what is generated: the fleet file's reference, its JSON Schema, the table of balancers
	@$(run) python -m modules.fleet.reference

bench: ## measures the start-up of main.py against plain imports
	@$(run) python tools/bench_synth.py

lock: setup ## locks the newest allowed versions
	@$(run) python tools/lock.py

clean: ## removes what runs leave behind; what was installed stays
	@rm -rf cdktf.out .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -not -path './.portico/*' \
	    -not -path './node_modules/*' -prune -exec rm -rf {} +

.PHONY: help setup demo test check synth docs bench lock clean
.DEFAULT_GOAL := help
