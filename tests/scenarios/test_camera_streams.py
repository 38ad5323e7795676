"""What cameras and files send and should not: wrong times, bombs, playlists; a clock that jumps; the end of all."""

import signal
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import chain, islice, pairwise, repeat
from pathlib import Path
from random import Random

import av
import cv2
import pytest

from fakes.camera import Camera
from fakes.camera_engine import CameraEngine, camera_engine
from fakes.mjpeg_camera import HEAD, Answer, MjpegCamera, part
from fakes.moving_clip import COUNT, room, write_room
from fakes.parameter_bits import packed, ue
from fakes.rtp_packets import (
    Packetiser,
    Stamping,
    access_units,
    annex_b,
    interleaved,
    kind_of,
    nal_units,
)
from fakes.rtsp_camera import PairedCamera, opening
from fakes.server_process import ServerProcess, server_process
from securevision.cameras.addresses import parse_address
from securevision.cameras.camera_source import CameraSource
from securevision.cameras.rtsp_stream import RtspStream
from securevision.clock import SystemClock
from securevision.domain.events import FacePayload
from securevision.domain.frames import SourceState
from securevision.domain.video import Packet, VideoFormat
from securevision.wiring.engine import connector

RATE = 15
LOST = 0.02
"""Share of the packets."""
DAY_MS = 24 * 60 * 60 * 1000
LIVE, ENDED, CONNECTING = SourceState.LIVE, SourceState.ENDED, SourceState.CONNECTING
REFUSED = SourceState.REFUSED
SIDE, MODEST = 16_000, 300 << 20
"""Pixels of a side that is huge, and bytes that a worker needs which decodes nothing of the kind."""
SPS = 7
ENDS_WITHIN_S = 20.0
"""On a busy machine."""
CRAFTED = "rtsp://camera.local/stream"


