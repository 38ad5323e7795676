"""Two servers and the command line on one database: what one of them does counts for all, at once."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from fakes.server_process import PASSWORD, ServerProcess, command, server_process

SESSION_ENDED = 4401


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Two servers, and somebody who is signed in at both: a browser sends its cookie to every port of a host."""
    with server_process(tmp_path) as first, server_process(tmp_path) as second:
        second.set_up()  # its link replaced the one of the first
        first.cookies = second.cookies
        assert first.send("GET", "/api/v1/session").status_code == 200
        yield first, second


def assert_closed_within_a_second(server: ServerProcess, change: Callable[[], None]) -> None:
    with server.stream() as stream:
        stream.send("ping")
        assert "pong" in str(stream.recv(10))
        change()
        begin = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(10)
        assert time.monotonic() - begin < 1.0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == SESSION_ENDED
    assert server.send("GET", "/api/v1/session").status_code == 401


def test_a_session_that_the_command_line_ends_is_over_everywhere(
    servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = servers

    def reset() -> None:
        done = command(
            first.directory, "user", "reset", "ada", "--password-stdin", stdin=f"{PASSWORD} anew\n"
        )
        assert done.returncode == 0, done.stderr

    assert_closed_within_a_second(second, reset)
    assert first.send("GET", "/api/v1/session").status_code == 401


def test_a_session_that_one_server_ends_is_over_at_the_other(
    servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = servers

    def sign_out() -> None:
        assert first.send("DELETE", "/api/v1/session").status_code == 204

    assert_closed_within_a_second(second, sign_out)


def test_wrong_passwords_are_counted_by_both_servers_together(
    servers: tuple[ServerProcess, ServerProcess],
) -> None:
    body = {"name": "nobody", "password": "wrong"}
    statuses = [servers[turn % 2].send("POST", "/api/v1/login", body).status_code for turn in range(8)]
    assert 401 in statuses
    assert statuses[-1] == 429
    assert statuses.count(401) <= 6


def test_a_new_certificate_is_loaded_without_dropping_anybody(tmp_path: Path) -> None:
    with server_process(tmp_path) as server:
        server.set_up()
        before = (tmp_path / "data" / "tls" / "server.pem").read_bytes()
        with server.stream() as stream:
            (tmp_path / "data" / "tls" / "server.pem").unlink()
            server.process.send_signal(signal.SIGHUP)
            log = tmp_path / "stderr.txt"
            while "loaded anew" not in log.read_text():
                assert server.process.poll() is None
            stream.send("ping")
            assert "pong" in str(stream.recv(10))
        assert (tmp_path / "data" / "tls" / "server.pem").read_bytes() != before
        assert server.send("GET", "/api/v1/session").status_code == 200
