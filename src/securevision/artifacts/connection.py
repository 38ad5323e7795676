"""HTTP connections that are made within a few seconds, names and TLS included, or not at all."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPSConnection

Address = tuple[str, int]
Resolver = Callable[[str, int], Sequence[Address]]


class CannotConnect(OSError):
    """The connection was not made."""


def system_resolver(host: str, port: int) -> Sequence[Address]:
    """Return one address of each family, in the system's order of preference. Raises OSError."""
    first: dict[int, Address] = {}
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        first.setdefault(family, (str(address[0]), int(address[1])))
    return list(first.values())


def _resolve(resolver: Resolver, address: Address, timeout: float) -> Sequence[Address]:
    """Resolve in a thread that is left behind when it takes too long: getaddrinfo has no timeout."""
    answer: queue.SimpleQueue[Sequence[Address] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolver(*address))
        except OSError as error:
            answer.put(error)
        except UnicodeError as error:  # a name that IDNA refuses
            answer.put(OSError(str(error)))

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        result = answer.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError("name resolution takes too long") from None
    if isinstance(result, OSError):
        raise result
    return result


def open_socket(resolver: Resolver, address: Address, timeout: float) -> socket.socket:
    """Return a connected socket within `timeout` seconds, or raise OSError."""
    deadline = time.monotonic() + timeout
    addresses = _resolve(resolver, address, timeout)
    failure = OSError("the name has no address")
    for index, numeric in enumerate(addresses):
        # A broken IPv6 must leave time for IPv4.
        share = max(0.01, (deadline - time.monotonic()) / (len(addresses) - index))
        try:
            return socket.create_connection(numeric, timeout=share)
        except OSError as error:
            failure = error
    raise failure


class BoundedHttpConnection(HTTPConnection):
    """Its `timeout` is for making the connection, `read_timeout` for each wait for data afterwards."""

    def __init__(self, host: str, *, timeout: float, read_timeout: float, resolver: Resolver) -> None:
        super().__init__(host, timeout=timeout)
        self._bound(timeout, read_timeout, resolver)

    def _bound(self, timeout: float, read_timeout: float, resolver: Resolver) -> None:
        self._read_timeout = read_timeout
        # http.client keeps the function that opens its socket here.
        self._create_connection = lambda address, *_: open_socket(resolver, address, timeout)

    def connect(self) -> None:
        """Raise CannotConnect, or SSLCertVerificationError when the server cannot prove its name."""
        try:
            super().connect()
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            raise CannotConnect(str(error)) from error
        self.sock.settimeout(self._read_timeout)


class BoundedHttpsConnection(BoundedHttpConnection, HTTPSConnection):
    """The same over TLS."""

    def __init__(
        self, host: str, *, timeout: float, read_timeout: float, resolver: Resolver, context: ssl.SSLContext
    ) -> None:
        HTTPSConnection.__init__(self, host, timeout=timeout, context=context)
        self._bound(timeout, read_timeout, resolver)
