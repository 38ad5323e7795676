"""What the core and its workers say to each other: msgpack records of fixed types, checked as they are decoded.

A record that is not of its type ends the worker that sent it.
"""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from securevision.domain.frames import SourceState
from securevision.domain.motion import MotionConfig
from securevision.domain.seal import Seal

Name: TypeAlias = Annotated[str, Meta(max_length=64)]
Sentence: TypeAlias = Annotated[str, Meta(max_length=500)]
Count: TypeAlias = Annotated[int, Meta(ge=0)]
Side: TypeAlias = Annotated[int, Meta(ge=2, le=8192)]
"""Of a picture, in pixels; even."""
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, lt=1 << 53)]


QUESTION = "?"
"""The name under which a media worker is connected to a camera that it is asked about: no camera's id."""


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One record. Descriptors that belong to it travel beside it, from the core to a worker alone."""


# Both kinds of worker


class Ready(Message, frozen=True):
    """A worker has started, and is sealed as far as that goes."""

    seal: Seal


class Heartbeat(Message, frozen=True):
    """The worker's main thread is alive; sent four times a second."""


class Stop(Message, frozen=True):
    """The worker shall finish what it has begun and end."""


# Core to media worker


class Watch(Message, frozen=True):
    """Read a camera. With it comes the memory of its slots."""

    number: int
    """Of this watch; see OfCamera."""
    camera: Name
    address: str
    fps: float
    motion: MotionConfig
    keyframes_only: bool
    """Until something moves."""
    slot_bytes: int
    paced: bool
    loop: bool
    gated: bool
    """Analyse only what moves."""


class Unwatch(Message, frozen=True):
    """Stop reading a camera."""

    camera: Name


class Connected(Message, frozen=True):
    """The camera's socket, or a file, comes with this; or nothing, and the sentence says why."""

    camera: Name
    serial: int
    failure: str
    refused: bool


class FreeSlot(Message, frozen=True):
    """A slot of a camera may be written again."""

    camera: Name
    slot: Count


class BeginClip(Message, frozen=True):
    """Send a clip. It begins before now, as far back as the ring goes; or where the clip that it replaces ends."""

    camera: Name
    clip: int
    replaces: int
    """0 for none."""


class EndClip(Message, frozen=True):
    """Finish a clip."""

    camera: Name
    clip: int


class BeginLive(Message, frozen=True):
    """Send live fragments, from the newest keyframe on."""

    camera: Name


class EndLive(Message, frozen=True):
    """Send no more."""

    camera: Name


class TakeStill(Message, frozen=True):
    """Send the next picture as JPEG."""

    camera: Name
    request: int


class ReadAnswers(Message, frozen=True):
    """Say which cameras these answers tell of: each the address of whoever sent it, and a datagram."""

    answers: list[tuple[str, bytes]]


class Describe(Message, frozen=True):
    """Ask a camera for its streams."""

    address: str
    """With its login."""


# Media worker to core; its answers to questions are in `answers.py`


class OfCamera(Message, frozen=True, kw_only=True):
    """What a worker says of one camera."""

    watch: int = 0
    """The number of the Watch that it is about: the same camera may have been given anew meanwhile."""


class CameraBeat(OfCamera, frozen=True):
    """How one camera does; counts are since it was first watched by this worker."""

    camera: Name
    still_s: float
    """Seconds since its thread last took a step; 0 once the source has ended."""
    packets: Count
    octets: Count
    pictures: Count
    """Decoded at the rate of analysis."""
    moving: Count
    """Of those, offered to the recogniser."""
    crowded: Count
    """Of those, dropped because no slot was free or large enough."""
    codec: Name
    width: Count
    height: Count
    progress: float | None


class Beat(Heartbeat, frozen=True):
    """How the cameras of a media worker do."""

    cameras: Annotated[list[CameraBeat], Meta(max_length=64)]


class NeedConnection(OfCamera, frozen=True):
    """A camera must be connected, its file opened."""

    camera: Name
    serial: int


class StateChanged(OfCamera, frozen=True):
    """A camera stands elsewhere than before."""

    camera: Name
    state: SourceState
    detail: Sentence


