"""What every EventStore does."""

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
from fakes.stores import MemoryEventStore
from securevision.domain.events import (
    SIGHTINGS,
    CameraPayload,
    CameraState,
    Event,
    EventDraft,
    EventPage,
    EventPosition,
    EventQuery,
    EventType,
    FacePayload,
    ListMatch,
    Payload,
    PlatePayload,
)
from securevision.domain.geometry import Box
from securevision.domain.ports.store import EventStore
from securevision.domain.rights import ALL_CAMERAS, NO_CAMERAS, Cameras
from securevision.errors import InvalidInput, NotFound
from securevision.store.events import SqlEventStore

BOX = Box(-1.5, 2.25, 30.125, 44.0)
FACE = FacePayload("ada", 0.1 + 0.2, BOX)
PLATE = PlatePayload("M 0815", 0.75, ListMatch.BLOCK, "DE-M", BOX)
DOWN = CameraPayload(CameraState.DOWN, "No picture for 8 s.")
NOW = 1_700_000_000_000

MakeStore = Callable[[FakeClock], EventStore]


@pytest.fixture(params=["memory", "sql"], scope="module")
def make_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeStore]:
    """Gives an empty store each time."""
    folder = tmp_path_factory.mktemp("events")
    numbers = count()
    with ExitStack() as opened:

        def make(clock: FakeClock) -> EventStore:
            if request.param == "memory":
                return MemoryEventStore(clock)
            database = opened.enter_context(new_database(folder / f"{next(numbers)}.db"))
            return SqlEventStore(database, clock)

        yield make


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def store(make_store: MakeStore, clock: FakeClock) -> EventStore:
    return make_store(clock)


def draft(ts_ms: int = NOW, payload: Payload = FACE, source_id: str = "gate") -> EventDraft:
    return EventDraft(1, source_id, ts_ms, payload)


@pytest.mark.parametrize(
    "payload",
    [
        FACE,
        FacePayload(None, 0.25, BOX),
        FacePayload(None, None, BOX),
        FacePayload("", 0.0, BOX),
        PLATE,
        PlatePayload("", 0.0, None, None, BOX),
        PlatePayload("Ω'; DROP TABLE events; --", 1.0, ListMatch.ALLOW, "", BOX),
        *(CameraPayload(state, f"It is {state}.") for state in CameraState),
        CameraPayload(CameraState.UP, ""),
    ],
)
def test_an_event_comes_back_as_it_was_stored(store: EventStore, payload: Payload) -> None:
    event = store.add(draft(NOW - 5, payload), b"jpeg")

    assert (event.version, event.source_id, event.ts_ms, event.created_ms) == (1, "gate", NOW - 5, NOW)
    assert event.payload == payload
    assert store.get(event.id) == event
    assert store.crop(event.id) == b"jpeg"
    assert store.page(EventQuery()).events == (event,)


def test_a_revision_changes_payload_and_version_and_keeps_times(store: EventStore, clock: FakeClock) -> None:
    first = store.add(draft(NOW, FACE), b"old")
    clock.advance(60)
    second = store.revise(first.id, EventDraft(1, "elsewhere", NOW + 9, PLATE), None)
    assert store.revise(first.id, draft(NOW, DOWN), None).payload == DOWN
    third = store.revise(first.id, draft(NOW + 99, FACE), b"new")

    assert (second.version, second.payload, third.version, third.payload) == (2, PLATE, 4, FACE)
    for event in (second, third):
        assert (event.id, event.source_id) == (first.id, first.source_id)
        assert (event.ts_ms, event.created_ms) == (first.ts_ms, first.created_ms)
    assert store.get(first.id) == third


def test_a_revision_without_a_crop_keeps_the_old_one(store: EventStore) -> None:
    event = store.add(draft(), b"old")
    store.revise(event.id, draft(), None)
    assert store.crop(event.id) == b"old"
    store.revise(event.id, draft(), b"new")
    assert store.crop(event.id) == b"new"


