"""A camera at this machine: MJPEG from a device that was opened for us."""

import errno
import os
from collections.abc import Iterator, Sequence

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.failures import in_use, no_bandwidth, no_camera, raw_pictures, stalled, unplugged
from securevision.cameras.jpeg import from_start, jpeg_size
from securevision.cameras.video_device import VideoDevice
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError

_LARGEST = (1920, 1080)
_FPS = 15
_STEP_S = 0.25
_SAY_S = 1.0


class DeviceStream:
    """A Stream of a camera of Video4Linux2. Every picture is a keyframe."""

    def __init__(
        self, connect: Connect, address: SourceAddress, clock: Clock, *, read_timeout_s: float = 5.0
    ) -> None:
        """`connect` opens the device. Each picture must come within `read_timeout_s`."""
        self._connect = connect
        self._camera = address.display
        self._clock = clock
        self._read_timeout_s = read_timeout_s
        self._closed = False

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """See Stream."""
        descriptor = self._connect()
        device = VideoDevice(descriptor)
        try:
            self._start(device)
            yield from self._watch(device)
        except OSError as error:
            raise _explained(error, self._camera) from None
        finally:
            device.close()
            os.close(descriptor)

    def close(self) -> None:
        """See Stream."""
        self._closed = True

    def _start(self, device: VideoDevice) -> None:
        """Raise SourceError, OSError."""
        if not device.gives_video():
            raise no_camera(self._camera)
        if not device.gives_mjpeg():
            raise raw_pictures(self._camera)
        device.start(_best(device.sizes()), _FPS)

    def _watch(self, device: VideoDevice) -> Iterator[VideoFormat | AccessUnit | None]:
        """Yield what comes. Raises SourceError, OSError."""
        heard = told = self._clock.monotonic()
        size = (0, 0)
        while not self._closed:
            picture = device.take(_STEP_S)
            jpeg = b"" if picture is None or picture.damaged else from_start(picture.data)
            found = jpeg_size(jpeg)
            if picture is not None and found is not None:
                if found != size:
                    size = found
                    yield VideoFormat("mjpeg", *size)
                yield AccessUnit(jpeg, keyframe=True, pts=picture.pts)
                heard = told = self._clock.monotonic()
            now = self._clock.monotonic()
            if now - heard >= self._read_timeout_s:
                raise stalled(self._camera, self._read_timeout_s)
            if now - told >= _SAY_S:
                told = now
                yield None


def _best(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the largest size that is not larger than what recognition has a use for."""
    fitting = [each for each in sizes if each[0] <= _LARGEST[0] and each[1] <= _LARGEST[1]]
    by_area = sorted(fitting or sizes, key=lambda size: size[0] * size[1])
    if not by_area:
        return _LARGEST
    return by_area[-1] if fitting else by_area[0]


def _explained(error: OSError, camera: str) -> SourceError:
    match error.errno:
        case errno.EBUSY:
            return in_use(camera)
        case errno.ENOSPC:
            return no_bandwidth(camera)
        case errno.ENOTTY | errno.EINVAL:
            return no_camera(camera)
        case _:
            return unplugged(camera)
