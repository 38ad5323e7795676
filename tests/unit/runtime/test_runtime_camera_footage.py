"""Clips and live view of one camera, with a real ring and real MP4, as a player reads them."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat
from securevision.footage.fragments import Mp4Fragments
from securevision.footage.ring import PacketRing
from securevision.runtime.camera_footage import CameraFootage
from securevision.runtime.messages import ClipData, ClipEnded, LiveData, LiveInit, Message
from unit.footage.videos import STEP, Played, Video, camera_video, play

GOP, COUNT = 10, 60
RING_S = 2.0
UNWRITABLE = VideoFormat("vp9", 160, 96)


class Camera:
    """The footage of a camera, and what it sent."""

    def __init__(self, video: Video | None = None) -> None:
        self.sent: list[Message] = []
        self.video = video or camera_video(count=COUNT, gop=GOP)
        self.footage = CameraFootage("gate", PacketRing(RING_S, 1 << 20), Mp4Fragments, self.sent.append)
        self.footage.start(self.video.format)

    def push(self, begin: int, end: int) -> None:
        """Give some of the packets, each at its own time of capture."""
        for number, packet in enumerate(self.video.packets[begin:end], begin):
            self.footage.push(replace(packet, ts_ms=at(number)))

    def clip(self, number: int) -> list[ClipData]:
        return [each for each in self.sent if isinstance(each, ClipData) and each.clip == number]

    def played(self, number: int) -> Played:
        return play(b"".join(part.data for part in self.clip(number)))

    @property
    def ended(self) -> list[int]:
        return [each.clip for each in self.sent if isinstance(each, ClipEnded)]

    def live(self) -> Sequence[LiveInit | LiveData]:
        return [each for each in self.sent if isinstance(each, LiveInit | LiveData)]


def at(number: int) -> int:
    """Return when a picture was taken."""
    return 1_000_000 + number * 67


def pictures(played: Played) -> int:
    return len(played.pictures)


def test_a_clip_begins_before_it_was_asked_for_as_far_back_as_the_ring_goes() -> None:
    camera = Camera()
    camera.push(0, 45)
    camera.footage.begin_clip(7, 0)
    camera.push(45, 50)
    camera.footage.end_clip(7)
    parts = camera.clip(7)
    # The ring holds whole GOPs that cover two seconds, thirty pictures.
    assert {part.begin_ms for part in parts} == {at(10)}
    assert parts[0].mime.startswith('video/mp4; codecs="avc1.')
    assert camera.ended == [7]
    assert pictures(camera.played(7)) == 40
    assert parts[-1].end_ms <= at(50)


def test_what_a_clip_holds_is_what_the_camera_sent_picture_by_picture() -> None:
    camera = Camera()
    camera.push(0, 5)
    camera.footage.begin_clip(7, 0)
    camera.push(5, COUNT)
    camera.footage.end_clip(7)
    played = camera.played(7)
    assert [pts for pts, _, _, _ in played.packets] == [STEP * number for number in range(COUNT)]
    assert [keyframe for _, _, _, keyframe in played.packets] == [
        number % GOP == 0 for number in range(COUNT)
    ]


def test_a_clip_of_a_camera_that_has_just_come_begins_with_its_first_keyframe() -> None:
    camera = Camera()
    camera.push(3, 7)
    camera.footage.begin_clip(7, 0)
    camera.push(7, 25)
    camera.footage.end_clip(7)
    assert camera.clip(7)[0].begin_ms == at(10)
    assert pictures(camera.played(7)) == 15


def test_a_clip_that_follows_another_begins_where_that_ends() -> None:
    camera = Camera()
    camera.push(0, 5)
    camera.footage.begin_clip(1, 0)
    camera.push(5, 25)
    camera.footage.begin_clip(2, 1)
    camera.push(25, 30)
    assert camera.ended == []
    camera.push(30, 45)
    assert camera.ended == [1]
    camera.footage.end_clip(2)
    assert camera.clip(2)[0].begin_ms == at(30)
    assert (pictures(camera.played(1)), pictures(camera.played(2))) == (30, 15)
    # The end of the one comes before anything of the other.
    assert camera.sent.index(ClipEnded("gate", 1)) < camera.sent.index(camera.clip(2)[0])


def test_a_clip_that_follows_one_that_has_ended_begins_at_once() -> None:
    camera = Camera()
    camera.push(0, 15)
    camera.footage.begin_clip(2, 1)
    assert camera.clip(2)


def test_a_clip_that_was_never_begun_only_ends() -> None:
    camera = Camera()
    camera.footage.begin_clip(1, 0)
    camera.footage.end_clip(1)
    camera.footage.end_clip(99)
    assert camera.sent == [ClipEnded("gate", 1), ClipEnded("gate", 99)]
    camera.push(0, 20)
    assert len(camera.sent) == 2


def test_two_clips_of_a_camera_are_no_matter_to_each_other() -> None:
    camera = Camera()
    camera.push(0, 5)
    camera.footage.begin_clip(1, 0)
    camera.push(5, 15)
    camera.footage.begin_clip(2, 0)
    camera.push(15, 25)
    camera.footage.end_clip(1)
    camera.push(25, 35)
    camera.footage.end_clip(2)
    assert (pictures(camera.played(1)), pictures(camera.played(2))) == (25, 35)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_another_format_ends_every_clip_and_the_next_is_in_it(codec: str) -> None:
    camera = Camera()
    camera.push(0, 15)
    camera.footage.begin_clip(1, 0)
    camera.footage.begin_clip(2, 1)
    camera.video = camera_video(codec, 20, gop=GOP, size=(320, 192))
    camera.footage.start(camera.video.format)
    assert sorted(camera.ended) == [1, 2]
    camera.footage.begin_clip(3, 0)
    camera.push(0, 12)
    camera.footage.end_clip(3)
    assert camera.played(1).size == (160, 96)
    assert camera.clip(2) == []
    played = camera.played(3)
    # Nothing of the ring is older than the format.
    assert (played.size, pictures(played)) == ((320, 192), 12)


def test_live_view_begins_with_the_newest_keyframe_that_is_known() -> None:
    camera = Camera()
    camera.push(0, 25)
    camera.footage.begin_live()
    camera.push(25, 32)
    init, *fragments = camera.live()
    assert isinstance(init, LiveInit)
    assert init.mime == 'video/mp4; codecs="avc1.42c00a"'
    assert [part.ts_ms for part in fragments if isinstance(part, LiveData)] == [
        at(number) for number in range(20, 32)
    ]
    assert [part.keyframe for part in fragments if isinstance(part, LiveData)] == [
        number % GOP == 0 for number in range(20, 32)
    ]
    assert pictures(play(init.data + b"".join(part.data for part in fragments))) == 12


def test_live_view_that_has_ended_sends_nothing_and_can_begin_again() -> None:
    camera = Camera()
    camera.push(0, 5)
    camera.footage.begin_live()
    camera.footage.end_live()
    sent = len(camera.sent)
    camera.push(5, 15)
    assert len(camera.sent) == sent
    camera.footage.begin_live()
    assert isinstance(camera.sent[sent], LiveInit)


def test_asking_twice_for_live_view_begins_it_once() -> None:
    camera = Camera()
    camera.push(0, 5)
    camera.footage.begin_live()
    camera.footage.begin_live()
    assert len([part for part in camera.live() if isinstance(part, LiveInit)]) == 1


def test_live_view_goes_on_in_another_format_with_its_first_keyframe() -> None:
    camera = Camera()
    camera.footage.begin_live()
    camera.push(0, 5)
    camera.video = camera_video(count=20, gop=GOP, size=(320, 192))
    camera.footage.start(camera.video.format)
    camera.push(2, 12)
    inits = [part for part in camera.live() if isinstance(part, LiveInit)]
    assert len(inits) == 2
    begin = camera.sent.index(inits[1])
    fragments = camera.sent[begin + 1 :]
    assert [part.ts_ms for part in fragments if isinstance(part, LiveData)] == [at(10), at(11)]


def test_a_video_that_cannot_be_written_leaves_the_camera_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """It is watched all the same; and it goes on when its format is another one."""
    camera = Camera()
    camera.footage.start(UNWRITABLE)
    camera.footage.begin_clip(1, 0)
    camera.footage.begin_live()
    with caplog.at_level(logging.WARNING):
        for number in range(20):
            camera.footage.push(Packet(b"x", number % 5 == 0, at(number), number, number))
        camera.footage.begin_clip(2, 0)
    assert camera.sent == []
    assert len(caplog.records) == 1
    assert "vp9" in caplog.text
    camera.footage.end_clip(1)
    assert camera.ended == [1]
    camera.footage.start(camera.video.format)
    assert camera.ended == [1, 2]
    camera.footage.begin_clip(3, 0)
    camera.push(0, 5)
    assert camera.clip(3)
    assert isinstance(camera.live()[0], LiveInit)


def test_stopping_ends_what_was_begun() -> None:
    camera = Camera()
    camera.push(0, 15)
    camera.footage.begin_clip(1, 0)
    camera.footage.begin_live()
    camera.footage.stop()
    assert camera.ended == [1]
    assert pictures(camera.played(1)) == 15
    sent = len(camera.sent)
    camera.footage.stop()
    assert len(camera.sent) == sent


def test_a_gop_that_the_ring_cannot_hold_is_in_no_clip() -> None:
    camera = Camera(camera_video(count=30, gop=30))
    big = [
        Packet(bytes(100_000), number == 0, at(number), number * TICKS_PER_SECOND, number * TICKS_PER_SECOND)
        for number in range(30)
    ]
    for packet in big:
        camera.footage.push(packet)
    camera.footage.begin_clip(1, 0)
    assert camera.clip(1) == []
