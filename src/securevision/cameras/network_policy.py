"""Which network addresses a camera may have: the name is looked up once, and what was checked is what is used."""

import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from securevision.cameras.addresses import SourceAddress
from securevision.errors import InvalidInput, SourceRefused

Address: TypeAlias = IPv4Address | IPv6Address
Lookup: TypeAlias = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host. Raises OSError, or UnicodeError for a name that cannot be one."""

MAX_ADDRESSES = 8
"""More addresses of one name are not tried."""

# Our own tables: `ipaddress` counts NAT64, 6to4 and multicast as global, and names no cloud's metadata service.
_LOOPBACK = "a loopback address"
_LOOPBACK_NETWORKS = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_REFUSED: Sequence[tuple[str, Sequence[str]]] = (
    (
        "a metadata service",
        (
            "169.254.169.254/32",
            "169.254.170.2/32",
            "100.100.100.200/32",
            "168.63.129.16/32",
            "192.0.0.192/32",
            "fd00:ec2::/32",
            "fd20:ce::254/128",
            "fd00:c1::a9fe:a9fe/128",
            "fd00:42::42/128",
        ),
    ),
    ("a tunnel to another address", ("2002::/16", "2001::/32")),
    ("a link-local address", ("169.254.0.0/16", "fe80::/10", "fec0::/10")),
    ("a multicast address", ("224.0.0.0/4", "ff00::/8")),
    ("a broadcast address", ("255.255.255.255/32",)),
    ("no address of a machine", ("0.0.0.0/8", "::/128")),
    (
        "a reserved address",
        (
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
        ),
    ),
)
_REFUSED_NETWORKS = tuple(
    (kind, (IPv6Network if ":" in text else IPv4Network)(text)) for kind, texts in _REFUSED for text in texts
)
_IN_USE = (IPv6Network("2000::/3"), IPv6Network("fc00::/7"))
"""Global unicast and unique local: nothing else of IPv6 is a camera's."""

_IPV4_INSIDE = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""Mapped, and NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is meant."""
_ISATAP = 0x5EFE
"""What bits 32 to 63 of a tunnel's end are (RFC 5214), its bit for "unique" left out."""


def system_lookup(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver; no limit of time but its own."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """Refuses loopback unless it is allowed, and always what is no unicast address of a machine or is metadata's.

    Private networks are allowed: cameras live there.
    """

    allow_loopback: bool = False
    lookup: Lookup = system_lookup

    def check(self, address: SourceAddress) -> None:
        """Raise InvalidInput when a camera's host is written as an address that is refused. Asks no server."""
        try:
            found = socket.getaddrinfo(address.host.strip("[]"), None, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            return
        if kind := self._refusal(str(entry[0]) for *_, entry in found):
            raise InvalidInput(_sentence(address, kind))

    def pin(self, address: SourceAddress, timeout_s: float) -> Sequence[str]:
        """Look a camera's host up once and return its addresses, every one of them checked.

        One bad address spoils all: a name that leads to a camera and to this machine is no camera's.
        Raises SourceRefused; OSError or UnicodeError when the name is not found, TimeoutError when nobody
        answers in time.
        """
        found = self._looked_up(address.host.strip("[]"), address.port, timeout_s)
        if kind := self._refusal(found):
            raise SourceRefused(_sentence(address, kind))
        return found[:MAX_ADDRESSES]

    def _looked_up(self, host: str, port: int, timeout_s: float) -> Sequence[str]:
        """Look up on a thread of its own, which may outlive the wait: a resolver cannot be interrupted."""
        outcome: list[Sequence[str] | OSError | UnicodeError] = []

        def look() -> None:
            try:
                outcome.append(self.lookup(host, port))
            except (OSError, UnicodeError) as error:
                outcome.append(error)

        thread = threading.Thread(target=look, name="camera-lookup", daemon=True)
        thread.start()
        thread.join(timeout_s)
        if not outcome:
            raise TimeoutError
        found = outcome[0]
        if isinstance(found, OSError | UnicodeError):
            raise found
        return found

    def _refusal(self, found: Iterable[str]) -> str | None:
        """Return what the first address is that is refused, as words, or None."""
        addresses = [_meant(ip_address(text.partition("%")[0])) for text in found]
        kinds = (_LOOPBACK if _is_in(each, _LOOPBACK_NETWORKS) else _kind(each) for each in addresses)
        return next(
            (kind for kind in kinds if kind and not (kind == _LOOPBACK and self.allow_loopback)), None
        )


def _sentence(address: SourceAddress, kind: str) -> str:
    remedy = (
        "allow loopback for this camera if its program runs on this machine"
        if kind == _LOOPBACK
        else "check the host in the camera address"
    )
    return f"{address.display} leads to {kind}, where no camera may be; {remedy}."


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, IPv6Address) and _is_in(address, _IPV4_INSIDE):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _kind(address: Address) -> str | None:
    for kind, network in _REFUSED_NETWORKS:
        if address in network:
            return kind
    if isinstance(address, IPv4Address):
        return None
    if int(address) >> 32 & 0xFDFF_FFFF == _ISATAP:
        return "a tunnel to another address"
    return None if _is_in(address, _IN_USE) else "a reserved address"


def _is_in(address: Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)
