"""Runs `securevision camera discover` in a network of its own, and prints what it printed."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

from securevision.cli.run import run_cli
from unit.cameras.onvif.neighbourhood import Neighbours
from unit.cameras.onvif.test_onvif_discovery import probe_match

SCOPES = "onvif://www.onvif.org/name/%1b%5b31mGate%0a onvif://www.onvif.org/hardware/X1"
ANSWERS = [("192.168.77.5", probe_match("http://192.168.77.5/onvif/device_service", scopes=SCOPES))]


def discover(*options: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_cli(["camera", "discover", "--wait", "0.5", *options])
    return code, out.getvalue(), err.getvalue()


def main() -> None:
    with Neighbours(ANSWERS):
        seen = {
            "lines": discover(),
            "json": discover("--json"),
            "interface": discover("--interface", "nosuch0", "--interface", "lo"),
        }
    seen |= {"nobody": discover(), "nowhere": discover("--interface", "nosuch0")}
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
