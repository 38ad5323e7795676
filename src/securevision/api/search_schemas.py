"""What the API says and takes about cameras that are not added yet, as JSON."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from securevision.api.access_schemas import Body
from securevision.api.camera_schemas import Address
from securevision.domain.network_cameras import CameraStreams, FoundCamera


class DiscoverBody(Body):
    """How long to wait for answers, in seconds."""

    wait_s: Annotated[float, Field(ge=0.5, le=10, allow_inf_nan=False)] = 3.0


class FoundCameraBody(BaseModel):
    """A camera that answered. Name and hardware are its own word."""

    name: str
    hardware: str
    addresses: list[str]
    """Where it can be asked for its streams."""


class FoundCamerasBody(BaseModel):
    """The cameras that answered."""

    cameras: list[FoundCameraBody]


class StreamsBody(Body):
    """A camera to be asked for its streams."""

    address: Address
    """`http://` or `https://`."""
    allow_loopback: bool = False


class OfferedStreamBody(BaseModel):
    """A stream. All but the address is the camera's own word; empty and 0 what it does not say."""

    name: str
    codec: str
    width: int
    height: int
    fps: float
    address: str
    """Without a login; empty when the camera writes the password into it."""


class CameraStreamsBody(BaseModel):
    """What a camera said of itself, its best stream mostly first."""

    failure: str
    """Why it said nothing, in one sentence; empty when it did."""
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    streams: list[OfferedStreamBody] = []


def found_body(cameras: Sequence[FoundCamera]) -> FoundCamerasBody:
    """Return the cameras that answered."""
    return FoundCamerasBody(
        cameras=[
            FoundCameraBody(name=each.name, hardware=each.hardware, addresses=list(each.addresses))
            for each in cameras
        ]
    )


def streams_body(camera: CameraStreams) -> CameraStreamsBody:
    """Return what a camera said of itself."""
    return CameraStreamsBody(
        failure="",
        manufacturer=camera.manufacturer,
        model=camera.model,
        firmware=camera.firmware,
        streams=[
            OfferedStreamBody(
                name=each.name,
                codec=each.codec,
                width=each.width,
                height=each.height,
                fps=each.fps,
                address=each.address,
            )
            for each in camera.streams
        ],
    )


def no_streams_body(failure: str) -> CameraStreamsBody:
    """Return why a camera said nothing."""
    return CameraStreamsBody(failure=failure)
