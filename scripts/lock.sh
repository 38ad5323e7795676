#!/bin/sh
# Resolves the dependencies for every supported Python and platform into hash-locked files that name no index.
set -eu
[ -x .venv-lock/bin/uv ] || { python3 -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet 'uv>=0.13.8,<0.14'; }
lock() {
  .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-annotate --no-header --no-config --upgrade "$@"
}
lock requirements/build.in -o requirements/build.txt
lock pyproject.toml -o requirements/runtime.txt
lock pyproject.toml --extra test -c requirements/runtime.txt -o requirements/test.txt
lock requirements/semgrep.in -o requirements/semgrep.txt
lock requirements/onvif.in --no-deps -c requirements/runtime.txt -o requirements/onvif.txt
