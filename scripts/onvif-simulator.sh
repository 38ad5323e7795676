#!/bin/sh
# Makes .venv-onvif, an environment with a camera that is none: `tests/scenarios/test_onvif_simulator.py` asks it.
# It wants a build of OpenCV with windows, so what it gets is named here and not by its own list (`--no-deps`).
set -eu
tools=.venv-onvif
if [ ! -e $tools/made ] || [ requirements/onvif.txt -nt $tools/made ]; then
  .venv/bin/python -m venv $tools
  $tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/onvif.txt
  touch $tools/made
fi
