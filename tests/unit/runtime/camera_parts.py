"""A camera's thread with real memory, clips and pictures, and the core as it would be, one message after the other."""

import os
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from fakes.source import ScriptedSource
from securevision.clock import SystemClock
from securevision.domain.motion import MotionConfig
from securevision.domain.ports.cameras import FrameSource, Item, Picture
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.footage import EncodeStill
from securevision.footage.fragments import Mp4Fragments
from securevision.footage.ring import PacketRing
from securevision.footage.stills import encode_still
from securevision.runtime.camera_footage import CameraFootage
from securevision.runtime.camera_thread import CameraParts, CameraThread
from securevision.runtime.messages import Finished, FrameReady, Message, Watch
from securevision.runtime.slots import SLOT_BYTES, SlotMemory, make_slots

PATIENCE = 15.0
Wanted = TypeVar("Wanted", bound=Message)


def watch(*, keyframes_only: bool = False, gated: bool = True, motion: MotionConfig | None = None) -> Watch:
    return Watch(
        1,
        "gate",
        "rtsp://gate/",
        5.0,
        motion or MotionConfig(),
        keyframes_only=keyframes_only,
        slot_bytes=SLOT_BYTES,
        paced=False,
        loop=False,
        gated=gated,
    )


@dataclass
class Core:
    """Notes what a camera says, and looks at its memory."""

    waiting: queue.Queue[Message] = field(default_factory=queue.Queue)
    said: list[Message] = field(default_factory=list)
    """All that was taken so far."""

    def next(self) -> Message:
        message = self.waiting.get(timeout=PATIENCE)
        self.said.append(message)
        return message

    def until(self, kind: type[Wanted]) -> Wanted:
        """Return the next message of a kind."""
        while not isinstance(message := self.next(), kind):
            assert not isinstance(message, Finished), message
        return message

    def of(self, kind: type[Wanted]) -> list[Wanted]:
        return [message for message in self.said if isinstance(message, kind)]


class Camera:
    """One of them, with its core."""

    def __init__(
        self,
        *sources: FrameSource,
        wanted: Watch | None = None,
        clock: Clock | None = None,
        encode: EncodeStill = encode_still,
        send: Callable[[Message], None] | None = None,
    ) -> None:
        """Each time that it is read anew it is another of the sources."""
        self.core, rest = Core(), list(sources)
        memory = make_slots()
        self.memory = SlotMemory(os.dup(memory), SLOT_BYTES, writable=False)
        send = send or self.core.waiting.put
        self.parts = CameraParts(
            make_source=lambda: rest.pop(0),
            footage=CameraFootage("gate", PacketRing(5.0, 1 << 20), Mp4Fragments, send),
            memory=SlotMemory(memory, SLOT_BYTES, writable=True),
            encode_still=encode,
            clock=clock or SystemClock(),
            send=send,
        )
        self.thread = CameraThread(wanted or watch(), self.parts)

    def start(self) -> Core:
        self.thread.start()
        return self.core

    def content(self, frame: FrameReady) -> bytes:
        with self.memory.slot(frame.slot, frame.width * frame.height * 3 // 2) as room:
            return bytes(room)

    def run(self) -> Finished:
        """Let it run to its end, while each frame is looked at and its slot given back."""
        self.start()
        while not isinstance(message := self.core.next(), Finished):
            if isinstance(message, FrameReady):
                self.thread.free_slot(message.slot)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return message

    def close(self) -> None:
        self.thread.close()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        self.memory.close()


def i420_of(picture: Picture) -> bytes:
    octets = bytearray(picture.width * picture.height * 3 // 2)
    picture.write_i420(memoryview(octets))
    return bytes(octets)


def scripted(items: Sequence[Item], *, live: bool = False, error: Exception | None = None) -> ScriptedSource:
    return ScriptedSource(items, live=live, error=error)