def test_a_crop_may_come_later(store: EventStore) -> None:
    event = store.add(draft(), None)
    assert store.crop(event.id) is None
    store.revise(event.id, draft(), b"late")
    assert store.crop(event.id) == b"late"


@pytest.mark.parametrize("event_id", [0, -1, 7, 2**63, 2**70, -(2**70)])
def test_an_event_that_is_not_there(store: EventStore, event_id: int) -> None:
    store.add(draft(), b"x")
    assert store.get(event_id) is None
    assert store.crop(event_id) is None
    with pytest.raises(NotFound, match=str(event_id)):
        store.revise(event_id, draft(), b"crop")
    assert store.crop(event_id) is None


def test_only_events_stored_before_the_moment_are_deleted(store: EventStore, clock: FakeClock) -> None:
    # The capture time plays no part: a recording may be years old.
    old = [store.add(draft(NOW + 10**9), b"old") for _ in range(250)]
    clock.advance(0.001)
    kept = store.add(draft(0), b"kept")

    assert store.delete_created_before(NOW) == 0
    assert store.delete_created_before(kept.created_ms) == len(old)
    assert store.page(EventQuery()).events == (kept,)
    assert store.crop(kept.id) == b"kept"
    assert [store.crop(event.id) for event in old] == [None] * len(old)
    assert store.delete_created_before(kept.created_ms) == 0


def test_the_id_of_a_deleted_event_is_never_used_again(store: EventStore) -> None:
    last = [store.add(draft(), b"x") for _ in range(3)][-1]
    assert store.delete_created_before(2**70) == 3
    assert store.add(draft(), None).id > last.id


def test_a_page_can_ask_for_a_type_and_a_time(store: EventStore) -> None:
    faces = [store.add(draft(NOW + i, FACE), None) for i in range(3)]
    plates = [store.add(draft(NOW + i, PLATE), None) for i in range(3)]

    down = store.add(draft(NOW - 1, DOWN), None)

    for wanted, found in ((EventType.FACE_MATCH, faces), (EventType.CAMERA_DOWN, [down])):
        assert store.page(EventQuery(types=frozenset({wanted}))).events == tuple(reversed(found))
    both = store.page(EventQuery(types=SIGHTINGS)).events
    assert [event.id for event in both] == [
        each.id for pair in zip(reversed(plates), reversed(faces), strict=True) for each in pair
    ]
    assert store.page(EventQuery(types=frozenset())).events == ()
    assert store.page(EventQuery(types=frozenset({EventType.PLATE_READ}), since_ms=NOW + 1)).events == (
        plates[2],
        plates[1],
    )
    assert store.page(EventQuery(since_ms=NOW + 2)).events == (plates[2], faces[2])
    assert store.page(EventQuery(since_ms=2**70)).events == ()
    assert len(store.page(EventQuery(since_ms=-(2**70), before=EventPosition(2**70, 2**70))).events) == 7
    assert store.page(EventQuery(before=EventPosition(-(2**70), 0))).events == ()