class JumpingClock(SystemClock):
    """Tells the time as somebody set it."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.h264")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[CameraEngine]:
    with camera_engine(folder) as running:
        yield running


# Times


@pytest.mark.parametrize("stamping", Stamping)
def test_times_of_a_camera_that_are_wrong_are_replaced_by_our_own(
    engine: CameraEngine, folder: Path, raw: Path, stamping: Stamping
) -> None:
    units = access_units("h264", raw.read_bytes())

    def play(camera: PairedCamera) -> None:
        endless = chain.from_iterable(repeat(units))
        for picture in Packetiser("h264", stamping=stamping).pictures(endless):
            if camera.leave.wait(1 / RATE):
                return
            camera.say(b"".join(map(interleaved, picture)))

    name = stamping.name
    with PairedCamera(opening(), play) as camera:
        engine.watch(name, CRAFTED, connect=camera.connect, record=True)
        check_times(engine, folder, name)


def test_a_camera_without_times_gets_ours(engine: CameraEngine, folder: Path) -> None:
    pictures = [cv2.imencode(".jpg", room(index))[1].tobytes() for index in range(COUNT)]
    answer = Answer([HEAD, *(part(pictures[i % COUNT]) for i in range(600))], pause_s=1 / RATE)
    with MjpegCamera(answer) as camera:
        engine.watch("timeless", camera.address(), record=True)
        check_times(engine, folder, "timeless")


def check_times(engine: CameraEngine, folder: Path, name: str) -> None:
    engine.until_state(name, LIVE)
    engine.until_seen(name)
    engine.until(lambda: engine.report(name).packets >= 3 * RATE)
    now_ms = engine.clock.now_ms()
    assert all(now_ms - 10_000 < event.ts_ms <= now_ms for event in engine.events(name))
    assert [each.state for each in engine.moments(name)] == [CONNECTING, LIVE]
    engine.unwatch(name)
    [recording] = engine.recordings(name)
    assert recording.end_ms is not None
    with av.open(str(folder / "recordings" / f"{recording.id}.mp4")) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx((recording.end_ms - recording.begin_ms) / 1000, abs=1.0)


@pytest.mark.needs_rtsp
def test_a_clock_that_jumps_a_day_and_back_ends_nothing_and_invents_nothing(
    raw: Path, tmp_path: Path
) -> None:
    clock = JumpingClock()
    with Camera(raw) as camera, camera_engine(tmp_path, clock=clock) as engine:
        engine.watch("gate", camera.address())
        engine.until_seen("gate")
        for ahead_ms in (DAY_MS, 0, -DAY_MS, 0):
            clock.ahead_ms = ahead_ms
            packets = engine.report("gate").packets
            engine.until_analysed("gate")
            engine.until(lambda: engine.report("gate").packets > packets + RATE)  # noqa: B023 - called in the loop
        assert [each.state for each in engine.moments("gate")] == [CONNECTING, LIVE]
        assert all(isinstance(event.payload, FacePayload) for event in engine.events("gate"))
        assert set(engine.faces("gate")) == {"ada"}


@pytest.mark.needs_rtsp
def test_the_time_of_pictures_never_goes_back_whatever_the_clock_does(raw: Path) -> None:
    clock = JumpingClock()
    with Camera(raw) as camera:
        address = parse_address(camera.address())
        reach = connector(address, allow_loopback=True)
        source = CameraSource(lambda: RtspStream(reach, address, clock), "gate", clock, fps=RATE)
        taken = []
        with closing(source):
            items = (item for item in source.items() if item is not None)
            for ahead_ms in (0, DAY_MS, -DAY_MS, 0):
                clock.ahead_ms = ahead_ms
                taken += list(islice(items, 2 * RATE))
                assert source.status.state is LIVE
    pictures = [item.ts_ms for item in taken if not isinstance(item, Packet | VideoFormat)]
    packets = [item for item in taken if isinstance(item, Packet)]
    assert pictures == sorted(pictures)
    assert pictures[-1] - pictures[0] >= DAY_MS, "it went ahead once"
    steps = [later.dts - earlier.dts for earlier, later in pairwise(packets)]
    assert all(0 < step < 90_000 for step in steps), "a clip plays on without a gap"


# Loss


def test_what_a_loss_damages_is_kept_and_never_recognised(engine: CameraEngine, raw: Path) -> None:
    units, chance = access_units("h264", raw.read_bytes()), Random(7)

    def play(camera: PairedCamera) -> None:
        for picture in Packetiser("h264", size=300).pictures(chain.from_iterable(repeat(units))):
            if camera.leave.wait(1 / RATE):
                return
            camera.say(b"".join(interleaved(packet) for packet in picture if chance.random() > LOST))

    with PairedCamera(opening(), play) as camera:
        engine.watch("lossy", CRAFTED, connect=camera.connect, gated=False)
        engine.until_seen("lossy")
        engine.until(lambda: engine.report("lossy").packets > 1.5 * COUNT)
        report = engine.report("lossy")
        assert report.pictures < 0.9 * report.packets * 5.0 / RATE, "some were left out"
        assert engine.analysis.strangers["lossy"] == 0
        assert [each.state for each in engine.moments("lossy")] == [CONNECTING, LIVE]
        engine.unwatch("lossy")


# Bombs


def png_bomb() -> bytes:
    """Return a huge picture in a quarter of a megabyte."""
    packer = zlib.compressobj(9)
    row = bytes(1 + SIDE)
    data = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


FILES: Mapping[str, Callable[[], bytes]] = {
    "bomb": png_bomb,
    "playlist": lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "concat": lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "noise": lambda: bytes(range(256)) * 400,
    "cut": lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_video_is_said_to_be_none_and_costs_nothing(
    engine: CameraEngine, raw: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"{kind}.mp4"
    path.write_bytes(FILES[kind]())
    engine.watch("other", str(raw))
    workers = [(each.pid, each.restarts) for each in engine.workers()]
    engine.watch(kind, str(path))
    ended = engine.until_state(kind, ENDED)
    assert ended.detail.startswith(str(path))
    assert ended.detail.endswith(".")
    assert [(each.pid, each.restarts) for each in engine.workers()] == workers
    assert engine.workers()[0].resident_bytes < MODEST
    assert engine.until(lambda: engine.report("other").packets)
    engine.unwatch(kind)
    engine.unwatch("other")


def test_a_playlist_where_a_camera_should_be(engine: CameraEngine) -> None:
    playlist = b"#EXTM3U\nhttp://169.254.169.254/latest/meta-data\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n" + playlist
    with MjpegCamera(answer) as camera:
        engine.watch("listed", camera.address())
        engine.until_state("listed", REFUSED, hint="has no video in it")
        assert len(camera.requests) == 1
        engine.unwatch("listed")


def jpeg_bomb() -> bytes:
    """Return a small JPEG whose frame header says that it is huge (ISO 10918-1, B.2.2)."""
    picture = bytearray(cv2.imencode(".jpg", room(0))[1].tobytes())
    at = picture.index(b"\xff\xc0\x00\x11\x08") + 5
    picture[at : at + 4] = struct.pack(">HH", SIDE, SIDE)
    return bytes(picture)


ANSWERS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "png": (lambda: b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + png_bomb(), "still picture"),
    "jpeg": (lambda: HEAD + part(jpeg_bomb()), "is too large"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_bomb_where_a_camera_should_be(engine: CameraEngine, kind: str) -> None:
    answer, words = ANSWERS[kind]
    with MjpegCamera(answer()) as camera:
        engine.watch(kind, camera.address())
        engine.until_state(kind, REFUSED, hint=words)
        assert engine.workers()[0].resident_bytes < MODEST
        engine.unwatch(kind)


def test_a_camera_that_says_its_picture_is_huge(engine: CameraEngine, raw: Path) -> None:
    units = map(huge, access_units("h264", raw.read_bytes()))
    workers = [(each.pid, each.restarts) for each in engine.workers()]

    def play(camera: PairedCamera) -> None:
        for picture in Packetiser("h264").pictures(units):
            camera.say(b"".join(map(interleaved, picture)))

    with PairedCamera(opening(), play) as camera:
        engine.watch("huge", CRAFTED, connect=camera.connect)
        engine.until_state("huge", REFUSED, hint="is too large")
        assert [(each.pid, each.restarts) for each in engine.workers()] == workers
        assert engine.workers()[0].resident_bytes < MODEST
        engine.unwatch("huge")


def huge(unit: bytes) -> bytes:
    """Return an access unit that says of itself that it is of another size (ITU-T H.264, 7.3.2.1.1)."""
    sides = ue(SIDE // 16 - 1) * 2
    fields = (ue(0), ue(0), ue(2), ue(1), "0", sides, "1", "0", "0", "0", "1")
    sps = bytes((0x67, 66, 0, 30)) + packed("".join(fields))
    return annex_b(sps if kind_of("h264", nal) == SPS else nal for nal in nal_units(unit))


# The end


@pytest.mark.needs_models
@pytest.mark.needs_rtsp
def test_a_server_that_is_told_to_end_ends_everything_in_order(raw: Path, tmp_path: Path) -> None:
    names = ("gate", "yard", "door")
    with Camera(raw) as camera, server_process(tmp_path) as server:
        server.set_up()
        for name in names:
            body = {
                "id": name,
                "address": camera.address(),
                "allow_loopback": True,
                "recording": "continuous",
            }
            assert server.send("POST", "/api/v1/cameras", body).status_code == 201
        wait_until_recorded(server, names)
        workers = children_of(server.process.pid)
        assert len(workers) >= 2, "a media worker and the recogniser"
        begin = SystemClock().monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert SystemClock().monotonic() - begin < ENDS_WITHIN_S
        assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    log = (tmp_path / "stderr.txt").read_text()
    assert "Traceback" not in log
    assert "replaced" not in log
    files = sorted((tmp_path / "data").rglob("*.mp4"))
    assert len(files) == len(names)
    for path in files:
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) > RATE
    with server_process(tmp_path) as again:
        again.cookies = server.cookies
        recordings = again.send("GET", "/api/v1/recordings?since_ms=0").json()["recordings"]
        kept = [each for each in recordings if each["end_ms"] is not None and each["size"] > 0]
        assert {each["camera"] for each in kept} == set(names)


def wait_until_recorded(server: ServerProcess, names: tuple[str, ...]) -> None:
    deadline, pause = SystemClock().monotonic() + 30, threading.Event()
    while SystemClock().monotonic() < deadline:
        cameras = {each["id"]: each for each in server.send("GET", "/api/v1/cameras").json()}
        if all(cameras[name]["fps_in"] > RATE / 2 for name in names):
            return
        pause.wait(0.1)
    raise AssertionError(cameras)


def children_of(pid: int) -> list[int]:
    lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for child in " ".join(lists).split()]
