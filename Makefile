# Thin over bootstrap.py and the command line, which work on every system.
PYTHON ?= python3
RUN = .venv/bin/python

.PHONY: help lab test notebooks lint benchmarks claims constraints
help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
lab:  ## set up, then open JupyterLab on the start page
	$(PYTHON) bootstrap.py lab
test:  ## set up with the test tools, then run every test
	$(PYTHON) bootstrap.py test
notebooks:  ## write notebooks/, exercises/ and solutions/ from src/
	$(PYTHON) bootstrap.py setup && $(RUN) -m selfattention build
lint:  ## look for slips in the code
	$(PYTHON) bootstrap.py setup && $(RUN) -m ruff check .
benchmarks:  ## measure what the README states about speed
	$(PYTHON) bootstrap.py setup && $(RUN) benchmarks/run.py
claims:  ## do the lessons' claims hold on other processors, with other seeds? (half an hour; goes on where it was)
	$(PYTHON) bootstrap.py setup && $(RUN) benchmarks/claims.py --write
constraints:  ## resolve all versions anew (needs uv); torch stays where pyproject.toml's test run has it
	echo "torch==2.13.0" | uv pip compile pyproject.toml --all-extras --universal --python-version 3.10 --no-annotate \
		--no-header -c /dev/stdin -o constraints.new
	(echo "# Every version that CI runs, for Python 3.10 to 3.14. Made by: make constraints"; \
		grep -v -i -E "^(nvidia|cuda)" constraints.new) > constraints.txt && rm constraints.new
