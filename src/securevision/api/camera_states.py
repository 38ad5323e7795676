"""Where each camera stands: what is kept of it, and how it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from securevision.api.services import ApiServices
from securevision.domain.camera_reports import CameraReport
from securevision.domain.cameras import Camera
from securevision.domain.frames import SourceState
from securevision.domain.rights import Cameras
from securevision.errors import NotFound

DISABLED: Literal["disabled"] = "disabled"
StateName: TypeAlias = SourceState | Literal["disabled"]
STATES: Sequence[StateName] = (*SourceState, DISABLED)

_NOT_WATCHED = "Nothing reads it just now; if that stays so, the server's log says why."


@dataclass(frozen=True, slots=True)
class CameraStanding:
    """One camera; at least one of the two is there."""

    id: str
    camera: Camera | None
    """None for one that is watched and not kept: the demo's."""
    report: CameraReport | None
    """None when it is not watched."""

    @property
    def enabled(self) -> bool:
        """Whether it shall be watched."""
        return self.camera is None or self.camera.config.enabled

    @property
    def state(self) -> StateName:
        """Where it stands."""
        if not self.enabled:
            return DISABLED
        return self.report.status.state if self.report else SourceState.CONNECTING

    @property
    def detail(self) -> str:
        """One sentence when there is something to say, without secrets."""
        if not self.enabled:
            return ""
        return self.report.status.detail if self.report else _NOT_WATCHED

    @property
    def is_well(self) -> bool:
        """Whether all is as it should be: it gives video, was a file that is over, or is not wanted."""
        return self.state in (SourceState.LIVE, SourceState.ENDED, DISABLED)


def seen_cameras(services: ApiServices, seen: Cameras) -> Sequence[CameraStanding]:
    """Return those cameras that one may see, by name. Waits for the store. Raises Unavailable."""
    kept = {camera.config.id: camera for camera in services.cameras.all()}
    reports = {report.id: report for report in services.watching.reports()}
    return [
        CameraStanding(name, kept.get(name), reports.get(name))
        for name in sorted(kept.keys() | reports.keys())
        if name in seen
    ]


def seen_camera(services: ApiServices, seen: Cameras, camera_id: str) -> CameraStanding:
    """Return a camera. Raises NotFound, also when it is one that they may not see, and Unavailable."""
    if camera_id in seen:
        camera, report = services.cameras.get(camera_id), report_of(services, camera_id)
        if camera is not None or report is not None:
            return CameraStanding(camera_id, camera, report)
    raise NotFound(f"There is no camera {camera_id}.")


def report_of(services: ApiServices, camera_id: str) -> CameraReport | None:
    """Return how a camera does; None when it is not watched."""
    return next((report for report in services.watching.reports() if report.id == camera_id), None)
