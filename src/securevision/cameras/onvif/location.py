"""Where a camera says that its services and streams are, held to where it is."""

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from securevision.cameras.addresses import Scheme, parse_address
from securevision.errors import InvalidInput

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_PATH = re.compile(r"/[!-~]{0,255}")
_MAX_ADDRESS = 1024
_INNER = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
"""`is_private` counts link-local, reserved and loopback addresses, too."""


class Elsewhere(Exception):
    """The camera names another machine."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """The URL of a service, without login, query and fragment."""

    scheme: str
    host: str
    """Lower case; of IPv6 without brackets."""
    port: int | None
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_service(url: str) -> ServiceAddress | None:
    """Parse an address of HTTP or HTTPS; None for what is none."""
    try:
        parts = urlsplit(url[:_MAX_ADDRESS])
        address = ServiceAddress(parts.scheme, parts.hostname or "", parts.port, parts.path or "/")
    except ValueError:
        return None
    usual = address.scheme in ("http", "https") and address.port != 0
    return address if usual and _HOST.fullmatch(address.host) and _PATH.fullmatch(address.path) else None


def service_path(host: str, url: str) -> str | None:
    """Return the path of a service of the camera at `host`; None for what is no address. Raises Elsewhere."""
    address = parse_service(url)
    if address is not None and not _is_at(host, address.host):
        raise Elsewhere
    return address.path if address is not None else None


def stream_address(host: str, text: str) -> str | None:
    """Return the address of a stream at `host`, without a login; None for what is no address of RTSP.

    A camera behind a router, or on the inner network of a recorder, knows its inner address alone, so the host
    is always the one that was asked. Raises Elsewhere.
    """
    if len(text) > _MAX_ADDRESS:
        return None
    try:
        said = parse_address(text)
        if said.scheme not in (Scheme.RTSP, Scheme.RTSPS):
            return None
        if not _is_at(host, said.host):
            raise Elsewhere
        address = f"{said.scheme}://{host}:{said.port}{said.target}"
        parse_address(address)
    except InvalidInput:
        return None
    return address


def is_inner(text: str) -> bool:
    """Say whether a text is an address of an inner network (RFC 1918 and 4193); no name is."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in _INNER)


def _is_at(host: str, named: str) -> bool:
    """Say whether a name is the host that was asked, or may be its address on an inner network."""
    named = named.strip("[]").lower()
    return named == host.strip("[]").lower() or is_inner(named)
