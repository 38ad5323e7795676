"""From the first picture of somebody to the event about them at a program, with the real models."""

import json
import shutil
import time
from collections import defaultdict

from benchmarks.media.blocks import ZONE
from benchmarks.media.cameras import Cameras, cameras
from benchmarks.media.clips import LENGTH, RATE, beginnings
from benchmarks.media.parts import Figures, Setting, spread
from benchmarks.media.server import server

from fakes.models import model_file
from securevision.cameras.demo import DEMO_PERSON, DEMO_PLATE
from securevision.wiring.models import PORTRAIT

_TURN_S = LENGTH / RATE
_LATE_S = 5.0
"""What comes later is about the next coming."""
_KINDS = {"face_match": ("person_name", DEMO_PERSON), "plate_read": ("plate_text", DEMO_PLATE)}


def measure_events(setting: Setting) -> Figures:
    """Let a person and a car come three times in 20 s, both at once; three looks confirm a sighting."""
    gallery = setting.folder / "gallery"
    photo = gallery / DEMO_PERSON / PORTRAIT
    photo.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model_file(PORTRAIT), photo)
    turns = 2 if setting.quick else 15
    found: dict[str, dict[float, float]] = defaultdict(dict)
    with (
        server(gallery, TRACKING__COOLDOWN_SECONDS="0") as ours,
        cameras("clip", 1, setting.comings) as camera,
        ours.process.stream(ours.token) as stream,
    ):
        ours.add("gate", camera.address(0), zones=[ZONE], recording="events")
        ours.wait_until_live(1)
        # A whole turn passes first, in which models and caches get warm.
        begin_ms = time.time() * 1000 + 1000 * _TURN_S
        end_ms = begin_ms + 1000 * _TURN_S * turns
        expected = _comings(camera, begin_ms, end_ms)
        while (now_ms := time.time() * 1000) < end_ms + 1000 * _LATE_S:
            try:
                message = json.loads(stream.recv(1.0))
            except TimeoutError:
                continue
            now_ms = time.time() * 1000
            if message["type"] in _KINDS and _is_right(message):
                came_ms = max((each for each in expected if each < now_ms), default=None)
                if came_ms is not None and now_ms - came_ms < 1000 * _LATE_S:
                    found[message["type"]].setdefault(came_ms, now_ms - came_ms)
        latency_ms = ours.states()["gate"]["latency_ms"]
    figures: Figures = {kind: spread(list(found[kind].values())) for kind in _KINDS if found[kind]}
    everything = [age for each in found.values() for age in each.values()]
    if not everything:
        raise SystemExit("Nobody was recognised.")
    missed = len(_KINDS) * len(expected) - len(everything)
    print(figures, missed, flush=True)
    return figures | {"all": spread(everything), "missed": missed, "known_after_ms": latency_ms}


def _comings(camera: Cameras, begin_ms: float, end_ms: float) -> list[float]:
    """Return when somebody is first seen in that time."""
    turns = range(int((end_ms - begin_ms) / 1000 / _TURN_S) + 1)
    last = [camera.seen_ms(0, number, end_ms) for number in beginnings()]
    times = [each - 1000 * _TURN_S * turn for each in last for turn in turns]
    return sorted(each for each in times if each > begin_ms)


def _is_right(message: Figures) -> bool:
    """Whether it names who is there: a stranger's face is one that is not known yet."""
    field, value = _KINDS[message["type"]]
    return bool(message["payload"][field] == value)
