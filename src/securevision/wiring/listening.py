"""Where the server listens, and the address that browsers know it by."""

import socket
from ipaddress import ip_address

from securevision.errors import InvalidInput, Unavailable
from securevision.settings import Settings


def check_exposure(settings: Settings) -> None:
    """Raise InvalidInput when passwords and tokens would cross the network without encryption."""
    host, api = settings.api.host, settings.api
    if settings.tls.mode == "off" and not (is_loopback(host) or api.allow_plain_http):
        raise InvalidInput(
            f"SECUREVISION__API__HOST={host} would carry passwords and tokens over the network without encryption; "
            "leave SECUREVISION__TLS__MODE at `local`, or set SECUREVISION__API__ALLOW_PLAIN_HTTP=true behind a "
            "proxy that adds TLS."
        )


def listen(settings: Settings) -> socket.socket:
    """Take the port, before anything else, so that a second start changes nothing."""
    check_exposure(settings)
    host, port = settings.api.host, settings.api.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except socket.gaierror:
        raise InvalidInput(
            f"SECUREVISION__API__HOST={host} is not an address of this machine; use 127.0.0.1."
        ) from None
    except OSError as error:
        raise Unavailable(
            f"Port {port} of {host} cannot be taken ({error.strerror}); stop the program that uses it, "
            "or set SECUREVISION__API__PORT to another."
        ) from None
    # Its connections inherit this. asyncio leaves it to sockets that name their protocol, which this one does not:
    # without it the second half of every answer waits 40 ms for the client's acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def is_loopback(host: str) -> bool:
    """Return whether an address or name is this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin_of(settings: Settings, port: int) -> str:
    """Return the one origin where people sign in: as set, else localhost with the port."""
    if settings.api.origin:
        return settings.api.origin
    scheme, usual = ("http", 80) if settings.tls.mode == "off" else ("https", 443)
    return f"{scheme}://localhost" if port == usual else f"{scheme}://localhost:{port}"
