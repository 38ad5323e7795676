"""Files from web servers."""

import ipaddress
import ssl
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from functools import cache, partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import cast
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from securevision.artifacts.connection import (
    BoundedHttpConnection,
    BoundedHttpsConnection,
    CannotConnect,
    Resolver,
    system_resolver,
)
from securevision.artifacts.failures import FetchFailed, Unreachable

_CHUNK_BYTES = 1 << 16
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)


class HttpDownloader:
    """Reads files over https, through the proxy that the environment names, if it names one.

    `connect_timeout` bounds name resolution, connecting and the TLS handshake, `read_timeout` each wait for
    data, `longest` the whole file; all in seconds. `proxies` maps a scheme to a proxy's URL; None means those
    of the environment. `loopback_http` also allows plain http to this machine, for tests.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 3.0,
        read_timeout: float = 20.0,
        longest: float = 1800.0,
        proxies: Mapping[str, str] | None = None,
        loopback_http: bool = False,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._longest = longest
        self._loopback_http = loopback_http
        self._opener = OpenerDirector()  # without the handlers for file:, ftp:, data: and redirects
        self._opener.add_handler(ProxyHandler(None if proxies is None else dict(proxies)))
        self._opener.add_handler(_Http(read_timeout, resolver))
        self._opener.add_handler(_Https(read_timeout, resolver))

    def chunks(self, url: str) -> Generator[bytes, None, None]:
        """Yield the file piece by piece. Raises FetchFailed, and Unreachable when nobody is there."""
        deadline = time.monotonic() + self._longest
        try:
            with closing(self._open(url)) as response:
                while piece := response.read1(_CHUNK_BYTES):
                    yield piece
                    if time.monotonic() > deadline:
                        raise FetchFailed("was too slow")
        except TimeoutError as error:
            raise FetchFailed("stopped sending") from error
        except (OSError, HTTPException, ValueError) as error:  # ValueError: a redirect that is no URL
            raise FetchFailed("broke the connection") from error

    def _open(self, url: str) -> HTTPResponse:
        for _ in range(1 + _MOST_REDIRECTS):
            if not self._allowed(url):
                raise FetchFailed("redirected to an address that is not https")
            response = self._request(url)
            if response.status == HTTPStatus.OK:
                return response
            response.close()
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                raise FetchFailed(f"answered {response.status}")
            url = urljoin(url, location)
        raise FetchFailed("redirected too often")

    def _request(self, url: str) -> HTTPResponse:
        request = Request(url, headers={"User-Agent": "securevision"})  # noqa: S310 - the scheme was checked
        try:
            return cast("HTTPResponse", self._opener.open(request, timeout=self._connect_timeout))
        except URLError as error:
            if isinstance(error.reason, CannotConnect):
                raise Unreachable("cannot be reached") from error
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise FetchFailed("could not prove its name") from error
            raise FetchFailed("broke the connection") from error

    def _allowed(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme == "https":
            return parts.hostname is not None
        return self._loopback_http and parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Http(HTTPHandler):
    def __init__(self, read_timeout: float, resolver: Resolver) -> None:
        super().__init__()
        self._connection = partial(BoundedHttpConnection, read_timeout=read_timeout, resolver=resolver)

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._connection, request)


class _Https(HTTPSHandler):
    def __init__(self, read_timeout: float, resolver: Resolver) -> None:
        super().__init__()
        self._connection = partial(BoundedHttpsConnection, read_timeout=read_timeout, resolver=resolver)

    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._connection, request, context=_tls())
