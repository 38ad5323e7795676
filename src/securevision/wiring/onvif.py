"""Finds cameras of the local network, and asks one for its streams; what they answer is read in a sealed process.

The core alone sends and connects. What comes back is parsed and checked once more before anybody sees it.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import unquote

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.onvif.location import Elsewhere, parse_service, stream_address
from securevision.cameras.onvif.probing import discover
from securevision.clock import SystemClock
from securevision.domain.network_cameras import CameraStreams, FoundCamera, OfferedStream
from securevision.errors import InvalidInput, SourceRefused, Unavailable
from securevision.runtime.answers import AnswersRead, CameraAnswer, Described, StreamAnswer
from securevision.runtime.inquiry import Inquiry
from securevision.runtime.messages import Describe, ReadAnswers
from securevision.runtime.supervision import WorkerKind
from securevision.wiring.cameras import checked_address
from securevision.wiring.engine import connector

WAIT_S = 3.0
_WITHIN_S = 18.0
_LEAST_SECRET = 4
"""Shorter passwords are part of any address by chance."""


class NetworkCameras:
    """The CameraSearch of this machine."""

    def __init__(self, kind: WorkerKind) -> None:
        """Take how a media worker is started."""
        self._kind = kind
        self._asking = threading.Lock()

    def find(self, wait_s: float, interfaces: Sequence[str] | None = None) -> Sequence[FoundCamera]:
        """See CameraSearch; ask over the named interfaces, or over all."""
        with self._inquiry() as inquiry:
            answers = discover(NetworkPolicy(), SystemClock(), wait_s, interfaces)
            if not answers:
                return ()
            question = ReadAnswers([(each.source, each.datagram) for each in answers])
            read = inquiry.ask(question, AnswersRead)
        sources = frozenset(each.source for each in answers)
        return tuple(found for each in read.cameras if (found := _found(each, sources)).addresses)

    def shown(self, address: str, *, allow_loopback: bool) -> str:
        """See CameraSearch."""
        return _service(address, allow_loopback=allow_loopback).display

    def streams(self, address: str, *, allow_loopback: bool) -> CameraStreams:
        """See CameraSearch."""
        camera = _service(address, allow_loopback=allow_loopback)
        with self._inquiry() as inquiry:
            connect = connector(camera, allow_loopback=allow_loopback)
            said = inquiry.ask(Describe(address), Described, connect)
        streams = tuple(_offered(said.streams, camera, allow_loopback=allow_loopback))
        if not streams:
            raise SourceRefused(f"{camera.display} offers no video over RTSP; check its profiles.")
        return CameraStreams(said.manufacturer, said.model, said.firmware, streams)

    @contextmanager
    def _inquiry(self) -> Iterator[Inquiry]:
        if not self._asking.acquire(blocking=False):
            raise Unavailable("Cameras are being searched or asked just now; try again in a few seconds.")
        try:
            with Inquiry(self._kind, SystemClock(), _WITHIN_S) as inquiry:
                yield inquiry
        finally:
            self._asking.release()


def _service(text: str, *, allow_loopback: bool) -> SourceAddress:
    """Return the address of a camera that can be asked. Raises InvalidInput."""
    address = checked_address(text, allow_loopback=allow_loopback)
    if address.scheme not in (Scheme.HTTP, Scheme.HTTPS):
        raise InvalidInput(
            "A camera is asked for its streams over HTTP; give its http:// or https:// address, "
            "such as http://user@192.168.1.50."
        )
    return address


def _found(camera: CameraAnswer, sources: frozenset[str]) -> FoundCamera:
    """Return a camera with those of its addresses from which an answer came."""
    addresses = [address for text in camera.addresses if (address := _place(text, sources))]
    return FoundCamera(camera.name, camera.hardware, tuple(dict.fromkeys(addresses)))


def _place(text: str, sources: frozenset[str]) -> str:
    service = parse_service(text)
    if service is None or service.host not in sources:
        return ""
    try:
        checked_address(str(service), allow_loopback=False)
    except InvalidInput:
        return ""
    return str(service)


def _offered(
    streams: Iterable[StreamAnswer], camera: SourceAddress, *, allow_loopback: bool
) -> Iterable[OfferedStream]:
    """Yield the streams that are at the camera which was asked."""
    for each in streams:
        with suppress(InvalidInput, Elsewhere):
            if address := stream_address(camera.host, each.address):
                checked_address(address, allow_loopback=allow_loopback)
                shown = "" if _tells(address, camera.password) else address
                yield OfferedStream(each.name, each.codec, each.width, each.height, each.fps, shown)


def _tells(address: str, password: str) -> bool:
    return len(password) >= _LEAST_SECRET and (password in address or password in unquote(address))
