"""The server as a user starts it: one process, a video, a browser's and a program's way in."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import websockets

from securevision.wiring.demo import Demo

pytestmark = pytest.mark.needs_models

PATIENCE = 90
ORIGIN = "https://cameras.example"
LINK = re.compile(r"Open (http://127\.0\.0\.1:\d+/)#code=(\S+)")
TOKEN = re.compile(r"API token, shown this once: (\S+)")


@dataclass(frozen=True)
class Started:
    """A running server and what it printed first."""

    process: subprocess.Popen[str]
    directory: Path
    url: str
    code: str
    token: str | None


def start(directory: Path, **settings: str) -> Started:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SECUREVISION__")}
    environment |= {f"SECUREVISION__{name}": value for name, value in ({"API__PORT": "0"} | settings).items()}
    with (directory / "stderr.txt").open("a") as errors:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "securevision", "serve"],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    token = None
    for line in process.stdout:
        if shown := TOKEN.search(line):
            token = shown[1]
        if link := LINK.search(line):
            return Started(process, directory, link[1], link[2], token)
    process.stdout.close()
    process.wait(PATIENCE)
    raise AssertionError((directory / "stderr.txt").read_text())


def stop(server: Started, number: int = signal.SIGTERM) -> int:
    server.process.send_signal(number)
    assert server.process.stdout is not None
    server.process.stdout.close()
    return server.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> Iterator[Started]:
    directory = tmp_path_factory.mktemp("server")
    enrol = [sys.executable, "-m", "securevision", "person", "enrol", str(demo.gallery)]
    subprocess.run(enrol, cwd=directory, check=True, timeout=PATIENCE)
    (directory / "allow.csv").write_text("plate,description\nSV26 DEM,the blue car\n")
    server = start(
        directory,
        CAMERA__URL=str(demo.clip),
        CAMERA__ID="driveway",
        PLATES__ALLOW_LIST="allow.csv",
        API__ORIGIN=ORIGIN,
    )
    yield server
    if server.process.poll() is None:
        stop(server)


async def _events_of_the_stream(server: Started) -> list[dict[str, object]]:
    stream = server.url.replace("http", "ws") + "api/v1/stream"
    events: list[dict[str, object]] = []
    async with (
        asyncio.timeout(PATIENCE),
        websockets.connect(
            stream, additional_headers={"Authorization": f"Bearer {server.token}", "Origin": ORIGIN}
        ) as socket,
    ):
        while len({event["type"] for event in events}) < 2:
            events.append(json.loads(await socket.recv()))
    return events


def test_events_reach_a_program_live_and_stay_in_the_database(server: Started) -> None:
    live = asyncio.run(_events_of_the_stream(server))
    headers = {"Authorization": f"Bearer {server.token}"}
    kept = httpx.get(f"{server.url}events", headers=headers).json()
    payloads = {event["type"]: event["payload"] for event in kept}
    assert payloads["face_match"]["person_name"] == "eileen_collins"
    assert (payloads["plate_read"]["plate_text"], payloads["plate_read"]["list_match"]) == (
        "SV26DEM",
        "allow",
    )
    assert {event["frame_source_id"] for event in kept} == {"driveway"}
    assert {event["id"] for event in live} == {event["id"] for event in kept}
    for event in kept:
        crop = httpx.get(f"{server.url}api/v1/events/{event['id']}/crop", headers=headers)
        assert crop.headers["content-type"] == "image/jpeg"
        assert crop.content.startswith(b"\xff\xd8")
        assert httpx.get(f"{server.url}api/v1/events/{event['id']}/crop").status_code == 401


def test_the_link_opens_the_page_once_and_the_terminal_shows_the_next(server: Started) -> None:
    session = httpx.post(f"{server.url}api/v1/session", json={"code": server.code})
    assert session.status_code == 200, session.text
    page = {"Authorization": f"Bearer {session.json()['token']}"}
    assert httpx.get(f"{server.url}api/v1/events", headers=page).status_code == 200
    assert httpx.post(f"{server.url}api/v1/session", json={"code": server.code}).status_code == 401
    assert server.process.stdout is not None
    next_link = re.search(r"#code=(\S+)", server.process.stdout.readline())
    assert next_link
    assert httpx.post(f"{server.url}api/v1/session", json={"code": next_link[1]}).status_code == 200


def test_neither_tokens_nor_codes_are_kept_or_logged(server: Started) -> None:
    assert server.token is not None
    everything = b"".join(path.read_bytes() for path in server.directory.rglob("*") if path.is_file())
    assert server.token.encode() not in everything
    assert server.code.encode() not in everything


def test_what_it_writes_is_for_its_user_alone(server: Started) -> None:
    assert server.token is not None
    for path in (server.directory / "data").glob("securevision.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_stops_cleanly_and_the_next_start_keeps_the_token_but_not_the_code(server: Started) -> None:
    assert stop(server) == 0
    again = start(server.directory)
    try:
        assert again.token is None
        assert again.code != server.code
        headers = {"Authorization": f"Bearer {server.token}"}
        assert len(httpx.get(f"{again.url}events", headers=headers).json()) >= 2
        assert httpx.post(f"{again.url}api/v1/session", json={"code": server.code}).status_code == 401
    finally:
        assert stop(again, signal.SIGINT) == 0
    assert "Traceback" not in (server.directory / "stderr.txt").read_text()


def test_a_database_from_a_newer_version_is_refused_and_left_as_it_is(server: Started) -> None:
    database = server.directory / "data" / "securevision.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = database.read_bytes()
    command = [sys.executable, "-m", "securevision", "serve"]
    environment = os.environ | {"SECUREVISION__API__PORT": "0"}
    done = subprocess.run(
        command,
        cwd=server.directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    sentence = [line for line in done.stderr.splitlines() if line.startswith("securevision: ")]
    assert len(sentence) == 1
    assert "newer" in sentence[0]
    assert database.read_bytes() == before
