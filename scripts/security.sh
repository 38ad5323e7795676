#!/bin/sh
# Looks for what this code never does: bandit's rules, and our own in .semgrep/, whose examples are tried first.
# semgrep has an environment of its own, since it pins libraries that we use in newer versions.
set -eu
.venv/bin/bandit --quiet --configfile bandit.yaml --recursive src
tools=.venv-semgrep
if [ ! -e $tools/made ] || [ requirements/semgrep.txt -nt $tools/made ]; then
  .venv/bin/python -m venv $tools
  $tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/semgrep.txt
  touch $tools/made
fi
export SEMGREP_ENABLE_VERSION_CHECK=0 SEMGREP_SEND_METRICS=off
rules=.semgrep/securevision.yaml
# Its own answer is 0, too, when it finds no examples at all.
$tools/bin/semgrep scan --test --config $rules .semgrep/securevision.py 2>&1 | grep -q 'All tests passed' || {
  $tools/bin/semgrep scan --test --config $rules .semgrep/securevision.py >&2 || true
  echo "A rule of $rules does not do what its examples say." >&2
  exit 1
}
# All files, also those that git does not know yet.
$tools/bin/semgrep scan --quiet --error --no-git-ignore --config $rules src
