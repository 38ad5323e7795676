"""YuNet: finds faces with five landmarks (Wu et al., Machine Intelligence Research 2023)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box
from securevision.recognition.sessions import ModelSession, Tensor

_INPUT = 640
_STRIDES = (8, 16, 32)
_NMS_IOU = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class FaceDetection:
    """A face, in the pixels of the picture that was searched."""

    box: Box
    score: float
    landmarks: NDArray[np.float32]
    """Right eye, left eye, nose, right and left corner of the mouth; shape (5, 2), x and y."""


class FaceDetector:
    """Finds faces of about 2 % to 90 % of the picture's longer side."""

    def __init__(self, session: ModelSession, *, score_threshold: float) -> None:
        """Keep faces that score at least `score_threshold` (0 to 1)."""
        self._session = session
        self._threshold = score_threshold
        self._index = {name: i for i, name in enumerate(session.outputs)}

    def detect(self, pixels: Pixels, *, side: int = _INPUT) -> list[FaceDetection]:
        """Return the faces, best first.

        `side` is what the longer side of the picture is scaled to, 640 at most: YuNet misses a face that
        fills the picture, unless the picture is made smaller.
        """
        height, width = pixels.shape[:2]
        scale = side / max(height, width)
        scaled = cv2.resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))
        canvas = np.zeros((_INPUT, _INPUT, 3), np.uint8)
        canvas[: scaled.shape[0], : scaled.shape[1]] = scaled
        outputs = self._session.run(canvas.transpose(2, 0, 1)[np.newaxis].astype(np.float32))
        scores, boxes, landmarks = self._decode(outputs)
        kept = cv2.dnn.NMSBoxes(
            [(float(x), float(y), float(w), float(h)) for x, y, w, h in boxes],
            [float(score) for score in scores],
            self._threshold,
            _NMS_IOU,
        )
        return [
            FaceDetection(
                Box(*(float(v) for v in (x / scale, y / scale, (x + w) / scale, (y + h) / scale))),
                float(scores[i]),
                landmarks[i] / np.float32(scale),
            )
            for i in (int(k) for k in kept)
            for x, y, w, h in [boxes[i]]
        ]

    def _decode(self, outputs: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return scores (n,), boxes (n, 4: x, y, w, h) and landmarks (n, 5, 2) above the threshold."""
        scores, boxes, landmarks = [], [], []
        for stride in _STRIDES:
            cls, obj, bbox, kps = (
                outputs[self._index[f"{name}_{stride}"]][0] for name in ("cls", "obj", "bbox", "kps")
            )
            score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
            (chosen,) = np.nonzero(score >= self._threshold)
            columns = _INPUT // stride
            corner = np.stack((chosen % columns, chosen // columns), axis=1).astype(np.float32)
            centre = (corner + bbox[chosen, :2]) * stride
            size = np.exp(bbox[chosen, 2:4]) * stride
            scores.append(score[chosen])
            boxes.append(np.concatenate((centre - size / 2, size), axis=1))
            landmarks.append((kps[chosen].reshape(-1, 5, 2) + corner[:, np.newaxis]) * stride)
        return np.concatenate(scores), np.concatenate(boxes), np.concatenate(landmarks)
