"""What the commands print."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from securevision.api.schemas import versioned_event_body
from securevision.domain.events import Event, Payload, PlatePayload
from securevision.domain.frames import Frame, SourceState, Tick
from securevision.domain.ports.cameras import FrameSource
from securevision.errors import SourceError
from securevision.runtime.frame_queue import frames_of
from securevision.runtime.pipeline import Pipeline
from securevision.settings import Settings, load_settings
from securevision.telemetry.logs import configure_logging
from securevision.telemetry.redaction import redact
from securevision.wiring.models import Models

stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def prepare(*, server: bool = False) -> Settings:
    """Read the settings and start the log. Raises InvalidInput.

    Only a server logs what it does; of a command the user wants the result, and errors as sentences.
    """
    settings = load_settings()
    level = settings.log.level
    configure_logging(level if server or level == "debug" else "error")
    return settings


def say(line: str) -> None:
    """Print a line for people to stderr, so that stdout holds results alone."""
    print(redact(line), file=sys.stderr, flush=True)


def print_json(value: Mapping[str, object]) -> None:
    """Print one JSON object as one line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_problems(problems: Iterable[str]) -> int:
    """Print one line for each problem; return how many there were."""
    count = 0
    for count, problem in enumerate(problems, 1):  # noqa: B007 - the count is the result
        say(f"securevision: {problem}")
    return count


def print_event(event: Event, as_json: bool) -> None:
    """Print an event: for programs as the API gives it, else one line for people."""
    if as_json:
        print_json(versioned_event_body(event).model_dump(mode="json"))
        return
    taken = datetime.fromtimestamp(event.ts_ms / 1000).astimezone()
    print(
        f"{taken:%H:%M:%S}  {_finding(event.payload)}{'  (revised)' if event.version > 1 else ''}", flush=True
    )


def _finding(payload: Payload) -> str:
    if isinstance(payload, PlatePayload):
        listed = f", on the {payload.list_match} list" if payload.list_match else ""
        return f"plate  {payload.plate_text}  ({payload.confidence:.0%}{listed})"
    nearest = "" if payload.similarity is None else f"  (similarity {payload.similarity:.2f})"
    return f"face   {payload.person_name or 'unknown person'}{nearest}"


def print_events(source: FrameSource, pipeline: Pipeline, *, as_json: bool) -> list[Event]:
    """Analyse a source until it ends, print its events as they come, and return them.

    Raises SourceError when it gives no video, or refuses or cannot be reached before it gave any.
    """
    events = []
    # Closed by hand, innermost too: after an interruption nobody else ends the thread that reads the source.
    with closing(frames_of(source)) as frames:
        for item in _with_progress(source, _connected(source, frames)):
            for event in pipeline.take(item):
                print_event(event, as_json)
                events.append(event)
        for event in pipeline.finish():
            print_event(event, as_json)
            events.append(event)
    return events


def _connected(source: FrameSource, items: Iterator[Frame | Tick]) -> Iterator[Frame | Tick]:
    """Pass items on; give up on a source that cannot be opened the first time, though it would try again."""
    given = False
    for item in items:
        given |= isinstance(item, Frame)
        status = source.status
        if not given and status.state in (SourceState.REFUSED, SourceState.BACKING_OFF):
            raise SourceError(status.detail)
        yield item


def _with_progress(source: FrameSource, items: Iterator[Frame | Tick]) -> Iterator[Frame | Tick]:
    """Pass items on; on a terminal, show how far the source is, or what it waits for."""
    if not stderr.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        for item in items:
            yield item
            status = source.status
            bar.update(
                task,
                description=status.detail or str(status.state),
                total=None if source.progress is None else 1.0,
                completed=source.progress or 0.0,
            )


def make_models(settings: Settings) -> Models:
    """Return the models, with a progress bar on a terminal while files are fetched."""
    return Models(settings, say, DownloadBar() if stderr.is_terminal else None)


class DownloadBar:
    """Shows files as they come."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._name = ""

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show how much of a file came so far."""
        if self._progress is None:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=stderr, transient=True)
            self._progress.start()
        if name != self._name:
            self._name = name
            self._task = self._progress.add_task(name, total=total)
        self._progress.update(self._task, completed=done)
        if self._progress.finished:
            self._progress.stop()
            self._progress = None
            self._name = ""
