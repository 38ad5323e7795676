from collections.abc import Sequence
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.configs import TrackingConfig
from securevision.domain.geometry import Box
from securevision.domain.observations import Embedding, FaceObservation, PlateObservation
from securevision.domain.tracks import PlateEvidence, Track
from securevision.tracking.evidence import FaceSum, PlateVote
from securevision.tracking.tracker import Tracker

CONFIG = TrackingConfig(frames_required=3, lost_after_ms=1000)
STEP_MS = 200


def direction(axis: int) -> Embedding:
    embedding = np.zeros(128, np.float32)
    embedding[axis] = 1.0
    return embedding


def face(x: float, *, axis: int = 0, size: float = 100, detection: float = 0.9) -> FaceObservation:
    return FaceObservation(Box(x, 0, x + size, size), detection, direction(axis))


def plate(x: float, text: str, confidence: float = 0.9) -> PlateObservation:
    return PlateObservation(Box(x, 0, x + 100, 30), text, confidence)


def faces() -> Tracker[FaceObservation]:
    return Tracker(CONFIG, "door", FaceSum, count(1))


def plates() -> Tracker[PlateObservation]:
    return Tracker(CONFIG, "door", PlateVote, count(1))


def test_a_face_in_one_place_is_one_track_confirmed_at_the_third_frame() -> None:
    tracker = faces()
    seen = [tracker.update(i * STEP_MS, [face(10)]) for i in range(4)]
    assert [[(t.track_id, t.hits, t.confirmed) for t in tracks] for tracks in seen] == [
        [(1, 1, False)],
        [(1, 2, False)],
        [(1, 3, True)],
        [(1, 4, True)],
    ]


def test_a_steadily_moving_face_stays_one_track_though_it_leaves_its_last_box() -> None:
    tracker = faces()
    # 80 px a frame for a box of 100 px; then a gap of three frames, over which it moves 320 px.
    positions = [0, 80, 160, 240, None, None, None, 560]
    last: Sequence[Track] = ()
    for i, x in enumerate(positions):
        last = tracker.update(i * STEP_MS, [] if x is None else [face(x)])
    assert [track.track_id for track in last] == [1]


def test_two_faces_that_stand_apart_are_two_tracks() -> None:
    tracker = faces()
    for i in range(3):
        tracks = tracker.update(i * STEP_MS, [face(0, axis=0), face(500, axis=1)])
    assert [(t.track_id, t.hits) for t in tracks] == [(1, 3), (2, 3)]


def test_somebody_else_in_the_same_place_is_another_track() -> None:
    tracker = faces()
    for i in range(3):
        tracker.update(i * STEP_MS, [face(0, axis=0)])
    [track] = tracker.update(3 * STEP_MS, [face(0, axis=1)])
    assert track.track_id == 2


def test_another_car_in_the_same_place_is_another_track() -> None:
    tracker = plates()
    for i in range(3):
        tracker.update(i * STEP_MS, [plate(0, "AB12CDE")])
    [track] = tracker.update(3 * STEP_MS, [plate(0, "XY98ZZZ")])
    assert track.track_id == 2


def test_a_track_ends_when_time_passes_without_it() -> None:
    tracker = faces()
    tracker.update(0, [face(0)])
    assert tracker.update(1000, []) == []
    [ended] = tracker.update(1001, [])
    assert (ended.track_id, ended.ended, ended.last_ms) == (1, True, 0)
    assert tracker.update(9000, []) == []


def test_finishing_ends_every_track() -> None:
    tracker = faces()
    tracker.update(0, [face(0), face(500, axis=1)])
    assert [(t.track_id, t.ended) for t in tracker.finish()] == [(1, True), (2, True)]
    assert tracker.finish() == []


def test_the_best_picture_is_the_largest_and_surest() -> None:
    tracker = faces()
    [small] = tracker.update(0, [face(0, size=50)])
    [large] = tracker.update(STEP_MS, [face(0, size=80)])
    [unsure] = tracker.update(2 * STEP_MS, [face(0, size=80, detection=0.5)])
    assert [small.improved, large.improved, unsure.improved] == [True, True, False]
    assert unsure.best_box == Box(0, 0, 80, 80)


def test_the_mean_of_a_face_weighs_by_quality_and_has_unit_length() -> None:
    total = FaceSum()
    total.add(face(0, axis=0, size=100))
    total.add(face(0, axis=1, size=50))
    embedding = total.evidence().embedding
    assert float(np.linalg.norm(embedding)) == pytest.approx(1.0)
    assert float(embedding[0] / embedding[1]) == pytest.approx(4.0)


def test_one_sure_reading_outvotes_two_doubtful_ones() -> None:
    vote = PlateVote()
    for text, confidence in [("A8", 0.6), ("AB", 0.95), ("A8", 0.6)]:
        vote.add(plate(0, text, confidence))
    assert vote.evidence() == PlateEvidence("AB", 0.95)


def test_equal_votes_are_decided_the_same_way_in_any_order() -> None:
    one, other = PlateVote(), PlateVote()
    for text in ("AB", "A8"):
        one.add(plate(0, text, 0.9))
    for text in ("A8", "AB"):
        other.add(plate(0, text, 0.9))
    assert one.evidence() == other.evidence()


@given(st.lists(st.lists(st.integers(0, 9), max_size=4, unique=True), max_size=30))
def test_each_observation_belongs_to_one_track_and_each_track_ends_once(frames: list[list[int]]) -> None:
    tracker = faces()
    hits: dict[int, int] = {}
    ended: list[int] = []
    for i, slots in enumerate(frames):
        tracks = tracker.update(i * STEP_MS, [face(slot * 400, axis=slot) for slot in slots])
        live = [t.track_id for t in tracks if not t.ended]
        assert len(live) == len(set(live)) == len(slots)
        for track in tracks:
            hits[track.track_id] = max(hits.get(track.track_id, 0), track.hits)
        ended += [t.track_id for t in tracks if t.ended]
    ended += [t.track_id for t in tracker.finish()]
    assert sorted(ended) == sorted(hits)
    assert sum(hits.values()) == sum(len(slots) for slots in frames)
