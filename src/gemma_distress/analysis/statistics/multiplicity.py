"""Many tests at once: Holm's adjustment, after which one level holds for the whole table.

To read a table of conditions is to ask as many questions as it has rows, and at 5% each some would
come out by luck. After Holm's adjustment (Holm 1979, Scandinavian Journal of Statistics 6:65) the chance
that any row of no difference falls under 5% is at most 5%, however the rows depend on each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.errors import UsageError


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values, same shape and order as `p`, shape (tests,).

    The smallest of m is multiplied by m, the next by m - 1, and so on; none falls below one before it,
    and none exceeds 1. NaN (a test that could not be made) stays NaN and does not count towards m.

    Raises:
        UsageError: `p` is not one-dimensional, or a value is no probability.
    """
    given = np.asarray(p, dtype=np.float64)
    if given.ndim != 1 or np.any((given < 0) | (given > 1)):
        raise UsageError(
            f"Holm's adjustment takes a sequence of p-values from 0 to 1, but got {given.tolist()!r}."
        )
    made = np.flatnonzero(~np.isnan(given))
    order = made[np.argsort(given[made], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted = np.full(given.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0)
    return adjusted