def test_the_last_page_says_that_it_is_the_last(store: EventStore) -> None:
    assert store.page(EventQuery(limit=1)).next is None
    older, newer = (store.add(draft(NOW + i), None) for i in range(2))

    assert store.page(EventQuery(limit=2)).next is None
    first = store.page(EventQuery(limit=1))
    assert (first.events, first.next) == ((newer,), EventPosition(newer.ts_ms, newer.id))
    assert store.page(EventQuery(limit=1, before=first.next)).events == (older,)
    assert store.page(EventQuery(limit=2**70)).events == (newer, older)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_of_nothing_is_refused(store: EventStore, limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        store.page(EventQuery(limit=limit))


def test_only_events_of_the_cameras_that_may_be_seen_are_found(store: EventStore) -> None:
    names = ["gate", "Gate", "gate ", "", "yard'; --", "Ω"]
    made = {name: [store.add(draft(NOW + i, FACE, name), None) for i in range(2)] for name in names}
    for name in names:
        page = store.page(EventQuery(cameras=Cameras(frozenset({name}))))
        assert page.events == tuple(reversed(made[name]))
    some = Cameras(frozenset({"gate", "Ω", "nowhere"}))
    assert {event.source_id for event in store.page(EventQuery(cameras=some)).events} == {"gate", "Ω"}
    assert len(store.page(EventQuery(cameras=Cameras(frozenset(names)))).events) == 12
    assert len(store.page(EventQuery(cameras=ALL_CAMERAS)).events) == 12


def test_without_a_camera_there_is_nothing_and_no_next_page(store: EventStore) -> None:
    for number in range(3):
        store.add(draft(NOW + number), None)
    assert store.page(EventQuery(limit=1, cameras=NO_CAMERAS)) == EventPage((), None)
    with pytest.raises(InvalidInput, match="limit"):
        store.page(EventQuery(limit=0, cameras=NO_CAMERAS))


def test_a_page_is_full_however_many_events_of_other_cameras_lie_between(store: EventStore) -> None:
    mine = []
    for number in range(7):
        mine.append(store.add(draft(NOW + number), None))
        for _ in range(5):
            store.add(draft(NOW + number, FACE, "hidden"), None)
    query = EventQuery(limit=3, cameras=Cameras(frozenset({"gate"})))
    pages = [store.page(query)]
    while pages[-1].next is not None:
        pages.append(store.page(replace(query, before=pages[-1].next)))
    assert [len(page.events) for page in pages] == [3, 3, 1]
    assert [event for page in pages for event in page.events] == mine[::-1]


def test_more_cameras_than_a_statement_has_parameters(store: EventStore) -> None:
    event = store.add(draft(), None)
    store.add(draft(NOW, FACE, "hidden"), None)
    many = Cameras(frozenset({"gate", *(f"camera {number}" for number in range(40_000))}))
    assert store.page(EventQuery(cameras=many)).events == (event,)


payloads = st.sampled_from([FACE, PLATE, DOWN])
sources = st.sampled_from(["gate", "yard", "hall"])
batches = st.lists(st.tuples(st.integers(NOW, NOW + 3), payloads, sources), max_size=12)


queries = st.builds(
    EventQuery,
    types=st.none() | st.frozensets(st.sampled_from(EventType)),
    since_ms=st.none() | st.integers(NOW, NOW + 3),
    limit=st.integers(1, 7),
    cameras=st.just(ALL_CAMERAS) | st.builds(Cameras, st.frozensets(sources)),
)


@hypothesis_settings(max_examples=25, deadline=None)
@given(stored=batches, between=st.lists(batches, max_size=4), query=queries)
def test_paging_loses_and_doubles_nothing_while_events_come(
    make_store: MakeStore,
    stored: list[tuple[int, Payload, str]],
    between: list[list[tuple[int, Payload, str]]],
    query: EventQuery,
) -> None:
    store = make_store(FakeClock(NOW))
    there_before = [store.add(draft(*event), None) for event in stored]
    arrivals = iter(between)

    def wanted(event: Event) -> bool:
        return (
            (query.types is None or event.type in query.types)
            and (query.since_ms is None or event.ts_ms >= query.since_ms)
            and event.source_id in query.cameras
        )

    page = store.page(query)
    seen = list(page.events)
    while page.next is not None:
        assert len(page.events) == query.limit
        for arrival in next(arrivals, []):
            store.add(draft(*arrival), None)
        page = store.page(replace(query, before=page.next))
        seen += page.events

    positions = [(event.ts_ms, event.id) for event in seen]
    assert positions == sorted(set(positions), reverse=True)
    assert all(wanted(event) for event in seen)
    assert {event.id for event in there_before if wanted(event)} <= {event.id for event in seen}
