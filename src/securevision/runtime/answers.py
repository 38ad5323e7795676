"""What a media worker answers that is asked about cameras which are not watched; bounded, and fit to be shown."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from securevision.runtime.messages import Beat, Message, Name, NeedConnection, Ready, Sentence

Pixels: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 16)]
Url: TypeAlias = Annotated[str, Meta(max_length=2048)]
"""As the worker says; the core reads it again before it is shown."""


class Shown(Message, frozen=True):
    """A message with texts for people: one that could steer a terminal is none, on either side."""

    def __post_init__(self) -> None:
        texts = [each for each in msgspec.structs.astuple(self) if isinstance(each, str)]
        if not all(map(str.isprintable, texts)):
            raise ValueError("a text that cannot be shown")


class CameraAnswer(Shown, frozen=True):
    """A camera that answered."""

    name: Name
    hardware: Name
    addresses: Annotated[list[Url], Meta(max_length=8)]


class AnswersRead(Message, frozen=True):
    """The cameras that the answers tell of."""

    cameras: Annotated[list[CameraAnswer], Meta(max_length=256)]


class StreamAnswer(Shown, frozen=True):
    """One stream of a camera."""

    name: Name
    codec: Name
    width: Pixels
    height: Pixels
    fps: Annotated[float, Meta(ge=0, le=1000)]
    address: Url


class Described(Shown, frozen=True):
    """What a camera says of itself."""

    manufacturer: Name
    model: Name
    firmware: Name
    streams: Annotated[list[StreamAnswer], Meta(max_length=64)]


class NotAnswered(Shown, frozen=True):
    """Why there is no answer."""

    sentence: Sentence
    refused: bool
    """The camera said no: asking again soon would only lock the account."""


FromAsked: TypeAlias = Ready | Beat | NeedConnection | AnswersRead | Described | NotAnswered
"""All that a worker may say that is asked. It can give no pictures, and one that watches can give no answers."""
