"""Joins observations of single frames to tracks, by overlap.

Association is greedy by IoU with the box where each track should be by now, after SORT (Bewley et al., ICIP
2016) with constant velocity in place of a Kalman filter, and boxes grown a little, as in buffered IoU (Yang
et al., WACV 2023): at a few analysed frames a second an object moves far.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from securevision.domain.configs import TrackingConfig
from securevision.domain.geometry import Box, iou
from securevision.domain.observations import Observation
from securevision.domain.tracks import FaceEvidence, PlateEvidence, Track

_BUFFER = 0.3

Seen = TypeVar("Seen", bound=Observation)
Seen_contra = TypeVar("Seen_contra", bound=Observation, contravariant=True)


class Accumulator(Protocol[Seen_contra]):
    """Adds up the observations of one object."""

    def fits(self, observation: Seen_contra) -> bool:
        """Return whether an observation in the right place is of this object, by its looks."""
        ...

    def add(self, observation: Seen_contra) -> None:
        """Take one more observation."""
        ...

    def evidence(self) -> FaceEvidence | PlateEvidence:
        """Return the sum so far."""
        ...


class Tracker(Generic[Seen]):
    """The tracks of one kind of object in one source."""

    def __init__(
        self,
        config: TrackingConfig,
        source_id: str,
        accumulator: Callable[[], Accumulator[Seen]],
        ids: Iterator[int],
    ) -> None:
        """Take track ids from `ids`, which other trackers may share."""
        self._config = config
        self._source_id = source_id
        self._accumulator = accumulator
        self._ids = ids
        self._tracks: list[_LiveTrack[Seen]] = []

    def update(self, ts_ms: int, observations: Sequence[Seen]) -> Sequence[Track]:
        """Take what was seen at that time, never earlier than the last; an empty sequence is a tick.

        Returns the tracks that were seen and those that have ended, each once.
        """
        matches = self._associate(ts_ms, observations)
        changed = []
        for observation in observations:
            track = matches.get(id(observation))
            if track is None:
                track = _LiveTrack(next(self._ids), self._accumulator())
                self._tracks.append(track)
            improved = track.add(ts_ms, observation)
            changed.append(self._snapshot(track, improved=improved, ended=False))
        lost = [track for track in self._tracks if ts_ms - track.last_ms > self._config.lost_after_ms]
        self._tracks = [track for track in self._tracks if track not in lost]
        return [*changed, *(self._snapshot(track, improved=False, ended=True) for track in lost)]

    def finish(self) -> Sequence[Track]:
        """End every track, because the source has ended."""
        lost, self._tracks = self._tracks, []
        return [self._snapshot(track, improved=False, ended=True) for track in lost]

    def _snapshot(self, track: "_LiveTrack[Seen]", *, improved: bool, ended: bool) -> Track:
        return Track(
            track_id=track.track_id,
            source_id=self._source_id,
            last_ms=track.last_ms,
            hits=track.hits,
            confirmed=track.hits >= self._config.frames_required,
            last_box=track.last_box,
            best_box=track.best_box,
            improved=improved,
            ended=ended,
            evidence=track.accumulator.evidence(),
        )

    def _associate(self, ts_ms: int, observations: Sequence[Seen]) -> dict[int, "_LiveTrack[Seen]"]:
        """Return the track of each observation that has one, by the observation's identity."""
        pairs = sorted(
            (
                (overlap, number, place)
                for number, track in enumerate(self._tracks)
                for predicted in [track.predict(ts_ms).grown(_BUFFER)]
                for place, observation in enumerate(observations)
                if (overlap := iou(predicted, observation.box.grown(_BUFFER))) >= self._config.iou_threshold
                and track.accumulator.fits(observation)
            ),
            reverse=True,
        )
        matches: dict[int, _LiveTrack[Seen]] = {}
        taken: set[int] = set()
        for _, number, place in pairs:
            key = id(observations[place])
            if number not in taken and key not in matches:
                taken.add(number)
                matches[key] = self._tracks[number]
        return matches


class _LiveTrack(Generic[Seen]):
    """A track while it lives."""

    def __init__(self, track_id: int, accumulator: Accumulator[Seen]) -> None:
        self.track_id = track_id
        self.accumulator = accumulator
        self.best_box = self.last_box = Box(0, 0, 0, 0)
        self._velocity = (0.0, 0.0)  # pixels a millisecond
        self._best_quality = -1.0
        self.last_ms = 0
        self.hits = 0

    def predict(self, ts_ms: int) -> Box:
        """Return where the object should be at that time."""
        elapsed = ts_ms - self.last_ms
        return self.last_box.shifted(self._velocity[0] * elapsed, self._velocity[1] * elapsed)

    def add(self, ts_ms: int, observation: Seen) -> bool:
        """Take one more observation; return whether it is the best picture so far."""
        elapsed = ts_ms - self.last_ms
        if self.hits and elapsed > 0:
            dx = (observation.box.x1 + observation.box.x2 - self.last_box.x1 - self.last_box.x2) / 2
            dy = (observation.box.y1 + observation.box.y2 - self.last_box.y1 - self.last_box.y2) / 2
            self._velocity = (dx / elapsed, dy / elapsed)
        self.last_box = observation.box
        self.last_ms = ts_ms
        self.hits += 1
        self.accumulator.add(observation)
        if observation.quality <= self._best_quality:
            return False
        self._best_quality = observation.quality
        self.best_box = observation.box
        return True
