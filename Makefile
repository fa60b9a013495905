# Each target makes what it needs in .venv, and nothing outside this folder.
PYTHON ?= python3
BIN := .venv/bin
export PIP_CACHE_DIR := $(CURDIR)/.venv/cache
export UV_CACHE_DIR := $(CURDIR)/.venv/uv
export MPLCONFIGDIR := $(CURDIR)/.venv/matplotlib
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The documentation theme prints an announcement otherwise.
export NO_MKDOCS_2_WARNING := 1

# A file that was not made to its end is none.
.DELETE_ON_ERROR:

.PHONY: demo test live polls clients bench check docs reliability soak dist clean audit lowest lowest-quick fuzz

demo: .venv/ready-demo
	$(BIN)/python examples/demo.py $(ARGS)

test: .venv/ready-dev
	$(BIN)/python -m pytest $(ARGS)

# Asks the real portal; PORTAL=http://127.0.0.1:1234 asks a stand-in in its place.
live: .venv/ready-dev
	BDXOPENDATA_LIVE_PORTAL=$(PORTAL) $(BIN)/python -m pytest -m live tests/live $(ARGS)

# Ten thousand polls of a live topic: memory, threads and handles must stay flat. Takes some twenty minutes.
polls: .venv/ready-dev
	BDXOPENDATA_POLLS=10000 $(BIN)/python -m pytest -s tests/topics/test_watching.py -k many_polls $(ARGS)

# The vendor's JavaScript client, for the tests that run it under node. Without npm they are skipped.
clients:
	npm install --prefix tests/clients --cache .venv/npm --no-audit --no-fund --no-package-lock --loglevel=error

.PHONY: spark bench-docs bench-page

# Opens our folders in Spark. Needs Java 17; pyspark is large, so it is fetched for this alone.
spark: .venv/ready-dev
	$(BIN)/python -m pip install --quiet 'pyspark>=4'
	$(BIN)/python -m pytest -m spark tests/interop $(ARGS)

# Compares with rivals, each in a fresh process; ARGS="parcels history" and others choose what.
bench: .venv/ready-dev
	$(BIN)/python benchmarks/run.py $(ARGS)

# Measures everything on an otherwise idle machine, a quarter of an hour on two CPUs, and writes docs/performance.md.
bench-docs: .venv/ready-dev
	$(BIN)/python benchmarks/run.py --docs $(ARGS)

# Writes docs/performance.md anew from the newest results that are kept.
bench-page: .venv/ready-dev
	$(BIN)/python benchmarks/run.py --render

# pyright gets its Python through PATH, for --verifytypes does not heed --pythonpath.
check: .venv/ready-dev
	$(BIN)/ruff check src tests examples benchmarks
	$(BIN)/ruff format --check src tests examples benchmarks
	$(BIN)/mypy
	$(BIN)/mypy tests/typing/public_api.py
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright --verifytypes bdxopendata --ignoreexternal
	$(BIN)/lint-imports

docs: .venv/ready-dev
	$(BIN)/mkdocs build --strict

# Every fault by every way to get data; writes docs/reliability.md.
reliability: .venv/ready-dev
	$(BIN)/python tests/conformance/run.py

# Processes that are killed while they fetch and record; the figures go onto the same page.
KILLS ?= 200
soak: .venv/ready-dev
	$(BIN)/python tests/conformance/run.py soak $(KILLS)

# Known weaknesses of what is installed, and of the lowest versions. Where no service can be asked, it says so and is no
# failure; ADVISORY_SERVICE=https://api.osv.dev/v1/query asks another than the package index.
audit: .venv/ready-dev .venv/lowest.txt
	$(BIN)/python .ci/audit.py .venv/lowest.txt

# The tests with the lowest versions that are allowed, in an environment of their own; some twenty minutes.
lowest: .venv/ready-lowest
	.venv/lowest/bin/python -m pytest -q -n auto $(ARGS)

# Some of them from each layer, a minute: what depends most on how pandas, geopandas, pyarrow, GDAL and the like behave.
LAYERS := tests/formats tests/frames tests/saving tests/cli/test_commands.py tests/interop/test_duckdb.py \
	tests/interop/test_dask.py::test_two_workers_give_the_rows_of_one_machine \
	$(addprefix tests/test_,import.py lake.py query.py store.py) \
	$(addprefix tests/topics/test_,casts.py charts.py contract.py engine.py parking.py) \
	tests/topics/test_recording.py::test_every_dtype_comes_back tests/topics/test_subsidies.py::test_amounts_are_exact
lowest-quick: .venv/ready-lowest
	.venv/lowest/bin/python -m pytest -q -n auto $(LAYERS) $(ARGS)

# Old releases come as wheels or not at all: to build one would take longer than all the tests.
.venv/lowest.txt: pyproject.toml .ci/floors.py | .venv/ready-dev
	$(BIN)/uv pip compile --quiet --python $(BIN)/python --only-binary :all: --resolution lowest-direct \
		--upgrade --extra all --extra testing pyproject.toml -o $@
	$(BIN)/python .ci/floors.py $@

.venv/ready-lowest: .venv/lowest.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/lowest
	$(BIN)/uv pip install --quiet --python .venv/lowest/bin/python -r .venv/lowest.txt
	$(BIN)/uv pip install --quiet --python .venv/lowest/bin/python -c .venv/lowest.txt hypothesis ipython lxml mkdocs-material \
		'mkdocstrings[python]' odsclient polars pytest-socket pytest-xdist schemathesis time-machine trustme
	$(BIN)/uv pip install --quiet --python .venv/lowest/bin/python --no-deps --editable .
	touch $@

# Guided by coverage: make fuzz TARGET=csv ARGS="--seconds 600".
fuzz: .venv/ready-dev
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python fuzz/run.py $(TARGET) $(ARGS)

# The source distribution, and the wheel built from it.
dist: .venv/ready-dev
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python .ci/dist.py dist

clean:
	rm -rf .venv build dist site demo-output

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/ready-demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[plot]'
	touch $@

.venv/ready-dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
