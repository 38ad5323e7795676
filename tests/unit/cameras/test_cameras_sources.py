from pathlib import Path

import pytest

from fakes.clips import write_clip
from fakes.clock import FakeClock
from securevision.cameras.addresses import Scheme
from securevision.cameras.sources import SOURCES, open_source
from securevision.domain.frames import Frame
from securevision.domain.ports.cameras import FrameSource
from securevision.errors import InvalidInput


def make(
    address: str, *, paced: bool = False, loop: bool = False, demo_clip: Path | None = None
) -> FrameSource:
    return open_source(
        address, source_id="gate", fps=5.0, clock=FakeClock(), paced=paced, loop=loop, demo_clip=demo_clip
    )


def test_every_scheme_has_a_source() -> None:
    assert set(SOURCES) == set(Scheme)


@pytest.mark.parametrize("address", ["rtsp://cam/x", "rtsps://cam/x"])
def test_a_camera_is_live(address: str) -> None:
    source = make(address)
    assert (source.live, source.source_id) == (True, "gate")


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "[::ffff:169.254.169.254]"])
def test_a_camera_at_an_address_that_none_may_have_is_refused_at_once(host: str) -> None:
    with pytest.raises(InvalidInput, match="where no camera may be"):
        make(f"rtsp://admin:secret@{host}/x")
    clock = FakeClock()
    here = "rtsp://127.0.0.1/x"
    assert open_source(here, source_id="gate", fps=5.0, clock=clock, allow_loopback=True).live


@pytest.mark.parametrize("prefix", ["", "file:", "file://"])
def test_a_file_gives_its_frames(tmp_path: Path, prefix: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", 15)
    source = make(f"{prefix}{path}")
    assert not source.live
    assert sum(isinstance(item, Frame) for item in source.frames()) == 5
    assert make(str(path), paced=True, loop=True).live


def test_the_demo_plays_its_clip(tmp_path: Path) -> None:
    source = make("demo:", demo_clip=write_clip(tmp_path / "demo.mp4", 15))
    assert sum(isinstance(item, Frame) for item in source.frames()) == 5


def test_the_demo_without_its_clip_says_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="securevision demo"):
        make("demo:")


def test_an_address_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(InvalidInput, match="scheme"):
        make("gopher://cam")
