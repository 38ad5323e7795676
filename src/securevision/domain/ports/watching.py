"""What the API asks of whoever watches the cameras."""

from collections.abc import Callable, Sequence
from typing import Protocol

from securevision.domain.audit import AuditDraft
from securevision.domain.camera_reports import CameraReport, CameraTrial, WorkerReport
from securevision.domain.cameras import Camera, CameraConfig
from securevision.domain.live import LivePart
from securevision.domain.network_cameras import CameraStreams, FoundCamera


class CameraReports(Protocol):
    """How cameras do. Any thread."""

    def reports(self) -> Sequence[CameraReport]:
        """Return how each camera that is watched does, by name."""
        ...

    def worker_reports(self) -> Sequence[WorkerReport]:
        """Return how each worker does."""
        ...


class CameraDesk(Protocol):
    """Changes cameras. Any thread. What is changed holds when a call returns, and is logged with it."""

    def add(self, config: CameraConfig, address: str, audit: AuditDraft) -> Camera:
        """Add a camera; `address` has its login. Raises InvalidInput for an address that cannot be used, Conflict."""
        ...

    def change(self, config: CameraConfig, address: str | None, audit: AuditDraft) -> Camera:
        """Change the camera of that id; its address stays when it is None. Raises InvalidInput, NotFound."""
        ...

    def remove(self, camera_id: str, audit: AuditDraft) -> None:
        """Watch a camera no more, and forget where it is. Raises NotFound."""
        ...

    def shown(self, address: str, *, allow_loopback: bool) -> str:
        """Return what may be shown of an address. Raises InvalidInput for one that cannot be used."""
        ...

    def try_out(self, address: str, *, allow_loopback: bool) -> CameraTrial:
        """Read a camera for some seconds, 8 at most. Raises InvalidInput; Unavailable while another one is tried."""
        ...


class CameraSearch(Protocol):
    """Finds cameras, and asks them for their streams. Any thread; sends nothing unless it is asked to.

    One question at a time: Unavailable while another one is asked. Each takes 20 seconds at most.
    """

    def find(self, wait_s: float) -> Sequence[FoundCamera]:
        """Ask the local network for cameras; answers are waited for so long. Raises Unavailable."""
        ...

    def shown(self, address: str, *, allow_loopback: bool) -> str:
        """Return what may be shown of the address of a camera to be asked. Raises InvalidInput."""
        ...

    def streams(self, address: str, *, allow_loopback: bool) -> CameraStreams:
        """Ask the camera at an `http://` or `https://` address for its streams.

        Raises InvalidInput; SourceError, in a sentence to be shown, when the camera does not tell; Unavailable.
        """
        ...


class LiveViewer(Protocol):
    """What waits for one viewer. Any thread."""

    @property
    def skipped(self) -> int:
        """How many pictures were left out because the viewer was too slow."""
        ...

    def take(self) -> LivePart | None:
        """Return the next part, or None when nothing waits."""
        ...


class LiveView(Protocol):
    """Live view of all cameras. Any thread."""

    def open(self, camera: str, wake: Callable[[], None]) -> LiveViewer:
        """Begin to view a camera; `wake` is called when something waits, from any thread, and must be quick."""
        ...

    def close(self, camera: str, viewer: LiveViewer) -> None:
        """End a view."""
        ...

    def still(self, camera: str) -> bytes:
        """Return the next picture of a camera as JPEG, waiting for it. Raises Unavailable."""
        ...
