"""What a worker does once before it is sealed: libraries open files when they first do something."""

import encodings.idna  # noqa: F401 - Python imports it when a name is first encoded
import ssl

import numpy as np
import numpy.ma

from securevision.cameras.decoding import Decoder, load_decoders
from securevision.domain.geometry import Box
from securevision.domain.motion import MotionConfig
from securevision.domain.ports.footage import Fragment
from securevision.domain.video import Packet, VideoFormat
from securevision.footage.crops import JpegCrops
from securevision.footage.encoding import MaskingEncoder
from securevision.footage.fragments import Mp4Fragments
from securevision.footage.stills import encode_still
from securevision.motion.gate import MotionGate
from securevision.motion.tamper import TamperWatch
from securevision.recognition.i420 import bgr_of
from securevision.runtime.masked_source import MaskedPicture

_SIDE = 64
_PICTURES = 40
"""More than a motion gate learns from."""


def warm_up_media() -> None:
    """Encode, decode, compare and store a picture."""
    # numpy imports it when a median is first asked for.
    numpy.ma.array([1])
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_decoders()
    gate, tamper, encoder = MotionGate(MotionConfig()), TamperWatch(), MaskingEncoder(())
    decoder: Decoder | None = None
    for number in range(_PICTURES):
        for item in encoder.encode(_moving(number), 3000 * number):
            if isinstance(item, VideoFormat):
                decoder, fragments = Decoder(item, "nothing"), Mp4Fragments(item, Fragment.PICTURE)
                fragments.init()
            elif decoder is not None:
                packet = Packet(item.data, item.keyframe, 0, 3000 * number, 3000 * number)
                fragments.add(packet)
                for picture in decoder.decode(packet):
                    gate.look(picture.luma())
                    tamper.look(picture.luma(), 1000 * number)
                    encode_still(picture)


def _moving(number: int) -> MaskedPicture:
    i420 = np.full((_SIDE * 3 // 2, _SIDE), 128, np.uint8)
    i420[10:40, number : number + 20] = 220
    return MaskedPicture(1000 * number, 3000 * number, _SIDE, _SIDE, i420)


def warm_up_recognition() -> None:
    """Convert, scale, turn and encode a picture."""
    grey = bytes(_SIDE * _SIDE * 3 // 2)
    pixels = bgr_of(memoryview(grey), _SIDE, _SIDE)
    JpegCrops().crop(pixels, Box(0, 0, _SIDE, _SIDE))
    np.linalg.svd(np.eye(2))
