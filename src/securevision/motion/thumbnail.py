"""A picture shrunk to what motion needs: everything after it costs the same for any camera."""

import math

import cv2
import numpy as np

from securevision.domain.ports.cameras import Luma

PIXELS = 320 * 180


def thumbnail(luma: Luma) -> Luma:
    """Return the picture with at most about 57,600 pixels; it is never enlarged and keeps its shape.

    `luma` is of any size from 1x1 and may be a view with gaps between its rows. Four neighbours are averaged
    (bilinear): to average all would take longer than all the rest.
    """
    height, width = luma.shape
    scale = min(1.0, math.sqrt(PIXELS / (width * height)))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_LINEAR), np.uint8)
