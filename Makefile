# Works with GNU make 3.81 (macOS) and later. `make run` is all a newcomer needs; see CONTRIBUTING.md for the rest.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check bench lock clean

# More arguments for the program that is started, e.g. make run ARGS="--port 9000" or make test ARGS="-k ingest"
ARGS =
# Test processes side by side
WORKERS = 2
# A particular Python for .venv, e.g. make run PYTHON=python3.13; otherwise the first that is new enough
PYTHON =

# Without bytecode each of the many programs that tests start would compile all of ours anew.
unexport PYTHONDONTWRITEBYTECODE

PY = .venv/bin/python
RUNTIME = .venv/.runtime
DEV = .venv/.dev

help:
	@echo "make run     install what is needed into .venv and start with demo calls on http://127.0.0.1:8000"
	@echo "make test    all tests              (ARGS=\"-k name\" for some, WORKERS=4 for more processes)"
	@echo "make check   format, lint, types and what bandit says"
	@echo "make bench   medians and ratios of the hot paths"
	@echo "make lock    re-resolve requirements*.txt from setup.cfg  (UPGRADE=1: newest versions)"
	@echo "make clean   remove .venv and caches; var/ with your calls stays"

run: $(RUNTIME)
	@exec $(PY) -m app demo $(ARGS)

test: $(DEV)
	@sh tests/programs.sh
	@exec $(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

check: $(DEV)
	@$(PY) -m ruff format --check --quiet . || \
		{ $(PY) -m ruff format --check --output-format=concise .; echo "To format: $(PY) -m ruff format ."; exit 1; }
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy --no-error-summary $(patsubst %/__init__.py,%,$(wildcard */__init__.py))
	@$(PY) -m bandit --quiet --configfile pyproject.toml --recursive $(patsubst %/__init__.py,%,$(filter-out tests/%,$(wildcard */__init__.py)))
	@echo "Format, lint, types and security are fine."

bench: $(DEV)
	@exec $(PY) -m tests.bench $(ARGS)

# uv resolves for all Python versions and platforms at once. It does not read pip's configuration, so index and
# certificate are handed over. Pins that still fit stay; UPGRADE=1 takes the newest versions.
UPGRADE =
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --index-strategy unsafe-best-match \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
lock: $(DEV)
	@get() { $(PY) -m pip config get "global.$$1" 2>/dev/null || true; }; \
	index=$${PIP_INDEX_URL:-$$(get index-url)}; extra=$${PIP_EXTRA_INDEX_URL:-$$(get extra-index-url)}; \
	cert=$${SSL_CERT_FILE:-$${PIP_CERT:-$$(get cert)}}; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	if [ -n "$$extra" ]; then export UV_EXTRA_INDEX_URL="$$(echo $$extra)"; fi; \
	if [ -n "$$cert" ]; then export SSL_CERT_FILE="$$cert"; fi; \
	$(COMPILE) setup.cfg -o requirements.txt && \
	$(COMPILE) setup.cfg --extra dev -c requirements.txt -o requirements-dev.txt
	@rm -rf voicehive.egg-info
	@echo "requirements.txt and requirements-dev.txt are up to date with setup.cfg."

clean:
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis htmlcov .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Clean. Calls and settings in var/ are untouched."

# --no-deps: the files name everything. Bytecode is made for what is used, not for other people's tests, on all cores:
# half the time of an ordinary installation.
define install
	@echo "Installing $(1) into .venv ..."
	@$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-compile -r $(1)
	@$(PY) -m compileall -qq -j 0 -x '/(tests|plotly)/' .venv/lib || true
	@touch $(2)
endef

$(RUNTIME): requirements.txt $(PY)
	$(call install,requirements.txt,$@)

$(DEV): requirements-dev.txt $(PY)
	$(call install,requirements-dev.txt,$@)
	@touch $(RUNTIME)

# A missing .venv, or one whose Python is gone, is made anew. Debian's Python comes without ensurepip.
$(PY):
	@set -e; python=; \
	for each in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "VoiceHive needs Python 3.11 or newer; none was found on the PATH." >&2; exit 1; fi; \
	if ! $$python -c 'import ensurepip' 2>/dev/null; then \
		version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); sudo=; \
		[ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
		if command -v apt-get >/dev/null 2>&1 && $$sudo true 2>/dev/null; then \
			echo "Installing python$$version-venv ..."; \
			{ $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -qq --no-install-recommends python$$version-venv; } >/dev/null; \
		else \
			echo "$$python cannot make virtual environments. On Debian and Ubuntu: sudo apt install python$$version-venv" >&2; \
			exit 1; \
		fi; \
	fi; \
	rm -rf .venv; \
	echo "Making .venv with $$($$python --version) ..."; \
	$$python -m venv .venv
