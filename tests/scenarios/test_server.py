"""The server as a user starts it: one process, a video, HTTPS, a browser's and a program's way in."""

import signal
import sqlite3
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fakes.server_process import PATIENCE, ServerProcess, as_json, command, server_process
from securevision.wiring.demo import Demo

pytestmark = pytest.mark.needs_models

STATIC_TOKEN = "a-static-token-of-version-0.1-canary"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("server")
    enrolled = command(directory, "person", "enrol", str(demo.gallery))
    assert enrolled.returncode == 0, enrolled.stderr
    (directory / "allow.csv").write_text("plate,description\nSV26 DEM,the blue car\n")
    with server_process(
        directory,
        CAMERA__URL=str(demo.clip),
        CAMERA__ID="driveway",
        PLATES__ALLOW_LIST="allow.csv",
        API__AUTH_TOKEN=STATIC_TOKEN,
    ) as started:
        started.set_up()
        yield started


def test_events_reach_a_program_live_and_stay_in_the_database(server: ServerProcess) -> None:
    token = server.new_token("events:read", "stream:read", "crops:read")
    live: list[dict[str, object]] = []
    with server.client(token) as client:
        if len(client.get("/api/v1/events").json()["events"]) < 2:
            with server.stream(token) as stream:
                while len({event["type"] for event in live}) < 2:
                    live.append(as_json(stream.recv(PATIENCE)))
        kept = client.get("/api/v1/events").json()["events"]
        payloads = {event["type"]: event["payload"] for event in kept}
        assert payloads["face_match"]["person_name"] == "eileen_collins"
        plate = payloads["plate_read"]
        assert (plate["plate_text"], plate["list_match"]) == ("SV26DEM", "allow")
        assert {event["frame_source_id"] for event in kept} == {"driveway"}
        assert {event["id"] for event in live} <= {event["id"] for event in kept}
        with server.client() as nobody:
            for event in kept:
                crop = client.get(f"/api/v1/events/{event['id']}/crop")
                assert crop.headers["content-type"] == "image/jpeg"
                assert crop.content.startswith(b"\xff\xd8")
                assert nobody.get(f"/api/v1/events/{event['id']}/crop").status_code == 401


def test_the_static_token_opens_the_routes_of_0_1_alone(server: ServerProcess) -> None:
    with server.client(STATIC_TOKEN) as client:
        assert client.get("/events").status_code == 200
        assert client.get("/api/v1/events").status_code == 403


def test_the_set_up_link_works_once(server: ServerProcess) -> None:
    body = {"code": server.code, "name": "eve", "password": "another quite long phrase"}
    with server.client() as client:
        headers = {"Sec-Fetch-Site": "same-origin", "X-SV-CSRF": "1"}
        assert client.post("/api/v1/setup", json=body, headers=headers).status_code == 401


def test_nothing_but_tls_1_3_under_our_own_authority(server: ServerProcess) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{server.origin}/health")
    old = server.tls
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(verify=old) as client, pytest.raises(httpx.ConnectError):
        client.get(f"{server.origin}/health")
    with httpx.Client() as plain, pytest.raises(httpx.HTTPError):
        plain.get(server.origin.replace("https", "http") + "/health")


def test_no_secret_is_kept_or_logged(server: ServerProcess) -> None:
    token = server.new_token("events:read")
    everything = b"".join(path.read_bytes() for path in server.directory.rglob("*") if path.is_file())
    secrets = (token, server.code, STATIC_TOKEN, *server.cookies.values())
    assert [secret for secret in secrets if secret.encode() in everything] == []


def test_what_it_writes_is_for_its_user_alone(server: ServerProcess) -> None:
    data = server.directory / "data"
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in data.iterdir()} == {0}
    assert stat.S_IMODE((data / "tls" / "server.pem").stat().st_mode) == 0o600


def actions(server: ServerProcess) -> list[str]:
    """Return what the audit log says was done, newest first."""
    return [each["action"] for each in server.send("GET", "/api/v1/audit?limit=100").json()["entries"]]


def test_it_stops_cleanly_and_the_next_start_knows_people_and_tokens(server: ServerProcess) -> None:
    token = server.new_token("events:read")
    assert "sandbox.overridden" not in actions(server)
    assert server.stop() == 0
    with server_process(server.directory, SANDBOX__ALLOW_UNSEALED="true") as again:
        assert again.code == ""
        again.cookies = server.cookies
        assert actions(again).count("sandbox.overridden") == 1
        assert again.send("GET", "/api/v1/session").json()["name"] == "ada"
        with again.client(token) as client:
            assert len(client.get("/api/v1/events").json()["events"]) >= 2
        assert again.stop(signal.SIGINT) == 0
    log = (server.directory / "stderr.txt").read_text()
    assert "Traceback" not in log
    assert "need not be sealed here" in log
    verified = command(server.directory, "audit", "verify")
    assert verified.returncode == 0, verified.stderr


def test_a_database_from_a_newer_version_is_refused_and_left_as_it_is(server: ServerProcess) -> None:
    database = server.directory / "data" / "securevision.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = database.read_bytes()
    done = command(server.directory, "serve", API__PORT="0")
    assert done.returncode == 1
    sentence = [line for line in done.stderr.splitlines() if line.startswith("securevision: ")]
    assert len(sentence) == 1
    assert "newer" in sentence[0]
    assert database.read_bytes() == before


def test_without_tls_on_this_machine_alone(tmp_path: Path) -> None:
    with server_process(tmp_path, TLS__MODE="off") as plain:
        assert plain.origin.startswith("http://localhost:")
        assert httpx.get(f"{plain.origin}/health").json() == {"ok": True}
    assert not (tmp_path / "data" / "tls").exists()
