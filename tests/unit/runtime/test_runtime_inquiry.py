"""A question to a worker of its own, which may say anything."""

import os
import threading
from pathlib import Path

import pytest

from fakes import lying_worker
from securevision.clock import SystemClock
from securevision.errors import SecureVisionError, SourceError, SourceRefused, Unavailable
from securevision.runtime.answers import AnswersRead, Described, FromAsked
from securevision.runtime.inquiry import MAX_CONNECTIONS, Inquiry
from securevision.runtime.messages import Describe, ReadAnswers
from securevision.runtime.supervision import WorkerKind

PROGRAM = Path(lying_worker.__file__)
PATIENCE = 15.0
READ = ReadAnswers([("192.168.77.5", b"x")])


def inquiry(
    mode: str, *, within_s: float = PATIENCE, max_bytes: int = 1 << 30, allow_unsealed: bool = False
) -> Inquiry:
    kind = WorkerKind([str(PROGRAM), mode], FromAsked, max_bytes, allow_unsealed)
    return Inquiry(kind, SystemClock(), within_s)


def connect() -> int:
    return os.open(os.devnull, os.O_RDONLY)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_answer_comes_back() -> None:
    with inquiry("claims") as asked:
        assert [each.name for each in asked.ask(READ, AnswersRead).cameras] == ["Gate", "Nobody"]
    with inquiry("claims") as asked:
        assert asked.ask(Describe("http://127.0.0.1"), Described, connect).model == "Bullet"


@pytest.mark.parametrize(("mode", "kind"), [("refuses", SourceRefused), ("fails", SourceError)])
def test_why_there_is_none_is_told_without_secrets(mode: str, kind: type[SourceError]) -> None:
    with inquiry(mode) as asked, pytest.raises(SourceError) as caught:
        asked.ask(READ, AnswersRead)
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "mode",
    ["answers the other question", "gives a picture", "starts twice", "ends", *lying_worker.ODD],
)
def test_what_is_no_answer_ends_the_question(mode: str) -> None:
    with inquiry(mode) as asked, pytest.raises(Unavailable, match="has ended; see the log"):
        asked.ask(READ, AnswersRead)


@pytest.mark.parametrize("mode", ["is mute", "floods", "drips"])
def test_however_a_worker_keeps_us_waiting_it_is_killed_in_time(mode: str) -> None:
    clock = SystemClock()
    begin = clock.monotonic()
    with (
        inquiry(mode, within_s=1.0) as asked,
        pytest.raises(Unavailable, match=r"could not be read within 1 s"),
    ):
        asked.ask(READ, AnswersRead)
    assert clock.monotonic() - begin < 4.0


def test_a_worker_that_is_not_sealed_hears_nothing_unless_that_is_allowed() -> None:
    with (
        inquiry("is not sealed") as asked,
        pytest.raises(Unavailable, match=r"is not sealed.*securevision doctor"),
    ):
        asked.ask(READ, AnswersRead)
    with inquiry("claims", allow_unsealed=True) as asked:
        assert asked.ask(READ, AnswersRead).cameras


def test_a_worker_that_swells_is_ended() -> None:
    with inquiry("swells", max_bytes=1) as asked, pytest.raises(Unavailable, match="more memory"):
        asked.ask(READ, AnswersRead)


def test_a_camera_is_connected_only_so_often() -> None:
    made: list[int] = []

    def counted() -> int:
        made.append(1)
        return connect()

    before = open_descriptors()
    with inquiry("connects for ever") as asked, pytest.raises(Unavailable, match="has ended"):
        asked.ask(Describe("http://127.0.0.1"), Described, counted)
    assert len(made) == MAX_CONNECTIONS
    assert open_descriptors() <= before


def test_whoever_reads_answers_is_connected_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with inquiry("connects for ever") as asked, pytest.raises(Unavailable, match="has ended"):
        asked.ask(READ, AnswersRead)
    assert "could not be connected" not in caplog.text  # it was not even tried


def test_a_connection_that_takes_long_does_not_keep_us() -> None:
    may_end = threading.Event()

    def slow() -> int:
        may_end.wait(PATIENCE)
        return connect()

    clock = SystemClock()
    begin = clock.monotonic()
    with (
        inquiry("connects for ever", within_s=1.0) as asked,
        pytest.raises(SecureVisionError, match=r"could not be read within 1 s"),
    ):
        asked.ask(Describe("http://127.0.0.1"), Described, slow)
    assert clock.monotonic() - begin < 4.0
    may_end.set()
