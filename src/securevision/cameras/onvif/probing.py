"""Asks the local network for cameras. Sends nothing unless it is called; what comes back is not read here."""

import socket
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address
from uuid import uuid4

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.onvif.discovery import Answer, probe_message
from securevision.cameras.onvif.location import is_inner
from securevision.domain.ports.clock import Clock
from securevision.errors import InvalidInput, SourceError

MAX_ANSWERS, MAX_OF_ONE = 256, 8
"""Of all, and of one address: nobody hides others by answering more often."""

_GROUP = ("239.255.255.250", 3702)
"""Of WS-Discovery (2005/04, 2.4)."""
_MAX_DATAGRAM = 65_535
_ROUNDS = (0.2, 0.8)
"""Shares of the time. The question is sent twice, as radio networks lose multicast; its number tells that it is one."""


def discover(
    network: NetworkPolicy, clock: Clock, wait_s: float = 3.0, interfaces: Sequence[str] | None = None
) -> tuple[Answer, ...]:
    """Ask by multicast over the named interfaces, or over all, and return what private addresses answered.

    IPv4 alone; no router passes the question on. `merge_answers` reads the answers. Blocks for `wait_s`.
    Raises SourceError when the question could not be sent.
    """
    message = probe_message(uuid4())
    answers: dict[Answer, None] = {}
    of_one: Counter[str] = Counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        for share in _ROUNDS:
            _send(asking, message, interfaces)
            for answer in _received(asking, clock, clock.monotonic() + share * wait_s):
                known = answer in answers or of_one[answer.source] == MAX_OF_ONE
                if not known and _is_private(answer.source, network):
                    answers[answer] = None
                    of_one[answer.source] += 1
                if len(answers) == MAX_ANSWERS:
                    return tuple(answers)
    return tuple(answers)


def _send(asking: socket.socket, message: bytes, interfaces: Sequence[str] | None) -> None:
    names = [name for _, name in socket.if_nameindex()] if interfaces is None else interfaces
    sent = 0
    for name in names:
        with suppress(OSError):  # it is down, or has no address
            by_index = struct.pack("=8xi", socket.if_nametoindex(name))  # ip_mreqn of ip(7)
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, by_index)
            sent += bool(asking.sendto(message, _GROUP))
    if not sent:
        raise SourceError(
            "No network took the question for cameras; check that this machine is connected to theirs."
        )


def _received(asking: socket.socket, clock: Clock, end: float) -> Iterator[Answer]:
    while (left := end - clock.monotonic()) > 0:
        asking.settimeout(left)
        try:
            datagram, (source, _) = asking.recvfrom(_MAX_DATAGRAM)
        except TimeoutError:
            return
        yield Answer(source, datagram)


def _is_private(source: str, network: NetworkPolicy) -> bool:
    """Say whether a camera of the local network may have this address."""
    try:
        network.check(SourceAddress(Scheme.RTSP, source, host=source))
    except InvalidInput:
        return False
    return is_inner(source) or ip_address(source).is_loopback
