"""What every RecordingStore does."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.databases import new_database
from fakes.stores import MemoryRecordingStore
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.ports.store import RecordingStore
from securevision.domain.recordings import (
    Recording,
    RecordingKind,
    RecordingPage,
    RecordingPosition,
    RecordingQuery,
    RecordingSizes,
)
from securevision.domain.rights import ALL_CAMERAS, NO_CAMERAS, Cameras
from securevision.errors import Conflict, InvalidInput, NotFound
from securevision.store.recordings import SqlRecordingStore

ENTRY = AuditDraft(AuditAction.RECORDING_KEPT, "user:3", target="recording:1")
EVENT, CONTINUOUS = RecordingKind
MP4 = 'video/mp4; codecs="avc1.64001f"'
NOW = 1_700_000_000_000
NO_ID = [0, -1, 999, 2**63, 2**70, -(2**70)]


@pytest.fixture(params=["memory", "sql"], scope="module")
def make_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], RecordingStore]]:
    """Gives an empty store each time."""
    folder = tmp_path_factory.mktemp("recordings")
    numbers = count()
    with ExitStack() as opened:

        def make() -> RecordingStore:
            if request.param == "memory":
                return MemoryRecordingStore()
            database = opened.enter_context(new_database(folder / f"{next(numbers)}.db"))
            return SqlRecordingStore(database, FakeClock(), os.urandom)

        yield make


@pytest.fixture
def store(make_store: Callable[[], RecordingStore]) -> RecordingStore:
    return make_store()


def growing(store: RecordingStore, begin_ms: int = NOW, camera_id: str = "gate") -> Recording:
    return store.begin(camera_id, EVENT, begin_ms, MP4)


def ended(
    store: RecordingStore,
    begin_ms: int = NOW,
    end_ms: int | None = None,
    *,
    camera_id: str = "gate",
    size: int = 10,
    kept: bool = False,
) -> Recording:
    recording_id = growing(store, begin_ms, camera_id).id
    recording = store.end(recording_id, begin_ms if end_ms is None else end_ms, size)
    return store.keep(recording_id, ENTRY, kept=True) if kept else recording


@pytest.mark.parametrize("kind", RecordingKind)
def test_a_recording_grows_and_ends(store: RecordingStore, kind: RecordingKind) -> None:
    recording = store.begin("gate", kind, NOW, MP4)
    assert recording == Recording(recording.id, "gate", kind, NOW, None, 0, kept=False, mime=MP4)
    assert store.get(recording.id) == recording
    assert list(store.open_ones()) == [recording]

    store.grow(recording.id, 4711)
    assert store.get(recording.id) == replace(recording, size=4711)

    done = store.end(recording.id, NOW + 5, 2**40)
    assert done == replace(recording, end_ms=NOW + 5, size=2**40)
    assert store.get(recording.id) == done
    assert list(store.open_ones()) == []


def test_a_recording_never_ends_before_it_began(store: RecordingStore) -> None:
    assert store.end(growing(store).id, NOW - 3_600_000, 1).end_ms == NOW


def test_what_has_ended_grows_no_more(store: RecordingStore) -> None:
    recording = ended(store)
    for change in (lambda: store.grow(recording.id, 99), lambda: store.end(recording.id, NOW + 9, 99)):
        with pytest.raises(
            NotFound, match=rf"^There is no recording {recording.id} that is still being made\.$"
        ):
            change()
    assert store.get(recording.id) == recording


@pytest.mark.parametrize("recording_id", NO_ID)
def test_a_recording_that_is_not_there(store: RecordingStore, recording_id: int) -> None:
    there = growing(store)
    assert store.get(recording_id) is None
    for change in (
        lambda: store.grow(recording_id, 1),
        lambda: store.end(recording_id, NOW, 1),
        lambda: store.keep(recording_id, ENTRY, kept=True),
        lambda: store.delete(recording_id, ENTRY),
        lambda: store.delete(recording_id, None),
    ):
        with pytest.raises(NotFound, match=str(recording_id)):
            change()
    assert store.page(RecordingQuery()).recordings == (there,)


def test_the_id_of_a_deleted_recording_is_never_used_again(store: RecordingStore) -> None:
    last = [ended(store) for _ in range(3)][-1]
    store.delete(last.id, ENTRY)
    assert growing(store).id > last.id


@pytest.mark.parametrize(
    "mime",
    [
        "",
        "text/html",
        "video/mp4\r\nX: y",
        'video/mp4; codecs="a<b"',
        "video/mp4;",
        "image/svg+xml",
        "video/" + "x" * 99,
    ],
)
def test_nothing_but_video_is_recorded(store: RecordingStore, mime: str) -> None:
    with pytest.raises(InvalidInput, match="type of a recording"):
        store.begin("gate", EVENT, NOW, mime)
    assert store.page(RecordingQuery()).recordings == ()


def test_what_is_kept_is_deleted_by_nobody_until_it_is_let_go(store: RecordingStore) -> None:
    recording = ended(store)
    kept = store.keep(recording.id, ENTRY, kept=True)
    assert kept == store.get(recording.id) == replace(recording, kept=True)
    assert store.keep(recording.id, ENTRY, kept=True) == kept
    for audit in (ENTRY, None):
        with pytest.raises(Conflict, match=rf"^Recording {recording.id} is kept; let it go first\.$"):
            store.delete(recording.id, audit)

    assert store.keep(recording.id, ENTRY, kept=False) == recording
    assert store.delete(recording.id, ENTRY) == recording
    assert store.get(recording.id) is None


def test_what_grows_is_not_deleted_and_may_be_kept(store: RecordingStore) -> None:
    recording = growing(store)
    with pytest.raises(Conflict, match="still being made; delete it when it has ended"):
        store.delete(recording.id, None)
    assert store.keep(recording.id, ENTRY, kept=True).kept
    store.grow(recording.id, 5)
    assert store.end(recording.id, NOW + 1, 6).kept


def test_retention_finds_the_oldest_that_are_neither_kept_nor_growing(store: RecordingStore) -> None:
    third = ended(store, NOW + 20, NOW + 21)
    first = ended(store, NOW + 5, NOW + 50)
    ended(store, NOW, kept=True)
    growing(store, NOW)
    second, also_second = (ended(store, NOW + 10, NOW + 19) for _ in range(2))

    in_order = [first, second, also_second, third]
    assert list(store.oldest_unkept(99)) == in_order
    assert list(store.oldest_unkept(2)) == in_order[:2]
    assert list(store.expired(NOW + 19, 99)) == []
    assert list(store.expired(NOW + 20, 99)) == [second, also_second]
    assert list(store.expired(NOW + 22, 2)) == [second, also_second]
    assert list(store.expired(NOW + 22, 99)) == [second, also_second, third]
    assert list(store.expired(2**70, 2**70)) == in_order


def test_sizes_are_told_of_what_is_kept_and_of_the_rest(store: RecordingStore) -> None:
    assert store.sizes() == RecordingSizes(0, 0)
    ended(store, size=2**40, kept=True)
    assert store.sizes() == RecordingSizes(2**40, 0)
    ended(store, size=7)
    store.grow(growing(store).id, 5)
    assert store.sizes() == RecordingSizes(2**40, 12)


def test_recordings_around_a_moment_are_found(store: RecordingStore) -> None:
    before, after = ended(store, NOW - 9, NOW - 6), ended(store, NOW + 6, NOW + 9)
    touching, around = ended(store, NOW - 9, NOW - 5), ended(store, NOW - 90, NOW + 90)
    still, later = growing(store, NOW + 5), growing(store, NOW + 6)
    ended(store, NOW, camera_id="Gate")

    assert list(store.overlapping("gate", NOW - 5, NOW + 5, 99)) == [around, touching, still]
    assert list(store.overlapping("gate", NOW - 5, NOW + 5, 2)) == [around, touching]
    assert list(store.overlapping("gate", NOW + 7, NOW + 6, 99)) == [around, still, after, later]
    every = [around, before, touching, still, after, later]
    assert list(store.overlapping("gate", -(2**70), 2**70, 99)) == every
    assert list(store.overlapping("nowhere", NOW, NOW, 99)) == []


def test_the_last_page_says_that_it_is_the_last(store: RecordingStore) -> None:
    assert store.page(RecordingQuery(limit=1)) == RecordingPage((), None)
    older, newer = (growing(store, NOW + i) for i in range(2))

    assert store.page(RecordingQuery(limit=2)) == RecordingPage((newer, older), None)
    first = store.page(RecordingQuery(limit=1))
    assert first == RecordingPage((newer,), RecordingPosition(newer.begin_ms, newer.id))
    assert store.page(RecordingQuery(limit=1, before=first.next)) == RecordingPage((older,), None)
    assert store.page(RecordingQuery(since_ms=NOW + 1)).recordings == (newer,)
    assert store.page(RecordingQuery(since_ms=2**70)).recordings == ()
    assert len(store.page(RecordingQuery(2**70 * -1, RecordingPosition(2**70, 0), 2**70)).recordings) == 2


@pytest.mark.parametrize("limit", [0, -1])
@pytest.mark.parametrize("cameras", [ALL_CAMERAS, NO_CAMERAS])
def test_a_page_of_nothing_is_refused(store: RecordingStore, limit: int, cameras: Cameras) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        store.page(RecordingQuery(limit=limit, cameras=cameras))


def test_recordings_of_many_cameras_and_of_none(store: RecordingStore) -> None:
    recording = growing(store)
    growing(store, camera_id="hidden")
    many = Cameras(frozenset({"gate", *(f"camera {number}" for number in range(40_000))}))
    assert store.page(RecordingQuery(cameras=many)).recordings == (recording,)
    assert store.page(RecordingQuery(limit=1, cameras=NO_CAMERAS)) == RecordingPage((), None)


names = st.sampled_from(["gate", "yard", "Gate"])
batches = st.lists(st.tuples(st.integers(NOW, NOW + 3), names), max_size=12)
queries = st.builds(
    RecordingQuery,
    since_ms=st.none() | st.integers(NOW, NOW + 3),
    limit=st.integers(1, 7),
    cameras=st.just(ALL_CAMERAS) | st.builds(Cameras, st.frozensets(names)),
)


@hypothesis_settings(max_examples=20, deadline=None)
@given(stored=batches, between=st.lists(batches, max_size=4), query=queries)
def test_paging_loses_and_doubles_nothing_while_recordings_come_and_go(
    make_store: Callable[[], RecordingStore],
    stored: list[tuple[int, str]],
    between: list[list[tuple[int, str]]],
    query: RecordingQuery,
) -> None:
    store = make_store()
    there = [growing(store, *each) for each in stored]
    arrivals = iter(between)

    page = store.page(query)
    seen = list(page.recordings)
    while page.next is not None:
        assert len(page.recordings) == query.limit
        for arrival in next(arrivals, []):
            growing(store, *arrival)
        # What a position names may be gone by the time that somebody asks from there on.
        gone = store.end(seen[-1].id, NOW + 9, 1)
        assert store.delete(gone.id, None) == gone
        page = store.page(replace(query, before=page.next))
        seen += page.recordings

    positions = [(recording.begin_ms, recording.id) for recording in seen]
    assert positions == sorted(set(positions), reverse=True)
    wanted = {
        recording.id
        for recording in there
        if recording.camera_id in query.cameras
        and (query.since_ms is None or recording.begin_ms >= query.since_ms)
    }
    assert wanted <= {recording.id for recording in seen}
    assert all(recording.camera_id in query.cameras for recording in seen)
