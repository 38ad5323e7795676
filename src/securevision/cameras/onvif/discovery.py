"""WS-Discovery: the question to the cameras of a network, and what their answers say (WS-Discovery 2005/04, 5).

Opens no socket: answers are read where all that cameras send is read, in the sealed process. `probing.py` asks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote
from uuid import UUID

from securevision.cameras.onvif.element import NAMESPACES, Element, Malformed, parse_element, shown
from securevision.cameras.onvif.location import parse_service
from securevision.cameras.onvif.soap import envelope

_KIND = "NetworkVideoTransmitter"
_NETWORK = "http://www.onvif.org/ver10/network/wsdl"
_SCOPE = "onvif://www.onvif.org/"
_MAX_LIST = 4096
"""Characters of a list that are looked at."""
_MAX_ADDRESSES = 8
_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, unread."""

    source: str
    """IPv4 address of whoever sent it."""
    datagram: bytes


@dataclass(frozen=True, slots=True)
class Discovered:
    """A camera that answered. Texts are its own word, and fit to be shown."""

    endpoint: str
    """By which it is told from others."""
    name: str
    hardware: str
    addresses: tuple[str, ...]
    """Of its device service, `http://` or `https://`: what OnvifClient takes."""


def probe_message(message_id: UUID) -> bytes:
    """Return the question for cameras, one datagram."""
    header = (
        f"<a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        f"<a:Action>{NAMESPACES['d']}/Probe</a:Action>"
    )
    types = f'<d:Types xmlns:dn="{_NETWORK}">dn:{_KIND}</d:Types>'
    return envelope(f"<d:Probe>{types}</d:Probe>", header)


def parse_probe_match(datagram: bytes) -> Discovered | None:
    """Return the camera that an answer tells of, wherever it says that it is; None for anything else."""
    try:
        root = parse_element(datagram)
    except Malformed:
        return None
    # Some leave out the list around it.
    match = root.find("s:Body/d:ProbeMatches/d:ProbeMatch") or root.find("s:Body/d:ProbeMatch")
    if root.name != "s:Envelope" or match is None or _KIND not in _local_names(match):
        return None
    parsed = filter(None, map(parse_service, _words(match, "d:XAddrs")))
    addresses = tuple(dict.fromkeys(map(str, parsed)))[:_MAX_ADDRESSES]
    if not addresses:
        return None
    return Discovered(
        match.text_at("a:EndpointReference/a:Address", 256) or addresses[0],
        _scope(match, "name"),
        _scope(match, "hardware"),
        addresses,
    )


def merge_answers(answers: Iterable[Answer]) -> tuple[Discovered, ...]:
    """Return the cameras that answered, in the order of their first answer.

    An address counts when the answer came from it: nobody is led to somebody else. A camera that answers several
    times is one; over several networks it is several, as nobody proves that an endpoint is theirs.
    """
    found: dict[tuple[str, str], Discovered] = {}
    for answer in answers:
        camera = parse_probe_match(answer.datagram)
        own = [] if camera is None else [each for each in camera.addresses if _host(each) == answer.source]
        if camera is None or not own:
            continue
        name = (camera.endpoint, answer.source)
        known = found.get(name)
        before = known.addresses if known is not None else ()
        addresses = tuple(dict.fromkeys((*before, *own)))[:_MAX_ADDRESSES]
        found[name] = replace(known or camera, addresses=addresses)
    return tuple(found.values())


def _words(match: Element, name: str) -> Sequence[str]:
    return match.text_at(name, _MAX_LIST).split()


def _local_names(match: Element) -> set[str]:
    return {each.rpartition(":")[2] for each in _words(match, "d:Types")}


def _scope(match: Element, kind: str) -> str:
    """Return what the camera's scopes say of one kind (ONVIF Core 7.3.2.2)."""
    begin = f"{_SCOPE}{kind}/"
    values = (each.removeprefix(begin) for each in _words(match, "d:Scopes") if each.startswith(begin))
    return shown(unquote(next(values, "")), _MAX_NAME)


def _host(address: str) -> str:
    parsed = parse_service(address)
    return parsed.host if parsed is not None else ""
