#!/bin/sh
# Makes .venv with what the given lock files name, and this package; says in one sentence what is missing.
# usage: scripts/venv.sh LOCK...
set -eu
python=${PYTHON:-}
if [ -z "$python" ]; then
  for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; break; fi
  done
fi
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "SecureVision needs Python 3.11 or newer; install it (on Debian and Ubuntu: apt install python3 python3-venv) and run make again." >&2
  exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "Python's venv module is missing; install it (on Debian and Ubuntu: apt install python3-venv) and run make again." >&2
  exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
set -- requirements/build.txt "$@"
for lock; do
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock"
done
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
