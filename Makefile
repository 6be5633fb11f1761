# `make` alone lists the targets.
# PYTHON names the interpreter for .venv (3.11 to 3.13); without it one is searched for.
# WORKERS is the number of processes that `make test` distributes the tests to: one more than a small
# machine has cores, because tests wait for servers and processes a third of their time.
# VERBOSE=1 has `make demo` show whole messages instead of a line for each.
# AIRFLOW has `make test` run pytest on another version of Airflow, below .local; ARGS goes to it.
# SUPPORTOPS_PORT moves the UI from 8080. ARGS goes to `make lock` (--upgrade), `make bench` and `make chaos` (--seed 7).
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
export PYTHONPATH := $(CURDIR)/include

VENV := .venv/bin/python
WORKERS ?= 3
INSTALL = python=$$(sh include/supportops/local/install/find_python.sh "$(PYTHON)") || exit 2; \
	"$$python" -m supportops.local.install.install --asked "$(PYTHON)"

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Install what is needed into .venv (locked, with hashes)
	@$(INSTALL)

demo: setup ## Start Airflow with demo sites to break and an inbox to watch
	@exec $(VENV) -m supportops.local up --demo $(if $(VERBOSE),--verbose)

up: setup ## Start Airflow on the sites and alerts of include/config
	@exec $(VENV) -m supportops.local up

secrets: ## Write .env with generated secrets for docker compose; ARGS="--rotate NAME"
	@python=$$(sh include/supportops/local/install/find_python.sh "$(PYTHON)") || exit 2; \
	"$$python" -m supportops.local.install.compose_secrets $(ARGS)

SHARED = -n $(WORKERS) --dist worksteal --max-worker-restart 0
test: devtools ## Lint, types, import contracts and every test; AIRFLOW=3.3.1 on another version
ifdef AIRFLOW
	@$(VENV) -m supportops.local.install.another_airflow $(AIRFLOW) $(SHARED) $(ARGS)
else
	@$(VENV) -m ruff check .
	@$(VENV) -m ruff format --check .
	@$(VENV) -m mypy
	@.venv/bin/lint-imports --no-logo
	@$(VENV) -m pytest $(SHARED)
endif

bench: devtools ## Run every benchmark, report all misses at the end; ARGS="--only report"
	@PYTHONPATH=$(CURDIR)/include:$(CURDIR) $(VENV) -m bench.every $(ARGS)

chaos: devtools ## Kill and break every flow at random instants; CHAOS_MINUTES=8
	@PYTHONPATH=$(CURDIR)/include:$(CURDIR)/tests $(VENV) -m chaos $(ARGS)

docs: devtools ## Write the tables of docs/what-counts-as-up.md from the tests
	@PYTHONPATH=$(CURDIR)/include:$(CURDIR)/tests $(VENV) -m sites.behaviours.page

pictures: devtools ## Take the pictures of every page in both themes; TO=folder
	@PYTHONPATH=$(CURDIR)/include:$(CURDIR)/tests $(VENV) -m web.browser.pictures $(or $(TO),.local/pictures)

CATALOGUES = include/supportops/rendering/catalogues
messages: devtools ## Take the messages of reports from the code into the catalogues, to be translated
	@.venv/bin/pybabel -q extract -F $(CATALOGUES)/messages.cfg --no-location --sort-output -w 100 \
	  -o .babel.pot include/supportops
	@for po in $(CATALOGUES)/*.po; do \
	  .venv/bin/pybabel -q update -i .babel.pot -o $$po -l $$(basename $$po .po) -N -w 100 \
	    --ignore-obsolete --ignore-pot-creation-date \
	  && grep -vE '^"(Project|Report|POT|PO-|Last|Language-T|MIME|Content-Tr|Generated)' $$po > .babel.po \
	  && mv .babel.po $$po; done; rm -f .babel.pot

lock: devtools ## Compile the locks (requirements*.txt) from pyproject.toml
	@$(VENV) -m supportops.local.install.lock $(ARGS)

audit: devtools ## Look for known vulnerabilities of what is locked; passes if nobody can be asked
	@$(VENV) -m supportops.local.supply.audit

licenses: devtools ## Write docs/licenses.md, the licence of everything that ships
	@$(VENV) -m supportops.local.supply.licenses

sbom: devtools ## Write the bill of materials (CycloneDX) of the lock with its hashes; TO=file
	@.venv/bin/cyclonedx-py requirements $(or $(LOCK),requirements.txt) --pyproject pyproject.toml \
	  --output-reproducible --of JSON --no-validate -o $(or $(TO),sbom.cdx.json) 2>/dev/null \
	  && echo "Wrote $(or $(TO),sbom.cdx.json)." >&2

clean: ## Remove .venv and caches; the state in .local stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find include dags plugins tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
	@if [ -d .local ]; then echo "Not removed: .local (databases, secrets, the demo). Remove it with: rm -rf .local"; fi

devtools:
	@$(INSTALL) --dev

.PHONY: help setup demo up secrets test bench chaos docs messages pictures lock audit licenses sbom clean devtools
