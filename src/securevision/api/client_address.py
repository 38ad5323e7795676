"""Whom a request comes from: the peer of its connection, or what a trusted proxy says. Nothing else is believed."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from starlette.datastructures import Headers
from starlette.types import Scope

from securevision.access.networks import UNKNOWN, plain_address

_HEADER = "x-forwarded-for"
_MOST_PROXIES = 16
"""Proxies in a row; nobody has more."""
_LONGEST_HOP = 64


class ClientAddress:
    """Finds the address of a client. Of what proxies add, only this is read: never a scheme, nor a host."""

    def __init__(self, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        """Take the networks of one's own proxies. From there, anybody can pretend to be anybody."""
        self._trusted = tuple(trusted)

    def of(self, scope: Scope) -> str:
        """Return the client's address, or UNKNOWN when the server does not tell its peer.

        When a trusted proxy says something that is no address, the answer is the proxy's own: it is then counted
        as one client, which slows down too many rather than too few.
        """
        client = scope.get("client")
        peer = plain_address(client[0]) if client else None
        if peer is None:
            return UNKNOWN
        return str(self._behind(peer, scope) or peer) if self._trusts(peer) else str(peer)

    def is_proxy(self, peer: str) -> bool:
        """Return whether this peer of a connection is a proxy that is trusted."""
        address = plain_address(peer)
        return address is not None and self._trusts(address)

    def _behind(self, peer: IPv4Address | IPv6Address, scope: Scope) -> IPv4Address | IPv6Address | None:
        """Return whom the proxies name, None unless all that has to be read is right.

        Each proxy adds its peer on the right. What is left of the first one that is not ours may be made up.
        """
        hops = ",".join(Headers(scope=scope).getlist(_HEADER)).rsplit(",", _MOST_PROXIES)
        address = peer
        for index, hop in enumerate(reversed(hops)):
            named = plain_address(hop.strip(" \t")) if len(hop) <= _LONGEST_HOP else None
            if named is None or index == _MOST_PROXIES:
                return None
            address = named
            if not self._trusts(address):
                break
        return address

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)
