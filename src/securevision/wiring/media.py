"""A media worker's process: `python -I -m securevision.wiring.media DESCRIPTOR`."""

import socket
import sys
from collections.abc import Sequence

import cv2

from securevision.cameras.addresses import SourceAddress, parse_address
from securevision.cameras.sources import make_source
from securevision.clock import SystemClock
from securevision.domain.cameras import MAX_FPS
from securevision.domain.ports.cameras import Connect, FrameSource
from securevision.footage.encoding import MaskingEncoder
from securevision.footage.fragments import Mp4Fragments
from securevision.footage.masking import PrivacyMask
from securevision.footage.ring import PacketRing
from securevision.footage.stills import encode_still
from securevision.runtime.camera_footage import CameraFootage
from securevision.runtime.camera_thread import CameraParts, CameraThread, Send
from securevision.runtime.link import Link
from securevision.runtime.masked_source import MaskedSource
from securevision.runtime.media_worker import MediaWorker
from securevision.runtime.messages import ToMedia, Watch
from securevision.runtime.slots import SlotMemory
from securevision.sandbox.profiles import MEDIA
from securevision.sandbox.sealing import seal_process
from securevision.telemetry.logs import configure_logging
from securevision.wiring.onvif_answers import answer_question
from securevision.wiring.warming import warm_up_media

_PRE_ROLL_S = 5.0
_RING_BYTES = 16 << 20


def main(arguments: Sequence[str]) -> int:
    """Serve the core over the descriptor until it ends."""
    cv2.setNumThreads(1)  # a thread that ran before could not be sealed whole
    link: Link[ToMedia] = Link(socket.socket(fileno=int(arguments[0])), ToMedia, takes_descriptors=True)
    configure_logging("warning")
    warm_up_media()
    seal = seal_process(MEDIA)
    MediaWorker(link, make_camera, answer_question, SystemClock()).run(seal)
    return 0


def make_camera(watch: Watch, memory: int, connect: Connect, send: Send) -> CameraThread:
    """Make the thread of one camera. Raises InvalidInput for an address that cannot be used."""
    slots = SlotMemory(memory, watch.slot_bytes, writable=True)
    clock, address = SystemClock(), parse_address(watch.address)
    parts = CameraParts(
        make_source=lambda: _make_source(watch, address, connect),
        footage=CameraFootage(watch.camera, PacketRing(_PRE_ROLL_S, _RING_BYTES), Mp4Fragments, send),
        memory=slots,
        encode_still=encode_still,
        clock=clock,
        send=send,
    )
    return CameraThread(watch, parts)


def _make_source(watch: Watch, address: SourceAddress, connect: Connect) -> FrameSource:
    masks = watch.motion.masks
    # Of a camera with masks every picture is decoded and encoded anew, and what came is seen by nobody.
    fps = MAX_FPS if masks else watch.fps
    source = make_source(address, connect, SystemClock(), fps=fps, paced=watch.paced, loop=watch.loop)
    if not masks:
        return source
    return MaskedSource(source, lambda: MaskingEncoder(()), PrivacyMask, masks, fps=watch.fps)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
