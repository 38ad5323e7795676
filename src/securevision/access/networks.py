"""Addresses as they are counted."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

UNKNOWN = "unknown"
"""Where whoever comes from an address that is none is counted: all of them together."""

_LONGEST = 64
"""Characters of an address with its zone or its prefix."""
_NETWORK_BITS = 64
_SITE_BITS = 48


def plain_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text names, None unless it is one.

    IPv4 inside IPv6 is unwrapped, and a zone such as `%eth0` dropped: one machine has one address.
    """
    if len(text) > _LONGEST:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def network_key(address: str) -> str:
    """Return the network that an address is counted by: IPv4 as it is, IPv6 by its /64, UNKNOWN for anything else.

    A /64 is the least that one customer has of IPv6, and they have every address in it. What this returned may
    be given again.
    """
    return _key(address, _NETWORK_BITS) or UNKNOWN


def site_key(address: str) -> str | None:
    """Return the /48 that an IPv6 address, or its network, is in; None for anything else.

    A /48 is the most that one customer usually has: 65,536 networks.
    """
    return _key(address, _SITE_BITS) if ":" in address else None


def _key(address: str, bits: int) -> str | None:
    plain = plain_address(address.removesuffix(f"/{_NETWORK_BITS}"))
    if isinstance(plain, IPv6Address):
        return str(IPv6Network((int(plain), bits), strict=False))
    return None if plain is None else str(plain)
