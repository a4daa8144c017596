# vIOP. `make run` and `make test` install what they need; see README.md.
SHELL := /bin/sh
PY := .venv/bin/python
export PYTHONUNBUFFERED := 1

.PHONY: run test check fix bench screens lock messages clean

run: ## the demo clinic on this machine, at one command
	@deploy/bin/python-env base
	@deploy/bin/frontend-build
	@VIOP_DEMO=1 exec $(PY) manage.py up --demo $(ARGS)

check: ## fast: lint, types, contracts, pure tests; no servers
	@deploy/bin/python-env dev
	@deploy/bin/checks all

test: ## everything, with real servers and browsers
	@deploy/bin/python-env dev
	@deploy/bin/test-servers
	@deploy/bin/frontend-build
	@deploy/bin/checks
	@$(PY) -m tests.run

bench: ## tables, medians; see docs/benchmarks.md
	@deploy/bin/python-env dev
	@$(PY) -m tests.bench.media $(ARGS)
	@$(PY) -m tests.bench.moves
	@for part in hours live week pages reports aftercare; do echo; echo "## $$part"; $(PY) -m tests.bench.$$part || exit; done

screens: ## take the screenshots in docs/screens again
	@deploy/bin/python-env dev
	@deploy/bin/frontend-build
	@$(PY) -m tests.e2e.screens

fix: ## format and mend what a tool can mend
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

lock: ## compile requirements/*.txt from *.in, with hashes and without addresses
	@for f in base dev node; do .venv/bin/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	  --custom-compile-command "make lock" requirements/$$f.in -o requirements/$$f.txt; done

messages: ## collect and compile translations
	@cd sessions && ../$(PY) ../manage.py makemessages -l es --no-location --no-obsolete && ../$(PY) ../manage.py compilemessages

clean: ## remove environment, builds and the local database
	rm -rf .venv .tools var frontend/node_modules frontend/dist
