"""Files from web servers, and from servers that misbehave."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from fakes.http_files import FileServer, Reply
from securevision.artifacts.connection import Address
from securevision.artifacts.download import HttpDownloader
from securevision.artifacts.failures import FetchFailed, Unreachable


def read(http: HttpDownloader, url: str) -> bytes:
    return b"".join(http.chunks(url))


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_file_is_read_whole(server: FileServer, http: HttpDownloader) -> None:
    body = bytes(range(256)) * 1000
    server.replies["/file"] = Reply(body)
    assert read(http, server.url("/file")) == body


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(server: FileServer, http: HttpDownloader, status: int) -> None:
    server.replies = {"/old": Reply(status=status, location="/new"), "/new": Reply(b"here")}
    assert read(http, server.url("/old")) == b"here"


def test_redirects_end(server: FileServer, http: HttpDownloader) -> None:
    server.replies["/loop"] = Reply(status=302, location="/loop")
    with pytest.raises(FetchFailed, match="redirected too often"):
        read(http, server.url("/loop"))
    assert len(server.asked) <= 10


@pytest.mark.parametrize(
    "elsewhere", ["http://example.org/file", "file:///etc/passwd", "ftp://127.0.0.1/file", "https:///file"]
)
def test_a_redirect_to_anything_but_https_is_refused(
    server: FileServer, http: HttpDownloader, elsewhere: str
) -> None:
    server.replies["/file"] = Reply(status=302, location=elsewhere)
    with pytest.raises(FetchFailed, match="not https"):
        read(http, server.url("/file"))


@pytest.mark.parametrize(
    "nonsense", ["https://[", "https://host:port/file", "/\xe9", "//127.0.0.1:99999/file"]
)
def test_a_redirect_to_nonsense_is_refused(server: FileServer, http: HttpDownloader, nonsense: str) -> None:
    server.replies["/file"] = Reply(status=302, location=nonsense)
    with pytest.raises(FetchFailed):
        read(http, server.url("/file"))


def test_plain_http_is_refused_unless_a_test_asks_for_it(server: FileServer) -> None:
    server.replies["/file"] = Reply(b"here")
    with pytest.raises(FetchFailed, match="not https"):
        read(HttpDownloader(proxies={}), server.url("/file"))
    assert server.asked == []


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_error_page_is_not_a_file(server: FileServer, http: HttpDownloader, status: int) -> None:
    server.replies["/file"] = Reply(b"sorry", status=status)
    with pytest.raises(FetchFailed, match=f"answered {status}"):
        read(http, server.url("/file"))


def test_a_server_that_stops_in_the_middle_ends_the_download(
    server: FileServer, http: HttpDownloader
) -> None:
    server.replies["/file"] = Reply(b"half", promised=8, silent=True)
    with pytest.raises(FetchFailed, match="stopped sending"):
        read(http, server.url("/file"))


def test_a_server_that_never_answers_ends_the_download(mute_port: int) -> None:
    http = HttpDownloader(connect_timeout=8.0, read_timeout=0.2, proxies={}, loopback_http=True)
    start = time.monotonic()
    with pytest.raises(FetchFailed, match="stopped sending"):
        read(http, f"http://127.0.0.1:{mute_port}/file")
    assert time.monotonic() - start < 7


def test_a_file_that_takes_too_long_ends_the_download(server: FileServer) -> None:
    server.replies["/file"] = Reply(b"here")
    http = HttpDownloader(longest=0.0, proxies={}, loopback_http=True)
    with pytest.raises(FetchFailed, match="too slow"):
        read(http, server.url("/file"))


def test_a_tls_handshake_that_never_ends_counts_as_connecting(mute_port: int) -> None:
    http = HttpDownloader(connect_timeout=0.2, read_timeout=60.0, proxies={})
    with pytest.raises(Unreachable):
        read(http, f"https://127.0.0.1:{mute_port}/file")


def test_a_closed_port_is_unreachable(http: HttpDownloader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        read(http, f"http://127.0.0.1:{closed}/file")


def test_name_resolution_counts_as_connecting() -> None:
    never = threading.Event()

    def stuck(host: str, port: int) -> Sequence[Address]:
        never.wait(30)
        return []

    http = HttpDownloader(connect_timeout=0.2, proxies={}, resolver=stuck)
    try:
        with pytest.raises(Unreachable):
            read(http, "https://example.org/file")
    finally:
        never.set()


def test_the_second_address_is_tried_when_the_first_is_dead(server: FileServer) -> None:
    server.replies["/file"] = Reply(b"here")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]

    def two(host: str, port: int) -> Sequence[Address]:
        return [("127.0.0.1", closed), ("127.0.0.1", port)]

    assert read(HttpDownloader(proxies={}, loopback_http=True, resolver=two), server.url("/file")) == b"here"


def test_a_proxy_is_used(server: FileServer) -> None:
    server.replies["http://localhost:1/file"] = Reply(b"through the proxy")
    http = HttpDownloader(proxies={"http": server.url("")}, loopback_http=True)
    assert read(http, "http://localhost:1/file") == b"through the proxy"


def test_the_proxy_of_the_environment_is_used(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server.replies["http://localhost:1/file"] = Reply(b"through the proxy")
    assert read(HttpDownloader(loopback_http=True), "http://localhost:1/file") == b"through the proxy"
