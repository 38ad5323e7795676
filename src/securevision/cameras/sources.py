"""Every kind of source there is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from securevision.cameras.addresses import Scheme, SourceAddress, parse_address
from securevision.cameras.file import FileSource
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.rtsp import RtspSource
from securevision.domain.ports.cameras import FrameSource
from securevision.domain.ports.clock import Clock
from securevision.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What a source is made from."""

    address: SourceAddress
    source_id: str
    fps: float
    clock: Clock
    paced: bool
    loop: bool
    demo_clip: Path | None
    network: NetworkPolicy


def _rtsp(request: SourceRequest) -> FrameSource:
    request.network.check(request.address)
    return RtspSource(request.address, request.source_id, request.fps, request.clock, network=request.network)


def _file(request: SourceRequest) -> FrameSource:
    return _clip(request, request.address.path)


def _demo(request: SourceRequest) -> FrameSource:
    return _clip(request, request.demo_clip)


def _clip(request: SourceRequest, path: Path | None) -> FrameSource:
    if path is None:
        raise InvalidInput("There is no demo clip here; run `securevision demo`, which makes one.")
    return FileSource(
        path, request.source_id, request.fps, request.clock, paced=request.paced, loop=request.loop
    )


SOURCES: Mapping[Scheme, Callable[[SourceRequest], FrameSource]] = {
    Scheme.RTSP: _rtsp,
    Scheme.RTSPS: _rtsp,
    Scheme.FILE: _file,
    Scheme.DEMO: _demo,
}


def open_source(
    address_text: str,
    *,
    source_id: str,
    fps: float,
    clock: Clock,
    paced: bool = False,
    loop: bool = False,
    demo_clip: Path | None = None,
    allow_loopback: bool = False,
) -> FrameSource:
    """Make the source that an address names; it is opened when its frames are asked for.

    `paced` and `loop` concern files and the demo, `allow_loopback` cameras. Raises InvalidInput for an address
    that cannot be used.
    """
    address = parse_address(address_text)
    return SOURCES[address.scheme](
        SourceRequest(
            address,
            source_id,
            fps,
            clock,
            paced=paced,
            loop=loop,
            demo_clip=demo_clip,
            network=NetworkPolicy(allow_loopback),
        )
    )
