# Everything starts here: each target first prepares .venv (tools/bootstrap.py), which takes
# a fraction of a second once it is there. Extra arguments: make test ARGS="-k chunk".

PYTHON =
ARGS =
python = PYTHON='$(PYTHON)' sh tools/python.sh
prepare = $(python) tools/bootstrap.py

.DEFAULT_GOAL = help
.PHONY: help chat test lint types lock bench clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\): *## */\1:/p' Makefile | awk -F: '{ printf "make %-6s %s\n", $$1, $$2 }'

chat: ## Open the chat on localhost; the first time installs and indexes
	@$(prepare)
	@.venv/bin/python -m ui.cli chat $(ARGS)

test: ## Run the tests and print the coverage
	@$(prepare) dev
	@.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS) --cov

lint: ## Check style and format (ruff)
	@$(prepare) dev
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .

types: ## Check the types (mypy, strict)
	@$(prepare) dev
	@.venv/bin/python -m mypy

lock: ## Renew both locks from pyproject.toml
	@$(python) tools/lock.py $(ARGS)

bench: ## Run the measurements, bench/bench_*.py, one after the other
	@$(prepare) dev
	@for script in bench/bench_*.py; do \
	    [ -e "$$script" ] || continue; \
	    echo "== $$script"; .venv/bin/python "$$script" $(ARGS) || exit 1; \
	done

clean: ## Remove .venv and what the tools left; index and reports in .groundskeeper stay
	@rm -rf .venv .venv.lock build dist *.egg-info .coverage htmlcov
	@rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
