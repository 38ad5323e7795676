"""Who is told what cameras give."""

from typing import Protocol

from securevision.domain.frames import SourceStatus
from securevision.runtime.messages import ClipData, ClipEnded, LiveData, LiveInit, Still


class CameraListener(Protocol):
    """Who is told what cameras give. Called from the thread of the camera's worker, with no lock of ours held."""

    def quiet(self, camera: str, ts_ms: int) -> None:
        """Take that nothing moved at that time."""
        ...

    def state(self, camera: str, status: SourceStatus) -> None:
        """Take where a camera stands now."""
        ...

    def tamper(self, camera: str, tamper: str, ts_ms: int) -> None:
        """Take that its view is covered or frozen; free again when the text is empty."""
        ...

    def finished(self, camera: str, detail: str) -> None:
        """Take that a file was given whole, or cannot be read."""
        ...

    def footage(self, message: ClipData | ClipEnded | LiveInit | LiveData | Still) -> None:
        """Take bytes of a clip, of live view, or a picture."""
        ...

    def lost_footage(self, camera: str) -> None:
        """Take that nothing more comes of what was begun: the worker ended."""
        ...

    def viewers(self, camera: str) -> int:
        """Return how many view the camera live."""
        ...

    def resumed(self, camera: str) -> None:
        """Take that a worker reads the camera from here on, and can be asked for footage."""
        ...