class FrameReady(OfCamera, frozen=True):
    """A picture lies in a slot, which is the core's now."""

    camera: Name
    slot: Annotated[int, Meta(ge=0, le=7)]
    ts_ms: Milliseconds
    width: Side
    height: Side


class Quiet(OfCamera, frozen=True):
    """At that time nothing moved."""

    camera: Name
    ts_ms: Milliseconds


class TamperChanged(OfCamera, frozen=True):
    """A camera's view is covered or frozen, or free again: then the text is empty."""

    camera: Name
    tamper: Name
    ts_ms: Milliseconds


class Finished(OfCamera, frozen=True):
    """A source that has an end was given whole, or cannot be read; the sentence says why, or is empty."""

    camera: Name
    detail: Sentence


class ClipData(OfCamera, frozen=True):
    """The next bytes of a clip; the first come with its media type and the time of its first picture."""

    camera: Name
    clip: int
    data: bytes
    mime: Name
    begin_ms: Milliseconds
    end_ms: Milliseconds


class ClipEnded(OfCamera, frozen=True):
    """Nothing more comes of a clip: it was asked to end, or the camera's format changed or its picture broke off."""

    camera: Name
    clip: int


class LiveInit(OfCamera, frozen=True):
    """What a player needs before the first fragment; a new one starts anew."""

    camera: Name
    mime: Name
    data: bytes


class LiveData(OfCamera, frozen=True):
    """One fragment, of one picture."""

    camera: Name
    ts_ms: Milliseconds
    keyframe: bool
    data: bytes


class Still(OfCamera, frozen=True):
    """A picture that was asked for."""

    camera: Name
    request: int
    jpeg: bytes


ToMedia: TypeAlias = (
    Watch
    | Unwatch
    | Connected
    | FreeSlot
    | BeginClip
    | EndClip
    | BeginLive
    | EndLive
    | TakeStill
    | ReadAnswers
    | Describe
    | Stop
)
FromMedia: TypeAlias = (
    Ready
    | Beat
    | NeedConnection
    | StateChanged
    | FrameReady
    | Quiet
    | TamperChanged
    | Finished
    | ClipData
    | ClipEnded
    | LiveInit
    | LiveData
    | Still
)


# Core to recogniser


class Attach(Message, frozen=True):
    """Frames of a camera will lie in the memory that comes with this."""

    camera: Name
    slot_bytes: int


class Detach(Message, frozen=True):
    """They will not any more."""

    camera: Name


class Analyse(Message, frozen=True):
    """Look at the picture in a slot."""

    request: int
    camera: Name
    slot: int
    width: int
    height: int


class LookAt(Message, frozen=True):
    """Look at a picture file."""

    request: int
    name: str
    """How messages call it."""
    data: bytes


# Recogniser to core


class FaceSeen(Message, frozen=True):
    """A face; corners in pixels, the embedding as 128 little-endian float32."""

    box: tuple[float, float, float, float]
    detection: Annotated[float, Meta(ge=0, le=1)]
    embedding: Annotated[bytes, Meta(min_length=512, max_length=512)]
    crop: bytes


class PlateSeen(Message, frozen=True):
    """A plate."""

    box: tuple[float, float, float, float]
    text: Annotated[str, Meta(max_length=32)]
    confidence: Annotated[float, Meta(ge=0, le=1)]
    crop: bytes


class Looked(Message, frozen=True):
    """What a picture shows."""

    request: int
    width: Count
    height: Count
    faces: Annotated[list[FaceSeen], Meta(max_length=1000)]
    plates: Annotated[list[PlateSeen], Meta(max_length=1000)]
    picture: bytes
    """The whole frame as JPEG if anything was seen in it, else empty."""


class NotLooked(Message, frozen=True):
    """Why a picture could not be looked at."""

    request: int
    sentence: Sentence


class RecogniserBeat(Heartbeat, frozen=True):
    """How the recogniser does."""

    still_s: float
    """Seconds that the longest look under way has taken."""


ToRecogniser: TypeAlias = Attach | Detach | Analyse | LookAt | Stop
FromRecogniser: TypeAlias = Ready | RecogniserBeat | Looked | NotLooked
