"""Every kind of source there is."""

from collections.abc import Callable, Mapping

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.camera_source import CameraSource
from securevision.cameras.device_stream import DeviceStream
from securevision.cameras.file_source import FileSource
from securevision.cameras.file_stream import FileStream
from securevision.cameras.http_mjpeg import HttpMjpegStream
from securevision.cameras.rtmp_stream import RtmpStream
from securevision.cameras.rtsp_stream import RtspStream
from securevision.domain.ports.cameras import Connect, FrameSource, Stream
from securevision.domain.ports.clock import Clock

OpenStream = Callable[[Connect, SourceAddress, Clock], Stream]

STREAMS: Mapping[Scheme, OpenStream] = {
    Scheme.RTSP: RtspStream,
    Scheme.RTSPS: RtspStream,
    Scheme.HTTP: HttpMjpegStream,
    Scheme.HTTPS: HttpMjpegStream,
    Scheme.RTMP: RtmpStream,
    Scheme.DEVICE: DeviceStream,
}
"""The cameras. Files and the demo are in `make_source`, since they end."""


def make_source(
    address: SourceAddress,
    connect: Connect,
    clock: Clock,
    *,
    fps: float,
    paced: bool = False,
    loop: bool = False,
) -> FrameSource:
    """Make the source that an address names; it is opened when its items are asked for.

    `paced` and `loop` concern files and the demo. Raises InvalidInput.
    """
    if address.scheme in (Scheme.FILE, Scheme.DEMO):
        return FileSource(
            lambda: FileStream(connect, address.display),
            address.display,
            clock,
            fps=fps,
            paced=paced,
            loop=loop,
        )
    open_stream = STREAMS[address.scheme]
    return CameraSource(lambda: open_stream(connect, address, clock), address.display, clock, fps=fps)
