# The commands a newcomer needs; `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8501
comma  := ,
# Besides these the app answers to the names in PARITY_HOSTS only; given here, the server knows it from its first moment on.
HOSTS   = 127.0.0.1 localhost ::1 $(subst $(comma), ,$(PARITY_HOSTS))
# Compiled modules are kept, whatever the environment says (images of containers often say no): the server and each worker
# are processes of their own, and each would compile the program anew, for one second and a half.
export PYTHONDONTWRITEBYTECODE =
# What measures a server's time and memory runs with nothing beside it; all other tests in three processes, each file in
# one of them, the longest first: two processors are never idle then, while one of the three waits for a browser or a
# worker (a ninth of the time with two), and they take 8 GB of memory. There each process computes products of
# matrices in one thread: threads that wait for each other on processors that are taken cost a quarter of the time.
ALONE  := tests/load/test_load.py
TESTS_AT_ONCE ?= 3

.DEFAULT_GOAL := help
.PHONY: help run test check bench format clean

help:   ## List these commands
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.installed   ## Install what is missing and open the app in the browser
	$(BIN)/streamlit run app.py --server.address 127.0.0.1 --server.port $(PORT) \
		$(HOSTS:%=--server.allowedHosts '%')

test: $(VENV)/.installed-dev   ## Install what is missing and run every test, the browser's included
	. tests/browser/chromium.sh && . tests/browser/nginx.sh && . tests/browser/axe.sh && \
		PARITY_TESTS_MADE=$$(mktemp -d) && export PARITY_TESTS_MADE && trap 'rm -rf "$$PARITY_TESTS_MADE"' EXIT && \
		OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist loadfile --no-loadscope-reorder $(ALONE:%=--ignore=%) && \
		$(BIN)/python -m pytest $(ALONE)

check: $(VENV)/.installed-dev   ## Formatting, lint and types, without running anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev   ## Measure how fast it is: one table of ratios, and bench.json (estimated: half an hour)
	. tests/browser/chromium.sh && $(BIN)/python -m tests.bench

format: $(VENV)/.installed-dev   ## Put the code into its usual form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:   ## Remove the virtual environment and the tools' caches (runs and datasets stay)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v < (3, 14) and "Parity needs Python 3.11, 3.12 or 3.13 (TensorFlow and h5py have no packages for newer ones yet), and $(PYTHON) is %d.%d; install one of them and name it: make PYTHON=python3.12 $(MAKECMDGOALS)" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt requirements-cluster.txt requirements-formats.txt requirements-openvino.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
