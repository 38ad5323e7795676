"""The person of the demo clip, cut out of the portrait that scikit-image ships."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.errors import InvalidInput

Sprite = NDArray[np.float32]
"""Blue, green, red (0 to 255) and opacity (0 to 1), shape (height, width, 4)."""

_SIZE = 512
_BORDER = 12
"""Pixels on either side of the outline in which the true edge is searched."""
_OUTLINE = np.array(
    [
        *((155, 60), (185, 25), (230, 15), (275, 30), (300, 70), (300, 110), (280, 130), (268, 150)),
        *((262, 172), (300, 205), (305, 240), (345, 270), (358, 320), (362, 350), (400, 343), (450, 355)),
        *((490, 410), (511, 470), (511, 511), (20, 511), (25, 440), (22, 380), (35, 300), (50, 260)),
        *((75, 225), (112, 205), (115, 185), (150, 155), (178, 148), (185, 140), (160, 110)),
    ],
    np.int32,
)
"""Roughly around the person in the portrait, as (x, y)."""


def cut_out_person(portrait_png: Path) -> Sprite:
    """Return the person of the portrait without the background. Raises InvalidInput for another picture."""
    try:
        encoded = np.frombuffer(portrait_png.read_bytes(), np.uint8)
    except OSError:
        raise InvalidInput(f"{portrait_png} cannot be read; fetch the model files again.") from None
    portrait = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    if portrait is None or portrait.shape != (_SIZE, _SIZE, 3):
        raise InvalidInput(f"{portrait_png} is not the demo portrait; fetch the model files again.")
    inside = cv2.fillPoly(np.zeros((_SIZE, _SIZE), np.uint8), [_OUTLINE], (1,))
    border = np.ones((2 * _BORDER + 1, 2 * _BORDER + 1), np.uint8)
    # The person goes on below and beside the picture.
    beyond = cv2.copyMakeBorder(inside, 0, 2 * _BORDER, 0, 2 * _BORDER, cv2.BORDER_REPLICATE)
    labels = np.where(inside == 1, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[cv2.dilate(inside, border) == 0] = cv2.GC_BGD
    labels[cv2.erode(beyond, border)[:_SIZE, :_SIZE] == 1] = cv2.GC_FGD
    cv2.setRNGSeed(1)  # the same cut every time
    model = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(portrait, labels, (0, 0, 1, 1), *model, 4, cv2.GC_INIT_WITH_MASK)
    mask = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    whole = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    opacity = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 1.2)
    return np.dstack([portrait.astype(np.float32), opacity])
