"""A camera at this machine. The kernel's side is played; what a real driver does besides could not be tried."""

import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.mjpeg_camera import jpeg
from fakes.sealed import SEALED_DEVICE, start
from fakes.video_device import X86_64, Driver, FakeVideoDevice
from securevision.cameras.addresses import parse_address
from securevision.cameras.device_stream import DeviceStream
from securevision.clock import SystemClock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError, SourceRefused

pytestmark = pytest.mark.skipif(not X86_64, reason="the calls are numbered for x86-64")

ADDRESS = parse_address("device:/dev/video0")
Item = VideoFormat | AccessUnit | None


@pytest.fixture
def device() -> Iterator[FakeVideoDevice]:
    with FakeVideoDevice() as fake:
        yield fake


def read(device: FakeVideoDevice, until: Callable[[list[Item]], bool] = lambda _: False) -> list[Item]:
    """Read until something is true of the items, or until it raises."""
    items: list[Item] = []

    def run() -> None:
        stream = DeviceStream(device.open, ADDRESS, SystemClock(), read_timeout_s=1.5)
        for item in stream.items():
            items.append(item)
            if until(items):
                stream.close()

    device.reading(run)
    return items


def test_pictures_come_with_the_time_at_which_they_were_taken(device: FakeVideoDevice) -> None:
    for number in range(10):
        device.put(jpeg(number), taken_us=7_000_000 + number * 100_000)
    items = read(device, lambda items: len(items) == 11)
    taken = [AccessUnit(jpeg(n), keyframe=True, pts=630_000 + n * 9000) for n in range(10)]
    assert items == [VideoFormat("mjpeg", 160, 96), *taken]


def test_the_largest_useful_size_is_asked_for_at_fifteen_pictures_a_second(device: FakeVideoDevice) -> None:
    device.put(jpeg(1))
    read(device, lambda items: len(items) == 2)
    assert device.driver.size == (1920, 1080)
    assert device.driver.fps == (1, 15)
    assert device.driver.streaming


@pytest.mark.parametrize(
    ("sizes", "best"),
    [
        (((320, 240), (640, 480)), (640, 480)),
        (((2592, 1944), (3840, 2160)), (2592, 1944)),
        ((), (1920, 1080)),
    ],
)
def test_the_size_where_the_usual_one_is_not_offered(
    device: FakeVideoDevice, sizes: tuple[tuple[int, int], ...], best: tuple[int, int]
) -> None:
    device.driver.sizes = sizes
    device.put(jpeg(1))
    read(device, lambda items: len(items) == 2)
    assert device.driver.size == best


def test_what_is_no_picture_is_left_out(device: FakeVideoDevice) -> None:
    device.put(b"")
    device.put(jpeg(1), flags=0x2040)  # bytes of it were lost
    device.put(b"\xff\xd8" + bytes(1000))
    device.put(bytes(16) + jpeg(2))
    items = read(device, lambda items: len(items) == 2)
    assert items[1] == AccessUnit(jpeg(2), keyframe=True, pts=0)


def test_a_new_size_is_told(device: FakeVideoDevice) -> None:
    device.put(jpeg(1))
    device.put(jpeg(2, (320, 192)))
    items = read(device, lambda items: len(items) == 4)
    assert items[2] == VideoFormat("mjpeg", 320, 192)


def test_a_camera_that_gives_nothing_says_so_each_second(device: FakeVideoDevice) -> None:
    assert read(device, lambda items: len(items) == 1) == [None]


def test_a_camera_that_gives_nothing_has_stalled(device: FakeVideoDevice) -> None:
    device.put(jpeg(1))
    with pytest.raises(SourceError, match=r"device:/dev/video0 has stalled: no picture came for 1.5 s"):
        read(device)


@pytest.mark.parametrize(
    ("driver", "kind", "sentence"),
    [
        (Driver(failing={"querycap": errno.ENOTTY}), SourceRefused, "gives no pictures"),
        (Driver(own_capabilities=0x04A00000), SourceRefused, "gives no pictures; try another one"),
        (Driver(capabilities=0x04000000, own_capabilities=1), SourceRefused, "gives no pictures"),
        (Driver(formats=(b"YUYV", b"NV12")), SourceRefused, "raw pictures alone"),
        (Driver(failing={"enum_fmt": errno.EINVAL}), SourceRefused, "raw pictures alone"),
        (Driver(failing={"s_fmt": errno.EBUSY}), SourceError, "used by another program"),
        (Driver(failing={"reqbufs": errno.EBUSY}), SourceError, "used by another program"),
        (Driver(failing={"streamon": errno.ENOSPC}), SourceError, "no room for its video"),
        (Driver(failing={"dqbuf": errno.ENODEV}), SourceError, "plugged in"),
        (Driver(failing={"dqbuf": errno.EIO}), SourceError, "plugged in"),
    ],
)
def test_what_a_driver_refuses(driver: Driver, kind: type[SourceError], sentence: str) -> None:
    with FakeVideoDevice(driver) as device:
        device.put(jpeg(1))
        with pytest.raises(SourceError, match=sentence) as refused:
            read(device)
    assert type(refused.value) is kind


def test_a_camera_with_one_rate_is_read_at_that(device: FakeVideoDevice) -> None:
    device.driver.failing["s_parm"] = errno.ENOTTY
    device.put(jpeg(1))
    assert len(read(device, lambda items: len(items) == 2)) == 2


def test_what_is_not_a_device_at_all() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with pytest.raises(SourceRefused, match="gives no pictures"):
        list(DeviceStream(lambda: reading, ADDRESS, SystemClock()).items())


def test_nothing_stays_open(device: FakeVideoDevice) -> None:
    device.put(jpeg(1))
    before = set(Path("/proc/self/fd").iterdir())
    read(device, lambda items: len(items) == 2)
    assert set(Path("/proc/self/fd").iterdir()) <= before


def test_it_is_read_in_a_sealed_process(device: FakeVideoDevice) -> None:
    device.put(jpeg(1))
    core, theirs = socket.socketpair()
    camera = device.open()
    with core, start(SEALED_DEVICE, descriptors=(theirs.fileno(), camera)) as process:
        theirs.close()
        os.close(camera)
        _, [listener], _, _ = socket.recv_fds(core, 1, 1)
        device.serve(listener)
        said = core.recv(100)
        assert process.wait() == 0
    assert json.loads(said) == [True, [len(jpeg(1))]]
