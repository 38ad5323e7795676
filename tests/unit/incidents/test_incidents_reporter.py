from dataclasses import replace

import numpy as np
import pytest

from securevision.domain.configs import IncidentConfig
from securevision.domain.events import FacePayload, ListMatch, Payload, PlatePayload
from securevision.domain.geometry import Box
from securevision.domain.observations import Embedding
from securevision.domain.people import Template
from securevision.domain.plates import PlateLists
from securevision.domain.tracks import FaceEvidence, PlateEvidence, Track
from securevision.incidents.matching import Gallery
from securevision.incidents.reporter import Reporter

BOX = Box(0, 0, 100, 100)
CONFIG = IncidentConfig(similarity_threshold=0.4, frames_for_stranger=6, cooldown_ms=10_000)


def towards(axis: int, other: int = 127, cosine: float = 1.0) -> Embedding:
    """Return a unit vector that has this cosine with the axis; the rest points to `other`."""
    embedding = np.zeros(128, np.float32)
    embedding[axis] = cosine
    embedding[other] = np.sqrt(1 - cosine**2)
    return embedding


def template(name: str, axis: int) -> Template:
    return Template(name, towards(axis), "00")


def face(track_id: int, embedding: Embedding, *, ts: int = 0, hits: int = 3, ended: bool = False) -> Track:
    return Track(track_id, "door", ts, hits, hits >= 3, BOX, BOX, True, ended, FaceEvidence(embedding))


def plate(track_id: int, text: str, *, ts: int = 0, hits: int = 3, ended: bool = False) -> Track:
    return Track(track_id, "door", ts, hits, hits >= 3, BOX, BOX, True, ended, PlateEvidence(text, 0.9))


def reporter(lists: PlateLists | None = None) -> Reporter:
    gallery = Gallery([template("ada", 0), template("grace", 1)], threshold=CONFIG.similarity_threshold)
    return Reporter(CONFIG, gallery, lists or PlateLists())


def told(some: Reporter, ts: int, *tracks: Track) -> list[tuple[int, Payload]]:
    return [(draft.sighting, draft.payload) for draft in some.update(ts, tracks)]


def names(some: Reporter, ts: int, *tracks: Track) -> list[str | None]:
    return [p.person_name for _, p in told(some, ts, *tracks) if isinstance(p, FacePayload)]


def test_a_known_face_is_told_once_when_its_track_is_confirmed() -> None:
    some = reporter()
    assert names(some, 0, face(1, towards(0), hits=2)) == []
    assert names(some, 200, face(1, towards(0), ts=200)) == ["ada"]
    assert names(some, 400, face(1, towards(0), ts=400, hits=4)) == []


def test_a_face_below_the_threshold_is_nobody_and_the_nearest_similarity_is_told() -> None:
    [(_, payload)] = told(reporter(), 0, face(1, towards(0, cosine=0.39), hits=6))
    assert isinstance(payload, FacePayload)
    assert payload.person_name is None
    assert payload.similarity == pytest.approx(0.39)


def test_a_face_at_the_threshold_is_named() -> None:
    assert names(reporter(), 0, face(1, towards(1, cosine=0.401))) == ["grace"]


def test_with_an_empty_gallery_everybody_is_unknown_without_a_similarity() -> None:
    some = Reporter(CONFIG, Gallery([], threshold=0.4), PlateLists())
    [(_, payload)] = told(some, 0, face(1, towards(0), hits=6))
    assert payload == FacePayload(None, None, BOX)


def test_a_stranger_is_told_late_or_when_the_track_ends() -> None:
    some = reporter()
    assert names(some, 0, face(1, towards(9), hits=5)) == []
    assert names(some, 200, face(1, towards(9), hits=6)) == [None]
    assert names(some, 400, face(2, towards(20), hits=3)) == []
    assert names(some, 600, face(2, towards(20), hits=3, ended=True)) == [None]


