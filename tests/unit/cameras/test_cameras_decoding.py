from collections.abc import Iterator
from contextlib import closing, suppress
from random import Random

import numpy as np
import pytest

from fakes.moving_clip import write_room
from fakes.rtp_packets import Packetiser, access_units, interleaved
from fakes.rtsp_camera import PairedCamera, opening
from securevision.cameras.addresses import parse_address
from securevision.cameras.decoding import DecodedPicture, Decoder
from securevision.cameras.rtsp_stream import RtspStream
from securevision.clock import SystemClock
from securevision.domain.video import AccessUnit, Packet, VideoFormat
from securevision.errors import SourceError


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Of an RTSP camera, four times the same."""
    raw = write_room(tmp_path_factory.mktemp("room") / "room.h264")
    return access_units("h264", raw.read_bytes()) * 4


def decoded(units: list[bytes], lost: float) -> dict[int, bytes]:
    """Return the brightness of each picture, by its timestamp, when this share of the packets is lost."""
    chance = Random(7)

    def play(camera: PairedCamera) -> None:
        for picture in Packetiser("h264", size=300).pictures(units):
            camera.say(b"".join(interleaved(packet) for packet in picture if chance.random() >= lost))
        camera.hang_up()

    with PairedCamera(opening(), play) as camera:
        return {each.pts: np.ascontiguousarray(each.luma()).tobytes() for each in _pictures(camera)}


def _pictures(camera: PairedCamera) -> Iterator[DecodedPicture]:
    decoder: Decoder | None = None
    address = parse_address("rtsp://camera.local/stream")
    with (
        closing(RtspStream(camera.connect, address, SystemClock())) as stream,
        suppress(SourceError),  # at the end
    ):
        for item in stream.items():
            if isinstance(item, VideoFormat):
                decoder = Decoder(item, "gate")
            elif isinstance(item, AccessUnit) and decoder is not None:
                pts = item.pts or 0
                yield from decoder.decode(Packet(item.data, item.keyframe, 0, pts, pts, item.damaged))


@pytest.mark.parametrize("lost", [0.01, 0.02, 0.05])
def test_whatever_is_lost_each_picture_that_is_given_is_exactly_as_it_was(
    units: list[bytes], lost: float
) -> None:
    """Also the ones after it: a decoder that saw half a slice spoils whole pictures of the next seconds."""
    whole, some = decoded(units, 0.0), decoded(units, lost)
    assert len(whole) == len(units)
    assert 0 < len(some) < len(whole)
    assert [pts for pts, luma in some.items() if luma != whole[pts]] == []
