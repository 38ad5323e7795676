"""Metrics: what is given out, to whom, and that the reference names it all."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fakes.running_api import CAMERA, OTHER_CAMERA, RunningApi
from fakes.watching import report, worker
from securevision.access.roles import PROGRAM_SCOPES
from securevision.api.camera_states import STATES
from securevision.domain.accounts import User
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.rights import ALL_CAMERAS, Cameras, Permission, Role
from securevision.domain.seal import Seal

REFERENCE = (Path(__file__).parents[3] / "docs/reference/metrics.md").read_text()
OTHER = Cameras(frozenset({OTHER_CAMERA}))

Labels = tuple[tuple[str, str], ...]


@pytest.fixture
def owner(api: RunningApi) -> User:
    return api.add_user("Owner", Role.ADMIN)


def scraped(api: RunningApi, owner: User, cameras: Cameras = ALL_CAMERAS) -> dict[str, dict[Labels, float]]:
    """Return each sample's values by its labels."""
    with api.client(api.token(owner, {Permission.METRICS_READ}, cameras)) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return samples


def of(camera: str, **more: str) -> Labels:
    return tuple(sorted({"camera": camera, **more}.items()))


def test_what_a_camera_does(api: RunningApi, owner: User) -> None:
    found = scraped(api, owner)
    single = {
        "up": 1,
        "packets_total": 1000,
        "bytes_total": 5_000_000,
        "frames_offered_total": 100,
        "frames_analysed_total": 80,
        "latency_seconds": 0.125,
        "viewers": 0,
    }
    for name, value in single.items():
        assert found[f"securevision_camera_{name}"] == {of(CAMERA): value}
    assert found["securevision_camera_frames_dropped_total"] == {
        of(CAMERA, reason="crowded"): 7,
        of(CAMERA, reason="superseded"): 8,
        of(CAMERA, reason="lost"): 5,
    }
    assert found["securevision_camera_fps"] == {
        of(CAMERA, stage="received"): 24.996,
        of(CAMERA, stage="analysed"): 4.5,
    }


@pytest.mark.parametrize("state", SourceState)
def test_a_camera_has_one_state_and_is_up_while_it_gives_video(
    api: RunningApi, owner: User, state: SourceState
) -> None:
    api.watching.told[CAMERA] = report(CAMERA, SourceStatus(state))
    found = scraped(api, owner)
    assert found["securevision_camera_state"] == {
        of(CAMERA, state=each): float(each == state) for each in STATES
    }
    assert found["securevision_camera_up"] == {of(CAMERA): float(state is SourceState.LIVE)}


def test_cameras_that_are_disabled_or_that_nobody_reads(api: RunningApi, owner: User) -> None:
    api.add_camera("attic", enabled=False)
    api.watching.told.clear()
    found = scraped(api, owner)
    states = found["securevision_camera_state"]
    assert states[of("attic", state="disabled")] == states[of(CAMERA, state="connecting")] == 1
    assert sum(states.values()) == 2
    assert found["securevision_camera_up"] == {of(CAMERA): 0}
    assert "securevision_camera_packets_total" not in found


def test_what_the_workers_do(api: RunningApi, owner: User) -> None:
    api.watching.workers = [
        worker("media-1"),
        worker("media-2", failure="It ended.", seal=Seal(limits=True)),
        replace(worker("recogniser", seal=None), pid=0, restarts=0, resident_bytes=0),
    ]
    found = scraped(api, owner)
    names = [(("worker", name),) for name in ("media-1", "media-2", "recogniser")]
    for metric, values in {
        "up": [1, 0, 0],
        "sealed": [1, 0, 0],
        "restarts_total": [2, 2, 0],
        "resident_bytes": [1 << 26, 1 << 26, 0],
    }.items():
        assert found[f"securevision_worker_{metric}"] == dict(zip(names, values, strict=True))


def test_only_cameras_that_one_may_see_are_there(api: RunningApi, owner: User) -> None:
    api.add_camera(OTHER_CAMERA)
    found = scraped(api, owner, OTHER)
    cameras = {dict(labels).get("camera") for samples in found.values() for labels in samples}
    assert cameras == {OTHER_CAMERA, None}


def test_metrics_are_for_whoever_may_read_them(api: RunningApi, owner: User) -> None:
    assert api.session(owner).get("/metrics").status_code == 200
    assert api.signed_in("Olga", Role.OPERATOR).get("/metrics").status_code == 403
    with api.client(api.token(owner, PROGRAM_SCOPES - {Permission.METRICS_READ})) as client:
        assert client.get("/metrics").status_code == 403
    with api.program() as client, api.client() as nobody:
        assert client.get("/metrics").status_code == 403
        assert nobody.get("/metrics").status_code == 401


def test_nothing_of_the_process_or_of_python_is_given_out(api: RunningApi, owner: User) -> None:
    assert all(name.startswith("securevision_") for name in scraped(api, owner))


def test_the_reference_and_the_server_agree(api: RunningApi, owner: User) -> None:
    with api.client(api.token(owner, {Permission.METRICS_READ})) as client:
        answered = client.get("/metrics").text
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", answered, flags=re.MULTILINE))
    labels = {
        name: frozenset(key for each in samples for key, _ in each)
        for name, samples in scraped(api, owner).items()
    }
    given = {(name, type_, labels[name]) for name, type_ in types.items()}
    rows = re.findall(r"^\| `(\S+)` \| (\w+) \| (.+?) \| .+ \|$", REFERENCE, flags=re.MULTILINE)
    assert {(name, type_, frozenset(re.findall(r"`(\w+)`", said))) for name, type_, said in rows} == given
    assert len(rows) == len(given)
    values = {value for samples in scraped(api, owner).values() for each in samples for _, value in each}
    told = values - set(STATES) - {CAMERA} - {each.name for each in api.watching.workers}
    assert [value for value in told if f"`{value}`" not in REFERENCE] == []
