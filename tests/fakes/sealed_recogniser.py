"""A sealed recogniser's work: `python sealed_recogniser.py LINK MODEL`, both of them descriptors."""

import os
import sys

import cv2
import numpy as np
import onnxruntime as ort

from fakes.sealed_acts import finish, receive, run_threads, wait_in_vain
from securevision.sandbox.profiles import RECOGNISER
from securevision.sandbox.sealing import seal_process


def main(link: int, model: int) -> None:
    cv2.setNumThreads(1)
    finish(
        seal_process(RECOGNISER),
        {
            "outputs": lambda: recognise(model),
            "nms": lambda: len(cv2.dnn.NMSBoxes([(0.0, 0.0, 9.0, 9.0)] * 2, [0.9, 0.8], 0.5, 0.3)),
            "resized": lambda: cv2.resize(np.zeros((720, 1280, 3), np.uint8), (320, 180)).shape,
            "received": lambda: receive(link),
            "threads": run_threads,
            "timeout": lambda: wait_in_vain(link),
        },
    )


def recognise(model: int) -> list[tuple[int, ...]]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with os.fdopen(model, "rb") as file:
        session = ort.InferenceSession(file.read(), options, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: np.zeros((1, 3, 640, 640), np.float32)})
    return [output.shape for output in outputs if np.isfinite(output).all()]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
