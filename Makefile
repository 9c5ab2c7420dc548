.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
WORKERS ?= 4
venv := .venv
bin := $(venv)/bin

.PHONY: help
help: ## What there is to run
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(venv)/installed: tests/requirements.txt
	$(PYTHON) -m venv $(venv)
	$(bin)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	@touch $@

.PHONY: env
env: $(venv)/installed ## The environment of the tools, in .venv

# Options for every pytest go into PYTEST_ADDOPTS, which pytest reads itself.
# Runs of the lab mostly wait: so many are started together, few enough to leave none of them short of CPU.
TOGETHER ?= 4
pytest := $(bin)/python -m pytest

.PHONY: test
test: quick wiring browser stack ## Formatting, lint, types and every test this machine can run (20 minutes)

.PHONY: quick
quick: env ## Formatting, lint, types and the logic tests, side by side (a minute)
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint logic

.PHONY: logic
logic: env
	$(pytest) tests/logic -n logical --dist worksteal

.PHONY: wiring
wiring: env ## Tests with real processes on loopback; those that measure CPU or must be done in a time one by one
	@failed=0; \
	$(pytest) tests/wiring -m alone || failed=1; \
	$(pytest) tests/wiring -m "not alone" -n $(TOGETHER) --dist loadgroup || failed=1; \
	exit $$failed

.PHONY: browser
browser: env ## Tests of the pages in Chromium
	$(pytest) tests/browser -n 2 --dist worksteal

.PHONY: stack
stack: env ## Tests of the stack in real containers
	@failed=0; \
	$(pytest) tests/stack -m alone || failed=1; \
	$(pytest) tests/stack -m "not alone" -n 2 --dist loadgroup || failed=1; \
	exit $$failed

.PHONY: lint
lint: env ## Formatting, lint and types
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	PYTHONPATH=locust $(bin)/lint-imports --no-cache

.PHONY: format
format: env ## Put the code into its format
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

.PHONY: bench-cost
bench-cost: env ## What a request costs the service, beside the tutorial's app (two minutes)
	$(bin)/python bench/cost.py $(BENCH)

.PHONY: bench-door
bench-door: env ## What a thousand slow, silent or greedy clients cost the others (six minutes, on a machine with nothing else to do)
	$(bin)/python -m bench.slow_clients $(BENCH)

.PHONY: bench-capacity
bench-capacity: env ## How right and how fast the search is, beside a plain ramp on the same services (half an hour)
	$(bin)/python -m bench.capacity $(BENCH)

.PHONY: bench-ab
bench-ab: env ## How often lab ab says what, of simulated jobs whose truth is known (five minutes)
	PYTHONPATH=locust:. $(bin)/python bench/ab.py $(BENCH)

.PHONY: bench-drafted
bench-drafted: env ## Whether users of `lab new openapi` find the capacity that users.py finds (15 minutes, needs Docker)
	PYTHONPATH=locust:. $(bin)/python -m bench.drafted $(BENCH)

.PHONY: bench-scale
bench-scale: env ## What two masters and merging take with 4,000 light workers (two minutes, on a machine with nothing else to do)
	PYTHONPATH=locust:. $(bin)/python -m bench.scale $(BENCH)

.PHONY: bench-ledger
bench-ledger: env ## What the ledger costs master and worker for a million writes (half a minute)
	PYTHONPATH=locust $(bin)/python -m bench.ledger $(BENCH)

.PHONY: long-ledger
long-ledger: env ## 100,000 writes to SQLite and PostgreSQL, killed half way, and each found again (about ten minutes)
	LEDGER_WRITES=100000 $(bin)/python -m pytest tests/wiring/test_ledger_runs.py -k kill_9 --timeout 1800

.PHONY: long-kills
long-kills: env ## A million writes to SQLite and PostgreSQL through 200 kills of the service, and each found again (an hour)
	$(bin)/python -m bench.kills $(BENCH)
.PHONY: test-faults
test-faults: env ## The ring of faults, three trials at a time, and its table (docs/faults.md)
	$(pytest) tests/faults -n 3 --dist loadgroup -p no:randomly

.PHONY: test-nodes
test-nodes: env ## The stack over three engines in one Docker Swarm, which LAB_NODES names (tests/support/nodes.py; ten minutes)
	$(pytest) tests/nodes -p no:randomly

.PHONY: long-faults
long-faults: env ## The service killed a hundred times under writes, with each store (ten minutes)
	FAULTS_KILLS=100 $(bin)/python -m pytest tests/faults -k "again and under and writes" --timeout 1800

