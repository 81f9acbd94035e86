# Every target sets up what it needs in .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SPEED ?= 120

.PHONY: setup demo test slow check bench lock audit sbom clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: setup
	@$(BIN)/hub rehearse $(if $(ONCE),--once,--speed $(SPEED))

# Twice as many at once as two cores: half of the time a test waits, for a process or an answer.
PYTEST := $(BIN)/pytest -n 4 --dist worksteal
test: setup
	$(PYTEST)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(PYTEST)

slow: setup
	$(PYTEST) -m slow

bench: setup
	$(BIN)/hub bench

# Cutting the network and filling a disk take root; without, the emulator's faults and limits take their place.
torture: setup
	$(BIN)/pytest -m torture tests/faults
	$(BIN)/hub torture --output var/torture.json

# The fuzzers want older versions of our own tools, so they live apart. SECONDS for the reader.
SECONDS ?= 600
fuzz: setup
	@$(BIN)/uv pip install --quiet --target .venv/fuzz atheris==3.0.0
	PYTHONPATH=.venv/fuzz $(BIN)/python -m tests.fuzz.reader -max_total_time=$(SECONDS) -rss_limit_mb=512
	$(BIN)/python -m tests.fuzz.doors "$(CURDIR)/$(BIN)/uv tool run --from schemathesis==4.32.5 st"

# Pins every package with its hashes, and those that a running hub needs; names no host, so it works behind any mirror.
lock:
	@test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --extra dev --extra pdf --extra docx pyproject.toml requirements.build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --extra pdf --extra docx pyproject.toml requirements.build -c requirements.lock -o requirements.run.lock

# Known weaknesses of what a running hub needs; says so where nothing can be looked up.
audit: setup
	@deploy/audit

# What a running hub consists of, with hashes (CycloneDX): var/sbom.json.
sbom: setup
	@mkdir -p var
	@$(BIN)/uv tool run --quiet --from cyclonedx-bom cyclonedx-py requirements requirements.run.lock --output-reproducible -o var/sbom.json 2>/dev/null && echo var/sbom.json || echo "sbom skipped: cyclonedx-bom cannot be had here"

clean:
	rm -rf .venv var
