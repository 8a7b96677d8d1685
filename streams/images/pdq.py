"""PDQ, the perceptual hash of images that lists of known images are exchanged in.

Written here because the library of that name comes without wheels; a test compares both. The method
is Meta's ("The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019): the
luminance, smoothed to 64 x 64, and of its lowest 16 x 16 frequencies each against their median.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating]

SIDE = 64
KEPT = 16
LEAST_QUALITY = 50
"""Below this an image is too plain for its hash to mean anything."""

_LUMINANCE = np.array([0.299, 0.587, 0.114])
_COSINES = np.sqrt(2.0 / SIDE) * np.cos(
    (np.pi / 2 / SIDE) * np.outer(np.arange(1, KEPT + 1), 2 * np.arange(SIDE) + 1)
)


class Pdq(NamedTuple):
    """Hashes of an image and of its mirror image, 64 hex digits each, and how telling they are."""

    hash: str
    mirror: str
    quality: int  # 0 to 100


def pdq(pixels: NDArray[np.uint8]) -> Pdq:
    """Hash an image of height x width x 3; best one of about 256 x 256."""
    luminance = pixels.astype(np.float64) @ _LUMINANCE
    small = _decimate(_smooth(luminance))
    mirrored = _decimate(_smooth(luminance[:, ::-1]))
    return Pdq(_bits(small), _bits(mirrored), _quality(small))


def _smooth(luminance: Pixels) -> Pixels:
    for _ in range(2):
        luminance = _box(_box(luminance, 1), 0)
    return luminance


def _box(values: Pixels, axis: int) -> Pixels:
    """Mean over a window along an axis; at the edges over what is there of it."""
    length = values.shape[axis]
    window = (length + 2 * SIDE - 1) // (2 * SIDE)
    after = (window + 2) // 2
    at = np.arange(length)
    first = np.maximum(at - (window - after), 0)
    last = np.minimum(at + after, length)
    sums = np.cumsum(values, axis=axis)
    sums = np.insert(sums, 0, 0.0, axis=axis)
    counts = (last - first).reshape((-1, 1) if axis == 0 else (1, -1))
    result: Pixels = (np.take(sums, last, axis) - np.take(sums, first, axis)) / counts
    return result


def _decimate(values: Pixels) -> Pixels:
    rows, columns = (((np.arange(SIDE) + 0.5) * n / SIDE).astype(int) for n in values.shape)
    result: Pixels = values[np.ix_(rows, columns)]
    return result


def _bits(small: Pixels) -> str:
    """Each frequency against the lower median, the last one first."""
    flat = (_COSINES @ small @ _COSINES.T).ravel()
    median = np.partition(flat, flat.size // 2 - 1)[flat.size // 2 - 1]
    return bytes(np.packbits((flat > median)[::-1])).hex()


def _quality(small: Pixels) -> int:
    steps = sum(
        int(np.abs(np.trunc(np.diff(small, axis=axis) * 100 / 255)).sum()) for axis in (0, 1)
    )
    return min(100, steps // 90)
