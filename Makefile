# Needs make and Python 3.11 to 3.13; the real broker also Java 17 or later and Maven.
# Every target installs what it needs into .venv and .cache first, once.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= $(shell command -v python3.11 || command -v python3)
ROUNDS ?= 20
MINUTES ?= 60
RATE ?= 500
JOBS ?= 4
ARGS ?=

PY := .venv/bin/python
STAMP := .venv/.installed
UV := 0.13.9
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet

.PHONY: help
help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo ARGS=\"--help\" shows what the demo can do."

.PHONY: demo
demo: $(STAMP) ## Bring up Kafka, Redis and two workers, and watch them decide (ARGS="...")
	@exec .venv/bin/zhengming demo $(ARGS)

# COLUMNS: tables are as wide as the environment says when a process begins.
# PYTHONDONTWRITEBYTECODE: where it is set, each of some hundred processes compiles all it reads.
.PHONY: test
test: $(STAMP) kafka prometheus faketime ## Run the tests, JOBS=4 at a time, against real Kafka and real Redis (ARGS="..." goes to pytest)
	@COLUMNS=200 PYTHONDONTWRITEBYTECODE= $(PY) -m pytest --numprocesses $(JOBS) --dist loadgroup --no-loadscope-reorder $(ARGS)

.PHONY: ci
ci: check browser redis test ## Everything that must hold before a change lands

.PHONY: check
check: $(STAMP) ## Format, lint, types, generated files and schema compatibility, without the tests
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@$(PY) -m schemas.generate --check
	@$(PY) -m schemas.compatibility
	@$(PY) -m deploy.grafana.generate --check

.PHONY: fmt
fmt: $(STAMP) ## Format the code and mend what lint can mend
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

.PHONY: lint
lint: $(STAMP) ## Lint and types only
	@.venv/bin/ruff check .
	@.venv/bin/mypy

.PHONY: docs
docs: $(STAMP) ## Write the generated code and pages anew
	@$(PY) -m schemas.generate
	@$(PY) -m streams.settings --markdown > docs/settings.md.new
	@$(PY) -m streams.topics --markdown > docs/topics.md.new
	@$(PY) -m streams.metrics --markdown > docs/observability.md.new
	@$(PY) -m streams.access --markdown > docs/access.md.new
	@$(PY) -m tests.obligations --markdown > docs/coverage.md.new
	@mv docs/settings.md.new docs/settings.md
	@mv docs/topics.md.new docs/topics.md
	@mv docs/observability.md.new docs/observability.md
	@mv docs/access.md.new docs/access.md
	@mv docs/coverage.md.new docs/coverage.md
	@$(PY) -m deploy.grafana.generate

.PHONY: chaos
chaos: $(STAMP) kafka ## Kill, stop and freeze workers for ROUNDS=20 rounds, then check every record
	@$(PY) -m tests.chaos --rounds $(ROUNDS) $(ARGS)

.PHONY: soak
soak: $(STAMP) kafka ## Run everything for MINUTES=60 at half load, at most RATE=500/s: nothing may grow
	@$(PY) -m tests.soak --minutes $(MINUTES) --rate $(RATE) $(ARGS)

.PHONY: bench
bench: $(STAMP) kafka ## Measure everything, with its peers, and write benchmarks/RESULTS.md
	@$(PY) -m benchmarks $(ARGS)

.PHONY: bench-quick
bench-quick: $(STAMP) kafka ## The same with small numbers, to see that it runs
	@$(PY) -m benchmarks --quick $(ARGS)

.PHONY: install
install: $(STAMP) ## Install into .venv what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "needs Python 3.11 to 3.13, '$(PYTHON)' is not: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "installing into .venv, once" >&2
	@"$(PYTHON)" -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Without Java the tests that need a broker are skipped, except where CI=true.
.PHONY: kafka
kafka: $(STAMP)
	@$(PY) -m streams.broker || test "$${CI:-}" != true

.PHONY: browser
browser: ## Install Chromium and a Chinese font for the console's tests (Debian, as root)
	@command -v chromium >/dev/null || { ! command -v apt-get >/dev/null || test "$$(id -u)" != 0; } || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends chromium fonts-noto-cjk >/dev/null; }

# Debian's package is unpacked, not installed: no root, and no service that starts by itself.
.PHONY: prometheus
prometheus: ## Fetch Debian's Prometheus into .cache for the tests of alerts and dashboards
	@test -x .cache/prometheus/usr/bin/promtool || \
		{ command -v promtool >/dev/null && command -v prometheus >/dev/null; } || \
		! command -v apt-get >/dev/null || { mkdir -p .cache/prometheus; cd .cache/prometheus; \
			apt-get download -qq prometheus 2>/dev/null || \
				{ apt-get update -qq && apt-get download -qq prometheus; } && \
			dpkg-deb -x prometheus_*.deb .; } || \
		echo "no Prometheus: as root run 'apt-get update', then 'make prometheus' again" >&2

.PHONY: faketime
faketime: ## Fetch Debian's libfaketime into .cache for the test of clocks that jump
	@ls .cache/faketime/usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || \
		! command -v apt-get >/dev/null || { mkdir -p .cache/faketime; cd .cache/faketime; \
			apt-get download -qq libfaketime 2>/dev/null || \
				{ apt-get update -qq && apt-get download -qq libfaketime; } && \
			dpkg-deb -x libfaketime_*.deb .; } || \
		echo "no libfaketime: as root run 'apt-get update', then 'make faketime' again" >&2

.PHONY: redis
redis: ## Install Redis with TLS for the tests of security (Debian, as root)
	@command -v redis-server >/dev/null || { ! command -v apt-get >/dev/null || test "$$(id -u)" != 0; } || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends redis-server >/dev/null; }

.PHONY: audit
audit: $(STAMP) ## Known vulnerabilities, licences, dist/sbom.json; exit code 4 without an answer
	@$(PY) -m deploy.supply

.PHONY: lock
lock: $(STAMP) ## Resolve pyproject.toml into requirements.lock (ARGS=--upgrade for newer versions)
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@.venv/bin/uv pip compile pyproject.toml --extra dev $(LOCK) $(ARGS) -o requirements.lock
	@# The image has the same versions, without the tools of developers.
	@.venv/bin/uv pip compile pyproject.toml --extra server $(LOCK) \
		--constraint requirements.lock -o deploy/image/requirements.lock
	@echo "setuptools>=77" | .venv/bin/uv pip compile - $(LOCK) \
		--constraint requirements.lock -o deploy/image/build.lock

.PHONY: clean
clean: ## Remove everything that was installed, fetched or generated outside the repository
	@rm -rf .venv .cache .zhengming .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
