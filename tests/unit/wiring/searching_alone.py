"""Searches for cameras in a network of its own, where neighbours lie, and prints what was found."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fakes import lying_worker
from securevision.clock import SystemClock
from securevision.errors import SourceError
from securevision.runtime.answers import FromAsked
from securevision.runtime.supervision import WorkerKind
from securevision.settings import Settings
from securevision.wiring.engine import media_kind
from securevision.wiring.onvif import NetworkCameras
from unit.cameras.onvif.neighbourhood import Neighbours
from unit.cameras.onvif.test_onvif_discovery import probe_match

WAIT_S = 0.5
ANSWERS = (
    ("192.168.77.5", probe_match("http://192.168.77.5/onvif/device_service")),
    ("192.168.77.5", probe_match("http://10.9.8.7/of-somebody-else", endpoint="urn:uuid:2")),
    ("192.168.77.5", b'<!DOCTYPE a [<!ENTITY l "lol">]><a>&l;</a>'),
    ("10.9.8.7", probe_match("http://169.254.169.254/ https://10.9.8.7:8443/x", endpoint="urn:uuid:3")),
    ("127.0.0.1", probe_match("http://127.0.0.1/", endpoint="urn:uuid:4")),
)


def find(search: NetworkCameras, interfaces: Sequence[str] | None = None) -> list[dict[str, Any]]:
    return [asdict(each) for each in search.find(WAIT_S, interfaces)]


def refused(search: NetworkCameras) -> str:
    try:
        find(search, ["nosuch0"])
    except SourceError as error:
        return str(error)
    return ""


def main() -> None:
    honest = NetworkCameras(media_kind(Settings()))
    lying = NetworkCameras(WorkerKind([lying_worker.__file__, "claims"], FromAsked, 1 << 30))
    clock, begin = SystemClock(), SystemClock().monotonic()
    with Neighbours(ANSWERS) as neighbours:
        found = find(honest, ["lo"])
        lasted, heard = [clock.monotonic() - begin], len(neighbours.heard)
        claimed = find(lying)
    elsewhere, alone = refused(honest), find(honest)
    json.dump(
        {
            "found": found,
            "claimed": claimed,
            "elsewhere": elsewhere,
            "alone": alone,
            "lasted": lasted,
            "heard": heard,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
