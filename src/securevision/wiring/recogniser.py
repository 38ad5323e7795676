"""The recogniser's process: `python -I -m securevision.wiring.recogniser JOB DESCRIPTOR`."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec

from securevision.clock import SystemClock
from securevision.domain.configs import FaceConfig, PlateConfig
from securevision.footage.crops import JpegCrops
from securevision.recognition.faces import FaceRecogniser
from securevision.recognition.plates import PlateRecogniser
from securevision.recognition.sessions import ModelSession
from securevision.recognition.sface import FaceEmbedder
from securevision.recognition.text_finder import TextFinder
from securevision.recognition.text_reader import TextReader
from securevision.recognition.yunet import FaceDetector
from securevision.runtime.link import Link
from securevision.runtime.messages import ToRecogniser
from securevision.runtime.recogniser_worker import RecogniserWorker
from securevision.sandbox.profiles import RECOGNISER
from securevision.sandbox.sealing import seal_process
from securevision.telemetry.logs import configure_logging
from securevision.wiring.looker import RecognisingLooker
from securevision.wiring.recogniser_job import RecogniserJob
from securevision.wiring.warming import warm_up_recognition

_TEXT_SCORE = 0.5


def main(arguments: Sequence[str]) -> int:
    """Serve the core over the descriptor until it ends."""
    cv2.setNumThreads(1)  # a thread that ran before could not be sealed whole
    job = msgspec.json.decode(arguments[0], type=RecogniserJob)
    end = socket.socket(fileno=int(arguments[1]))
    link: Link[ToRecogniser] = Link(end, ToRecogniser, takes_descriptors=True)
    configure_logging("warning")
    # Files are read while that is possible; sessions are made of them behind the seal, with all that is parsed.
    faces, plates = _read(job.face_models), _read(job.plate_models)
    warm_up_recognition()
    seal = seal_process(RECOGNISER)
    looker = RecognisingLooker(
        faces_of(faces, job.face) if faces else None,
        plates_of(plates, job.plate) if plates else None,
        JpegCrops(),
    )
    del faces, plates
    RecogniserWorker(link, looker, SystemClock(), threads=job.threads).run(seal)
    return 0


def _read(paths: Sequence[str] | None) -> list[tuple[str, bytes]]:
    return [(Path(path).name, Path(path).read_bytes()) for path in paths or ()]


def faces_of(models: Sequence[tuple[str, bytes]], config: FaceConfig) -> FaceRecogniser:
    """Make the face recogniser of its detector and its embedder, each a name and what its file holds."""
    yunet, sface = (ModelSession(name, data) for name, data in models)
    detector = FaceDetector(yunet, score_threshold=config.detection_threshold)
    return FaceRecogniser(detector, FaceEmbedder(sface), config)


def plates_of(models: Sequence[tuple[str, bytes]], config: PlateConfig) -> PlateRecogniser:
    """Make the plate recogniser of its text finder and its text reader, likewise."""
    finder, reader = (ModelSession(name, data) for name, data in models)
    text_finder = TextFinder(finder, side=config.search_size, score_threshold=_TEXT_SCORE)
    return PlateRecogniser(text_finder, TextReader(reader), config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
