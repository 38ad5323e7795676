import hashlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from fakes.clock import FakeClock
from fakes.pictures import pictures_of, pixels_of
from securevision.cameras.addresses import parse_address
from securevision.cameras.connecting import open_descriptor
from securevision.cameras.demo import DEMO_PLATE, make_demo_clip
from securevision.cameras.demo_car import PLATE_WIDTH, draw_car
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.sources import make_source
from securevision.errors import InvalidInput, StorageFull


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something of the portrait's size with a bright shape where the person is."""
    picture = np.full((512, 512, 3), 150, np.uint8)
    cv2.ellipse(picture, (228, 110), (72, 95), 0, 0, 360, (90, 150, 230), -1)
    cv2.ellipse(picture, (220, 440), (190, 200), 0, 0, 360, (40, 90, 220), -1)
    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


@pytest.fixture(scope="module")
def clip(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "new" / "clip.mp4"
    make_demo_clip(portrait, DEMO_PLATE, path)
    return path


def test_the_clip_is_h264_as_a_camera_sends_it(clip: Path) -> None:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (1280, 720)
        assert stream.average_rate == Fraction(15)
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert len(packets) == 14 * 15
    assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == list(range(0, 14 * 15, 30))
    assert 1e6 < clip.stat().st_size * 8 / 14 < 3e6


def test_person_and_car_come_and_are_gone_before_it_ends(clip: Path) -> None:
    address, clock = parse_address(str(clip)), FakeClock()
    source = make_source(address, lambda: open_descriptor(address, NetworkPolicy(), None), clock, fps=1.0)
    frames = [pixels_of(picture).astype(int) for picture in pictures_of(source)]
    assert len(frames) == 14
    changed = [np.abs(frame - frames[-1]).max(axis=2) > 60 for frame in frames]
    person, car = ([float(c[:, half].mean()) for c in changed] for half in (np.s_[:560], np.s_[640:]))
    assert min(person[3:9]) > 0.15
    assert min(car[4:10]) > 0.15
    assert max(person[12:] + car[12:]) < 0.01
    assert max(person[0], car[0]) < 0.05


def test_the_same_input_gives_the_same_clip_and_nothing_else_is_left(portrait: Path, clip: Path) -> None:
    again = clip.with_name("again.mp4")
    make_demo_clip(portrait, DEMO_PLATE.lower(), again)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(clip.read_bytes()).digest()
    assert sorted(path.name for path in clip.parent.iterdir()) == ["again.mp4", "clip.mp4"]


@pytest.mark.parametrize("text", ["AB", "SV26 DEM", "WWWWWWWWWW"])
def test_a_plate_of_any_length_fits(text: str) -> None:
    car = draw_car(text)
    ink = np.argwhere((car[870:940, 485:915, :3] < 60).all(axis=2))
    assert ink.size
    left, right = ink[:, 1].min() + 485, ink[:, 1].max() + 485
    assert 700 - PLATE_WIDTH / 2 + 10 < left < right < 700 + PLATE_WIDTH / 2 - 10
    assert abs((left + right) / 2 - 700) < 12


@pytest.mark.parametrize("plate", ["", "A", "ABCDEFGHIJK", "AB-12", "SV26Ä", "A  B"])
def test_what_is_no_plate_is_refused(portrait: Path, tmp_path: Path, plate: str) -> None:
    with pytest.raises(InvalidInput, match="2 to 10 letters and digits"):
        make_demo_clip(portrait, plate, tmp_path / "clip.mp4")


def test_another_picture_is_refused(tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    small.write_bytes(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    text = tmp_path / "text.png"
    text.write_text("no picture")
    (tmp_path / "empty.png").touch()
    for path in (small, text, tmp_path / "empty.png", tmp_path / "absent.png"):
        with pytest.raises(InvalidInput, match=path.name):
            make_demo_clip(path, DEMO_PLATE, tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()


def test_a_place_that_cannot_be_written_is_told(portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFull, match="cannot be written"):
        make_demo_clip(portrait, DEMO_PLATE, tmp_path / "file" / "clip.mp4")