def test_an_unconfirmed_track_is_never_told_even_when_it_ends() -> None:
    assert (
        told(reporter(), 0, face(1, towards(0), hits=2, ended=True), plate(2, "AB12", hits=2, ended=True))
        == []
    )


def test_a_stranger_who_turns_out_to_be_known_is_told_again_under_the_same_sighting() -> None:
    some = reporter()
    told(some, 0, face(1, towards(0, cosine=0.3), hits=6))
    [(sighting, payload)] = told(some, 200, face(1, towards(0, cosine=0.6), ts=200, hits=7))
    assert sighting == 1
    assert isinstance(payload, FacePayload)
    assert payload.person_name == "ada"


def test_a_return_within_the_cooldown_makes_no_event_and_one_after_it_does() -> None:
    some = reporter()
    assert names(some, 0, face(1, towards(0))) == ["ada"]
    some.update(2000, [face(1, towards(0), ended=True)])
    assert names(some, 9000, face(2, towards(0), ts=9000)) == []
    some.update(9500, [face(2, towards(0), ts=9000, ended=True)])
    # The second track was the same visit: the cooldown counts from when they were last seen.
    assert names(some, 18_000, face(3, towards(0), ts=18_000)) == []
    some.update(18_500, [face(3, towards(0), ts=18_000, ended=True)])
    some.update(28_001, [])
    assert names(some, 28_002, face(4, towards(0), ts=28_002)) == ["ada"]


def test_the_cooldown_of_one_person_does_not_hide_another() -> None:
    some = reporter()
    assert names(some, 0, face(1, towards(0)), face(2, towards(1))) == ["ada", "grace"]


def test_the_same_stranger_is_one_visit_and_another_stranger_is_not() -> None:
    some = reporter()
    assert names(some, 0, face(1, towards(9), hits=6, ended=True)) == [None]
    assert names(some, 1000, face(2, towards(9, other=50, cosine=0.9), ts=1000, hits=6)) == []
    assert names(some, 1000, face(3, towards(30), ts=1000, hits=6)) == [None]


def test_a_plate_is_told_with_its_list_and_again_when_it_reads_better() -> None:
    lists = PlateLists(allow={"AB12CDE": "the van"}, block={})
    some = reporter(lists)
    assert told(some, 0, plate(7, "A812CDE")) == [(7, PlatePayload("A812CDE", 0.9, None, None, BOX))]
    assert told(some, 200, plate(7, "AB12CDE", ts=200, hits=4)) == [
        (7, PlatePayload("AB12CDE", 0.9, ListMatch.ALLOW, None, BOX))
    ]
    assert told(some, 400, plate(7, "AB12CDE", ts=400, hits=5)) == []


def test_a_steadier_figure_alone_is_no_news() -> None:
    some = reporter()
    told(some, 0, plate(7, "AB12"))
    better = replace(plate(7, "AB12", ts=200, hits=4), evidence=PlateEvidence("AB12", 0.99))
    assert told(some, 200, better) == []


def test_a_plate_named_like_a_person_is_another_visit() -> None:
    gallery = Gallery([template("AB12", 0)], threshold=0.4)
    some = Reporter(CONFIG, gallery, PlateLists())
    assert len(told(some, 0, face(1, towards(0)), plate(2, "AB12"))) == 2


def test_the_event_carries_the_time_of_the_newest_observation() -> None:
    [draft] = reporter().update(5000, [face(1, towards(0), ts=4321)])
    assert (draft.ts_ms, draft.source_id) == (4321, "door")


def test_a_clock_that_was_set_back_does_not_silence_whoever_was_seen_before() -> None:
    some, day = reporter(), 86_400_000
    assert names(some, day, face(1, towards(0), ts=day, ended=True)) == ["ada"]
    assert names(some, 800) == []
    assert names(some, 1_000, face(2, towards(0), ts=1_000)) == ["ada"]
