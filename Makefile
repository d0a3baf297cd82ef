MAKEFLAGS += --no-print-directory
export PYTHON

run := tools/run
# Tests of the sandbox need root, for namespaces and the ports 80 and 443.
as_root := $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=CI env PYTHONDONTWRITEBYTECODE=1)
# Most of a sandbox's time is the provider's waiting.
at_once := 4
shell_scripts := .ci/run portico tools/run $(wildcard tools/*.sh)

help: ## lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## installs what is missing, and only that
	@tools/setup.sh

demo: setup ## deploys three domains to a sandbox on this machine and visits them without SNI
	@./portico sandbox run examples/three-domains/fleet.yaml

test: setup ## runs the checks and all tests
	@$(MAKE) check
	@$(as_root) $(run) python -m pytest -n $(at_once) -m 'not soak' $(PYTEST)

soak: setup ## runs every fault of the campaign, then the tests that take too long for `test`
	@$(as_root) $(run) python -m tests.faults --at-once 3 $(FAULTS)
	@$(as_root) $(run) python -m pytest -n $(at_once) -m soak $(PYTEST)

soak-naive: setup ## runs the same faults against upload, configtest and graceful
	@$(as_root) $(run) python -m tests.faults --naive --at-once 3 $(FAULTS)

check: ## lints, types, import contract, shell scripts, locks
	@$(run) ruff check --quiet
	@$(run) ruff format --quiet --check
	@$(run) shellcheck --external-sources $(shell_scripts)
	@cat apache_templates/activate/*.sh | $(run) shellcheck --shell=sh -
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

bench-reload: setup ## measures a release's activation beside a plain graceful, at 3, 100 and 1,000 sites
	@$(as_root) $(run) python -m tools.bench_reload

lock: setup ## locks the newest allowed versions
	@$(run) python tools/lock.py

clean: ## removes what runs leave behind; what was installed stays
	@rm -rf cdktf.out .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -not -path './.portico/*' \
	    -not -path './node_modules/*' -prune -exec rm -rf {} +

.PHONY: help setup demo test soak soak-naive check synth docs bench bench-reload lock clean
.DEFAULT_GOAL := help
