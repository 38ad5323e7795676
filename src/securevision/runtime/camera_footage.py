"""Clips and live view of one camera, made of the packets that it sends anyway."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from securevision.domain.ports.footage import Fragment, Fragments, MakeFragments, PacketRing
from securevision.domain.video import Packet, VideoFormat
from securevision.errors import InvalidInput
from securevision.runtime.messages import ClipData, ClipEnded, LiveData, LiveInit, Message

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Clip:
    fragments: Fragments
    begin_ms: int


class CameraFootage:
    """Used by the camera's thread alone. Of a video that cannot be written, nothing is sent until it is another one."""

    def __init__(
        self, camera: str, ring: PacketRing, make_fragments: MakeFragments, send: Callable[[Message], None]
    ) -> None:
        self._camera = camera
        self._ring = ring
        self._make_fragments = make_fragments
        self._send = send
        self._video = VideoFormat("", 0, 0)
        self._cannot_be_written = False
        self._clips: dict[int, _Clip | None] = {}
        """By number; None for one that waits for a keyframe to begin with."""
        self._replaced: dict[int, int] = {}
        """Which clip ends when another begins."""
        self._live: Fragments | None = None
        self._live_wanted = False

    def start(self, video: VideoFormat) -> None:
        """Take a new format: what was begun in the old one ends."""
        self.stop()
        self._video, self._cannot_be_written = video, False
        self._ring.start(video)

    def stop(self) -> None:
        """End all clips, because the video broke off; live view goes on with the next one."""
        for clip_id in list(self._clips):
            self.end_clip(clip_id)
        self._live = None

    def push(self, packet: Packet) -> None:
        """Take the next packet."""
        self._ring.push(packet)
        begun = [clip_id for clip_id, clip in self._clips.items() if clip is None and packet.keyframe]
        for clip_id in begun:
            if replaced := self._replaced.pop(clip_id, 0):
                self.end_clip(replaced)
        for clip_id, clip in self._clips.items():
            if clip is not None:
                self._add_to_clip(clip_id, clip, packet)
        for clip_id in begun:
            self._open_clip(clip_id, [packet])
        if self._live is not None:
            self._add_to_live(self._live, packet)
        elif self._live_wanted and packet.keyframe:
            self._open_live([packet])

    def begin_clip(self, clip_id: int, replaces: int) -> None:
        """Begin a clip with what the ring holds; or with the next keyframe, at which the one that it replaces ends."""
        self._clips[clip_id] = None
        if replaces in self._clips:
            self._replaced[clip_id] = replaces
        elif packets := self._ring.packets():
            self._open_clip(clip_id, packets)

    def end_clip(self, clip_id: int) -> None:
        """Finish a clip; one that is not known, or was never begun, only ends."""
        self._replaced.pop(clip_id, None)
        clip = self._clips.pop(clip_id, None)
        if clip is not None and (data := clip.fragments.close()):
            self._send_clip(clip_id, clip, data, clip.begin_ms)
        self._send(ClipEnded(self._camera, clip_id))

    def begin_live(self) -> None:
        """Send live fragments, from the newest keyframe that is known."""
        self._live_wanted = True
        if self._live is None and (packets := self._ring.newest_gop()):
            self._open_live(packets)

    def end_live(self) -> None:
        """Send no more."""
        self._live_wanted, self._live = False, None

    def _open_clip(self, clip_id: int, packets: Iterable[Packet]) -> None:
        clip: _Clip | None = None
        for packet in packets:
            if clip is None:
                if (fragments := self._begun(Fragment.GOP)) is None:
                    return
                self._clips[clip_id] = clip = _Clip(fragments, packet.ts_ms)
                self._send_clip(clip_id, clip, clip.fragments.init(), packet.ts_ms)
            self._add_to_clip(clip_id, clip, packet)

    def _begun(self, per: Fragment) -> Fragments | None:
        if self._cannot_be_written:
            return None
        try:
            return self._make_fragments(self._video, per)
        except InvalidInput as error:
            self._cannot_be_written = True
            _log.warning("Of camera %s there are no recordings and no live view: %s", self._camera, error)
            return None

    def _add_to_clip(self, clip_id: int, clip: _Clip, packet: Packet) -> None:
        if data := clip.fragments.add(packet):
            self._send_clip(clip_id, clip, data, packet.ts_ms)

    def _send_clip(self, clip_id: int, clip: _Clip, data: bytes, end_ms: int) -> None:
        self._send(ClipData(self._camera, clip_id, data, clip.fragments.mime, clip.begin_ms, end_ms))

    def _open_live(self, packets: Iterable[Packet]) -> None:
        self._live = live = self._begun(Fragment.PICTURE)
        if live is None:
            return
        self._send(LiveInit(self._camera, live.mime, live.init()))
        for packet in packets:
            self._add_to_live(live, packet)

    def _add_to_live(self, live: Fragments, packet: Packet) -> None:
        if data := live.add(packet):
            self._send(LiveData(self._camera, packet.ts_ms, packet.keyframe, data))
