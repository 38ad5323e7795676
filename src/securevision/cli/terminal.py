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
from securevision.domain.events import CameraPayload, Event, FacePayload, Payload, PlatePayload
from securevision.settings import Settings, load_settings
from securevision.telemetry.logs import configure_logging
from securevision.telemetry.redaction import redact
from securevision.wiring.models import Models
from securevision.wiring.one_source import OneSource

stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def prepare(*, server: bool = False) -> Settings:
    """Read the settings and start the log. Raises InvalidInput.

    Only a server logs what it does; of a command the user wants the result, and errors as sentences.
    """
    settings = load_settings()
    level = settings.log.level
    configure_logging(level if server or level == "debug" else "critical")
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
    match payload:
        case FacePayload(person_name, similarity):
            nearest = "" if similarity is None else f"  (similarity {similarity:.2f})"
            return f"face   {person_name or 'unknown person'}{nearest}"
        case PlatePayload(text, confidence, list_match):
            listed = f", on the {list_match} list" if list_match else ""
            return f"plate  {text}  ({confidence:.0%}{listed})"
        case CameraPayload(state, detail):
            return f"camera {state}{f'  ({detail})' if detail else ''}"


def print_events(source: OneSource, *, as_json: bool) -> list[Event]:
    """Print the events of a source as they come, until it ends, and return them.

    Raises SourceError when it gives no video, or refuses or cannot be reached before it gave any.
    """
    events = []
    with closing(source.events()) as items:
        for event in _with_progress(source, items):
            print_event(event, as_json)
            events.append(event)
    return events


def _with_progress(source: OneSource, items: Iterator[Event | None]) -> Iterator[Event]:
    """Pass events on; on a terminal, show how far the source is, or what it waits for."""
    if not stderr.is_terminal:
        yield from (event for event in items if event is not None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        for item in items:
            if item is not None:
                yield item
                continue
            report = source.report
            bar.update(
                task,
                description=report.status.detail or str(report.status.state),
                total=None if report.progress is None else 1.0,
                completed=report.progress or 0.0,
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
