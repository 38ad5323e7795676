"""A recogniser that sees a bright square as the face of one person: `python -I seeing_recogniser.py DESCRIPTOR`.

What is bright and no such square it sees as a stranger: so a picture that is damaged shows.
The process, its messages and what it does with frames are the product's; it has no models and is not sealed.
"""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from securevision.clock import SystemClock
from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box
from securevision.domain.observations import Embedding, FaceObservation
from securevision.domain.seal import Seal
from securevision.footage.crops import JpegCrops
from securevision.recognition.faces import FaceRecogniser
from securevision.runtime.link import Link
from securevision.runtime.messages import ToRecogniser
from securevision.runtime.recogniser_worker import RecogniserWorker
from securevision.wiring.looker import RecognisingLooker

COMMAND = (str(Path(__file__).resolve()),)
BRIGHT, SIDE, EDGE = 220, 40, 4
"""Least brightness, pixels of a side, and by how many that may be off."""
ADA, STRANGER = 1, 2
_SEALED = Seal(no_new_privileges=True, limits=True, system_calls=True)


def embedding(person: int = ADA) -> Embedding:
    """Return what it makes of a face."""
    made = np.zeros(128, np.float32)
    made[person] = 1.0
    return made


class BrightFaces(FaceRecogniser):
    """Sees what is bright."""

    def __init__(self) -> None:
        """Take no models."""

    def observe(self, pixels: Pixels) -> Sequence[FaceObservation]:
        """See FaceRecogniser."""
        ys, xs = np.nonzero(pixels[:, :, 1] > BRIGHT)
        if not len(xs):
            return []
        box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        whole = all(abs(side - SIDE) <= EDGE for side in (box.x2 - box.x1, box.y2 - box.y1))
        return [FaceObservation(box, 0.9, embedding(ADA if whole else STRANGER))]

    observe_still = observe


def main(descriptor: str) -> None:
    """Serve the core until it ends."""
    link: Link[ToRecogniser] = Link(
        socket.socket(fileno=int(descriptor)), ToRecogniser, takes_descriptors=True
    )
    looker = RecognisingLooker(BrightFaces(), None, JpegCrops())
    RecogniserWorker(link, looker, SystemClock(), threads=2).run(_SEALED)


if __name__ == "__main__":
    main(sys.argv[1])
