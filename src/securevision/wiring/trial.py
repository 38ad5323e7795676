"""Tries a camera for some seconds, in a sealed process of its own, and says what is wrong with it."""

import threading
from dataclasses import replace
from typing import Any

from securevision.cameras.addresses import SourceAddress
from securevision.clock import SystemClock
from securevision.domain.camera_reports import CameraReport, CameraTrial
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.seal import Seal
from securevision.errors import Unavailable
from securevision.runtime.camera_hub import CameraHub, WatchedCamera
from securevision.runtime.link import Link, Received
from securevision.runtime.messages import ClipData, ClipEnded, LiveData, LiveInit, Ready, Still
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.runtime.worker_process import WorkerProcess
from securevision.settings import Settings
from securevision.wiring.engine import connector, media_kind

WITHIN_S = 8.0
_MEASURE_S, _LEAST_MEASURE_S = 2.5, 0.5
"""How long video is looked at; the second is for a camera that gives it at the last moment."""
_STARTED_WITHIN_S = 30.0
_NAME = "trial"


def try_camera(settings: Settings, address: SourceAddress, text: str, *, allow_loopback: bool) -> CameraTrial:
    """Read a camera until it gives video or says why it does not, 8 seconds at most; `text` is its whole address."""
    clock, outcome = SystemClock(), _Outcome()
    end = clock.monotonic() + WITHIN_S
    # Nothing is recognised: frames find no room after the first few, and are dropped.
    recognition = RecognitionDesk(media_kind(settings), clock, threads=1, deliver=lambda _: None)
    hub = CameraHub(media_kind(settings), recognition, outcome, clock)
    try:
        connect = connector(address, allow_loopback=allow_loopback)
        hub.watch(WatchedCamera(_NAME, text, connect, fps=1.0))
        outcome.decided.wait(WITHIN_S - _LEAST_MEASURE_S)
        if outcome.status.state is SourceState.LIVE:
            outcome.failed.wait(min(_MEASURE_S, end - clock.monotonic()))
        [report] = hub.reports()
    finally:
        hub.close()
    if failure := _failure(report, address):
        return CameraTrial(failure)
    return CameraTrial("", report.codec, report.width, report.height, report.packets_a_second)


def seal_of_a_worker(settings: Settings) -> Seal:
    """Start a media worker, and return how well it is sealed. Raises Unavailable when it does not start."""
    kind = replace(media_kind(settings), allow_unsealed=True)
    end = WorkerProcess(kind.command, "media-trial")
    try:
        received: Received[Any] | None = Link(end.end, kind.incoming).receive(_STARTED_WITHIN_S)
        if received is None or not isinstance(received.message, Ready):
            raise Unavailable("A worker that decodes video does not start; look at the log.")
        return received.message.seal
    finally:
        end.end_it()


def _failure(report: CameraReport, address: SourceAddress) -> str:
    if report.status.state is SourceState.LIVE and report.packets:
        return ""
    return report.status.detail or f"{address.display} gives no video; check its address and that it is on."


class _Outcome:
    """A CameraListener that waits for the first thing that is certain."""

    def __init__(self) -> None:
        self.status = SourceStatus(SourceState.CONNECTING)
        self.decided, self.failed = threading.Event(), threading.Event()

    def quiet(self, camera: str, ts_ms: int) -> None:
        """See CameraListener."""

    def state(self, camera: str, status: SourceStatus) -> None:  # noqa: ARG002 - there is one
        """See CameraListener."""
        self.status = status
        if status.state is not SourceState.CONNECTING:
            self.decided.set()
        if status.state not in (SourceState.CONNECTING, SourceState.LIVE):
            self.failed.set()

    def tamper(self, camera: str, tamper: str, ts_ms: int) -> None:
        """See CameraListener."""

    def finished(self, camera: str, detail: str) -> None:
        """See CameraListener."""
        self.state(camera, SourceStatus(SourceState.ENDED, detail))

    def footage(self, message: ClipData | ClipEnded | LiveInit | LiveData | Still) -> None:
        """See CameraListener."""

    def lost_footage(self, camera: str) -> None:
        """See CameraListener."""

    def viewers(self, camera: str) -> int:  # noqa: ARG002 - there is none
        """See CameraListener."""
        return 0

    def resumed(self, camera: str) -> None:
        """See CameraListener."""