.PHONY: long-attack
long-attack: env ## All of the attack on the master's ports: 3,000 sockets and 6,000 half requests (a minute)
	ATTACK_SHARE=1 $(bin)/python -m pytest tests/wiring/test_swarm_attacked.py

.PHONY: fuzz
fuzz: env ## 200,000 messages of workers, changed by chance, against what the master takes in (two minutes): FUZZ=200000
	FUZZ=$(or $(FUZZ),200000) $(pytest) tests/logic/test_messages_fuzzed.py --timeout 1800

.PHONY: fuzz-urls
fuzz-urls: env ## 1,000,000 URLs put together by chance, against the one parse of a target (a minute): FUZZ_URLS=1000000
	FUZZ_URLS=$(or $(FUZZ_URLS),1000000) $(pytest) tests/logic/test_urls_fuzzed.py --timeout 1800

.PHONY: fuzz-api
fuzz-api: env ## 50,000 requests that schemathesis makes from the service's own description (15 minutes): FUZZ_API=6500
	FUZZ_API=$(or $(FUZZ_API),6500) $(pytest) tests/wiring/test_api_fuzz.py -k true --timeout 7200

.PHONY: scaling
scaling: env ## Capacity over sizes of the service: REPLICAS="1 2 3", or CPUS="0.2 0.4 0.8"; NEED=500 tells the size for that
	@./lab scaling $(if $(CPUS),--cpus $(CPUS),$(if $(PROCESSES),--processes $(PROCESSES),--replicas $(or $(REPLICAS),1 2 3))) \
		--workers $(WORKERS) --repeats $(or $(REPEATS),2) $(if $(NEED),--need $(NEED)) $(if $(SERVICE),--service $(SERVICE))

.PHONY: run
run: env ## One run from the shell: PLAN=capacity, WORKERS=4; exits as lab run does, but for make's own 2
	@./lab run --workers $(WORKERS) $(if $(PLAN),--plan $(PLAN))

.PHONY: doctor
doctor: env ## What of this machine would be in the way of a run
	@./lab doctor

.PHONY: runs
runs: env ## The finished runs, the newest first
	@./lab runs

.PHONY: mutants
mutants: env ## Whether the tests notice single changes in the pure modules: MUTANTS="--each 14 soak/ ledger/books" (see bench/mutants.py)
	OPENBLAS_NUM_THREADS=1 $(bin)/python -m bench.mutants $(MUTANTS)

.PHONY: bench-generator
bench-generator: env ## What a request costs the swarm, beside Locust's own users and other tools (15 minutes; needs nginx)
	$(bin)/python -m bench.generator $(BENCH)

.PHONY: screenshot
screenshot: env ## Take the README's picture of a running lab's UI anew (needs Chromium)
	$(bin)/python -m bench.screenshot http://localhost:$(or $(LOCUST_WEB_PORT),8089)

.PHONY: audit
audit: env ## Known vulnerabilities of all that is locked, by pip-audit; says so where the database cannot be reached
	$(bin)/python -m bench.audit

supply = $(bin)/uv run --quiet --no-project --isolated --with-requirements tests/supply.txt

.PHONY: sbom
sbom: env ## Bills of materials (CycloneDX) of both images' packages, in .local/
	@mkdir -p .local
	$(supply) cyclonedx-py requirements api/requirements.txt --output-reproducible --output-file .local/api.cdx.json
	$(supply) cyclonedx-py requirements locust/requirements.txt --output-reproducible --output-file .local/locust.cdx.json

lock_with = $(bin)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock"

.PHONY: lock
lock: env ## Resolve the requirements anew and write them down with their hashes
	$(lock_with) tests/requirements.in -o tests/requirements.txt
	$(lock_with) -c tests/requirements.txt api/requirements.in -o api/requirements.txt
	$(lock_with) -c tests/requirements.txt locust/requirements.in -o locust/requirements.txt
	$(lock_with) tests/supply.in -o tests/supply.txt

# Plain processes instead of containers. Where the exit code counts, call ./local.sh: make turns every failure into 2.
.PHONY: local
local: env ## The whole lab without Docker, on loopback: WORKERS=4 workers, knobs from .env
	@WORKERS=$(WORKERS) ./local.sh api master worker

.PHONY: swarm
swarm: env ## Only master and WORKERS=4 workers, for a service of your own (LOCUST_HOST)
	@WORKERS=$(WORKERS) ./local.sh master worker
