"""When the pictures of a live view are decoded, said before anybody knows how long they last."""

from securevision.domain.video import TICKS_PER_SECOND

_USUAL_STEP = TICKS_PER_SECOND // 15


class DecodeTimes:
    """Places pictures so that no gap between them makes a browser wait for the next keyframe.

    A browser drops what comes more than two durations of a picture after it, counted by the time of decoding (W3C
    Media Source Extensions, coded frame processing); and a picture's duration must be said before the next one is
    there. So after a gap the time of decoding lags behind, and catches up within some pictures. The time of showing
    is not touched; a long duration instead of this would put the end of what can be played into the future.
    """

    def __init__(self) -> None:
        self._dts = -_USUAL_STEP
        self._step = _USUAL_STEP
        self._decode_time = 0
        self._duration = 0

    def place(self, dts: int) -> tuple[int, int]:
        """Return the time of decoding, at most `dts`, and the duration of the next picture, in ticks.

        `dts` starts at 0 and grows strictly, and so does the time of decoding.
        """
        before, self._step, self._dts = self._step, dts - self._dts, dts
        # Not quite two durations: browsers count in whole microseconds.
        self._decode_time = min(dts, self._decode_time + 3 * self._duration // 2)
        # The smaller of two steps, since one is large after a gap; and a part of the lag, so that it never grows on.
        self._duration = min(before, self._step) + (dts - self._decode_time) // 8
        return self._decode_time, self._duration
