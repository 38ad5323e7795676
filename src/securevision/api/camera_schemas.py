"""What the API says and takes about cameras, as JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr

from securevision.api.access_schemas import Body, CameraName
from securevision.api.camera_states import CameraStanding, StateName
from securevision.domain.camera_reports import CameraTrial, WorkerReport
from securevision.domain.cameras import MAX_FPS, MAX_POLYGONS, Camera, RecordingMode
from securevision.domain.live import LiveBoxes
from securevision.domain.observations import Kind
from securevision.domain.zones import LEAST_POINTS, MOST_POINTS, Polygon

Address = Annotated[SecretStr, Field(min_length=1, max_length=2048)]
"""With its login; it comes back to nobody."""
Fps = Annotated[float, Field(gt=0, le=MAX_FPS, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
Points = Annotated[list[tuple[Share, Share]], Field(min_length=LEAST_POINTS, max_length=MOST_POINTS)]
"""A polygon: its corners, in shares of the picture's width and height from the top left."""
Polygons = Annotated[list[Points], Field(max_length=MAX_POLYGONS)]


class CameraHealthBody(BaseModel):
    """Where a camera stands, in short."""

    id: str
    state: StateName
    detail: str


class WorkerHealthBody(BaseModel):
    """How a process does that reads cameras or recognises."""

    name: str
    failure: str
    """Why there is none that works, or empty."""
    seal: str
    """How well it is kept in; empty before it was first started."""


class HealthBody(BaseModel):
    """`ok` is true when every camera that one may see, and that is enabled, is live or a file that is over."""

    ok: bool
    version: str
    cameras: list[CameraHealthBody]
    workers: list[WorkerHealthBody] | None
    """Null for whoever may not read the metrics."""


class DroppedBody(BaseModel):
    """Pictures that were not looked at, by reason."""

    crowded: int = 0
    """The recogniser was too slow to free a place for it."""
    superseded: int = 0
    """A newer one came before the recogniser had time."""
    lost: int = 0
    """The recogniser ended while it looked at it."""


class CameraBody(CameraHealthBody):
    """How a camera does; of one that is not watched, the rest is as here."""

    enabled: bool
    since_ms: int | None = None
    """Since when it stands there."""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps_in: float = 0.0
    """Encoded pictures a second that came."""
    fps_analysed: float = 0.0
    latency_ms: int = 0
    """Of the newest picture that was looked at: from its capture until it was known what it shows."""
    dropped: DroppedBody = DroppedBody()
    viewers: int = 0


class CameraDetailsBody(CameraBody):
    """A camera, and how it is watched."""

    address: str
    """Without its login and what else may be secret."""
    fps: float
    sensitivity: float
    zones: list[list[tuple[float, float]]]
    masks: list[list[tuple[float, float]]]
    keyframes_only: bool
    recording: RecordingMode
    allow_loopback: bool
    created_ms: int
    changed_ms: int


class CameraSettings(Body):
    """How a camera is watched, as far as it is given."""

    enabled: bool | None = None
    fps: Fps | None = None
    sensitivity: Share | None = None
    zones: Polygons | None = None
    masks: Polygons | None = None
    keyframes_only: bool | None = None
    recording: RecordingMode | None = None
    allow_loopback: bool | None = None

    def given(self) -> Mapping[str, Any]:
        """Return the fields of a CameraConfig that are given. Raises InvalidInput for a polygon without an area."""
        given = {name: getattr(self, name) for name in CameraSettings.model_fields}
        for name in ("zones", "masks"):
            if given[name] is not None:
                given[name] = tuple(map(Polygon.parse, given[name]))
        return {name: value for name, value in given.items() if value is not None}


class CameraDraftBody(CameraSettings):
    """A camera to be added; what is left out is as usual."""

    id: CameraName
    address: Address


class CameraChangeBody(CameraSettings):
    """What is to change of a camera; what is left out stays."""

    address: Address | None = None


class CameraTestBody(Body):
    """An address to be tried."""

    address: Address
    allow_loopback: bool = False


class CameraTrialBody(BaseModel):
    """How a camera did that was tried."""

    failure: str
    """What is wrong, in one sentence; empty when it gives video."""
    codec: str
    width: int
    height: int
    fps: float


class LiveBoxBody(BaseModel):
    """Something that is followed; corners are shares of the picture's width and height."""

    kind: Kind
    name: str | None
    """Of a person, or a plate's text; null for somebody unknown."""
    box: tuple[float, float, float, float]


class LiveBoxesBody(BaseModel):
    """All that is followed in the picture of that time."""

    type: Literal["boxes"] = "boxes"
    ts_ms: int
    items: list[LiveBoxBody]


def camera_health_body(standing: CameraStanding) -> CameraHealthBody:
    """Return where a camera stands, in short."""
    return CameraHealthBody(id=standing.id, state=standing.state, detail=standing.detail)


def camera_body(standing: CameraStanding) -> CameraBody:
    """Return how a camera does."""
    return CameraBody(**_facts(standing))


def camera_details_body(standing: CameraStanding, camera: Camera) -> CameraDetailsBody:
    """Return how a camera does and is watched."""
    config = camera.config
    return CameraDetailsBody(
        **_facts(standing),
        address=camera.display,
        fps=config.fps,
        sensitivity=config.sensitivity,
        zones=[list(polygon.points) for polygon in config.zones],
        masks=[list(polygon.points) for polygon in config.masks],
        keyframes_only=config.keyframes_only,
        recording=config.recording,
        allow_loopback=config.allow_loopback,
        created_ms=camera.created_ms,
        changed_ms=camera.changed_ms,
    )


def worker_health_body(report: WorkerReport) -> WorkerHealthBody:
    """Return how a worker does, in short."""
    seal = report.seal.text if report.seal else ""
    return WorkerHealthBody(name=report.name, failure=report.failure, seal=seal)


def trial_body(trial: CameraTrial) -> CameraTrialBody:
    """Return how a camera did that was tried."""
    return CameraTrialBody(
        failure=trial.failure,
        codec=trial.codec,
        width=trial.width,
        height=trial.height,
        fps=round(trial.packets_a_second, 2),
    )


def live_boxes_body(boxes: LiveBoxes) -> LiveBoxesBody:
    """Return what is followed in a picture."""
    items = [LiveBoxBody(kind=box.kind, name=box.label or None, box=box.corners) for box in boxes.boxes]
    return LiveBoxesBody(ts_ms=boxes.ts_ms, items=items)


def _facts(standing: CameraStanding) -> Mapping[str, Any]:
    where = {
        "id": standing.id,
        "state": standing.state,
        "detail": standing.detail,
        "enabled": standing.enabled,
    }
    report = standing.report
    if report is None:
        return where
    return where | {
        "since_ms": report.since_ms,
        "codec": report.codec,
        "width": report.width,
        "height": report.height,
        "fps_in": round(report.packets_a_second, 2),
        "fps_analysed": round(report.analysed_a_second, 2),
        "latency_ms": report.latency_ms,
        "dropped": DroppedBody(crowded=report.crowded, superseded=report.superseded, lost=report.lost),
        "viewers": report.viewers,
    }
