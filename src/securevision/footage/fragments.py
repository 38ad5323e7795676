"""An MP4 that can be played as far as it was written, made of packets as they come."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from securevision.domain.ports.footage import Fragment
from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat
from securevision.footage.boxes import Sample, fragment, header
from securevision.footage.decode_times import DecodeTimes
from securevision.footage.tracks import track_of

_MAX_TICKS = 5 * TICKS_PER_SECOND
_MAX_BYTES = 4 << 20
_MAX_PACKETS = 1000
_USUAL_STEP = TICKS_PER_SECOND // 15


class Mp4Fragments:
    """A Fragments of H.264, H.265 or MJPEG.

    The first keyframe is decoded at 0. With B-frames it is shown a little later, as they must be decoded first.
    Of clips, all times are those of the packets. A GOP of more than 5 s, 4 MiB or 1000 packets comes in several
    fragments, so that little is held, and little is lost with the process. Of live view, the times of showing are
    those of the packets; the rest is guessed (see DecodeTimes).
    """

    def __init__(self, video: VideoFormat, per: Fragment) -> None:
        """Begin an MP4. Raises InvalidInput for another codec, and when the parameter sets cannot be read."""
        self._track = track_of(video)
        self._live = DecodeTimes() if per is Fragment.PICTURE else None
        self._begin: int | None = None
        self._number = 0
        self._held: list[Packet] = []
        self._held_bytes = 0
        self._step = _USUAL_STEP

    @property
    def mime(self) -> str:
        """See Fragments."""
        return f'video/mp4; codecs="{self._track.codecs}"'

    def init(self) -> bytes:
        """See Fragments."""
        return header(self._track.entry)

    def add(self, packet: Packet) -> bytes:
        """See Fragments. A packet without a picture in it is dropped."""
        data = self._track.sample(packet.data)
        if not data or (self._begin is None and not packet.keyframe):
            return b""
        if self._begin is None:
            self._begin = packet.dts
        dts, pts = packet.dts - self._begin, packet.pts - self._begin
        if self._live is not None:
            decode_time, duration = self._live.place(dts)
            return self._fragment(decode_time, [Sample(data, packet.keyframe, duration, pts - decode_time)])
        due = packet.keyframe or self._is_full(dts)
        done = self._write(dts) if due else b""
        self._held.append(replace(packet, data=data, pts=pts, dts=dts))
        self._held_bytes += len(data)
        return done

    def close(self) -> bytes:
        """See Fragments. How long the last picture lasts is not known: as the one before, but not above a second."""
        if not self._held:
            return b""
        if len(self._held) > 1:
            self._step = self._held[-1].dts - self._held[-2].dts
        return self._write(self._held[-1].dts + min(self._step, TICKS_PER_SECOND))

    def _is_full(self, dts: int) -> bool:
        return bool(self._held) and (
            dts - self._held[0].dts >= _MAX_TICKS
            or self._held_bytes >= _MAX_BYTES
            or len(self._held) >= _MAX_PACKETS
        )

    def _write(self, end: int) -> bytes:
        """Return a fragment of what is held, the last picture of which lasts until then."""
        held, self._held, self._held_bytes = self._held, [], 0
        if not held:
            return b""
        steps = [after - before for before, after in pairwise([*(packet.dts for packet in held), end])]
        self._step = steps[-1]
        samples = [
            Sample(packet.data, packet.keyframe, step, packet.pts - packet.dts)
            for packet, step in zip(held, steps, strict=True)
        ]
        return self._fragment(held[0].dts, samples)

    def _fragment(self, decode_time: int, samples: Sequence[Sample]) -> bytes:
        self._number += 1
        return fragment(self._number, decode_time, samples)
