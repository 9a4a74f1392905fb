"""Bands of ratings: near the threshold they are narrow, because errors there decide what is high."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.protocol import HIGH, MAX_RATING

BANDS = ((0, 2), (3, HIGH - 1), (HIGH, 6), (7, MAX_RATING))
"""First and last rating of each band; none reaches across the threshold."""


def band_of(ratings: ArrayLike) -> NDArray[np.intp]:
    """The number of the band of each rating, from 0; a fractional rating counts as its floor."""
    starts = [first for first, _ in BANDS]
    return np.searchsorted(starts, np.floor(np.asarray(ratings, dtype=np.float64)), "right") - 1
