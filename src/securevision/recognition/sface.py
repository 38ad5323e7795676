"""SFace: a face as a vector (Zhong et al., IEEE Transactions on Image Processing 2021)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.frames import Pixels
from securevision.domain.observations import Embedding
from securevision.recognition.sessions import ModelSession

_SIDE = 112
_TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
"""Where the five landmarks lie in an aligned face of 112 x 112 pixels."""


def similarity_transform(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the 2 x 3 matrix of the rotation, scale and shift that best maps one point set to another.

    Both have shape (n, 2). Least squares after Umeyama, IEEE PAMI 13(4), 1991.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source_centred, target_centred = source - source_mean, target - target_mean
    u, singular, vt = np.linalg.svd(target_centred.T @ source_centred / len(source))
    signs = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(signs) @ vt
    scale = float(singular @ signs) / max(float(source_centred.var(axis=0).sum()), 1e-9)
    shift = target_mean - scale * rotation @ source_mean
    return np.hstack((scale * rotation, shift[:, np.newaxis]))


class FaceEmbedder:
    """Turns a face into an embedding."""

    def __init__(self, session: ModelSession) -> None:
        self._session = session

    def embed(self, pixels: Pixels, landmarks: NDArray[np.float32]) -> Embedding:
        """Return the unit vector, shape (128,), of the face with these five landmarks, shape (5, 2)."""
        matrix = similarity_transform(landmarks, _TEMPLATE)
        aligned = cv2.warpAffine(pixels, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
        tensor = aligned[:, :, ::-1].transpose(2, 0, 1)[np.newaxis].astype(np.float32)
        embedding: Embedding = self._session.run(tensor)[0][0]
        return (embedding / max(float(np.linalg.norm(embedding)), 1e-9)).astype(np.float32)
