"""How alike the conversations of one prompt are: intraclass correlation and design effects.

A cluster is a prompt: conversations that start from the same prompt are alike, so 4,000 of them
over ten prompts carry far less information than 4,000 independent trials. The *design effect* D
says by how much: `n / D` independent observations have the same precision. It is 1 without
clustering and `1 + (m - 1) * icc` for clusters of m with intraclass correlation (ICC) `icc`.

Values have shape (n,), with one cluster label each, of any hashable type. NaN marks a missing
value; it is left out here and counted by the caller.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.errors import UsageError

PLANNED_ICC = 0.10
"""The ICC assumed where it cannot be measured. Replace it once a pilot has measured one."""

Floats = NDArray[np.float64]
Clusters = Sequence[Hashable] | NDArray[Any]


def icc(values: ArrayLike, clusters: Clusters) -> float:
    """Intraclass correlation by analysis of variance, `(MSB - MSW) / (MSB + (n0 - 1) MSW)`.

    `n0 = (n - sum(m_c^2) / n) / (C - 1)` is the average cluster size of that analysis. Negative
    where clusters differ less than chance would have it. NaN with fewer than two clusters, without
    a cluster of two or more values, and when nothing varies.
    """
    y, members = observed(values, clusters)
    sizes = np.bincount(members)
    n, groups = len(y), len(sizes)
    if groups < 2 or n == groups or np.ptp(y) == 0:
        return math.nan
    means = np.bincount(members, weights=y) / sizes
    between = float((sizes * (means - y.mean()) ** 2).sum()) / (groups - 1)
    within = float(((y - means[members]) ** 2).sum()) / (n - groups)
    n0 = (n - n / effective_clusters(members)) / (groups - 1)
    return (between - within) / (between + (n0 - 1) * within)


def design_effect(values: ArrayLike, clusters: Clusters) -> float:
    """Cluster-robust (linearised) variance of the mean over its variance under independence.

    Both variances take their small-sample factor: C/(C-1) on the clusters' totals and n/(n-1) on
    the values. NaN with fewer than two clusters and when nothing varies.
    """
    y, members = observed(values, clusters)
    n, groups = len(y), len(np.bincount(members))
    if groups < 2 or np.ptp(y) == 0:
        return math.nan
    totals = np.bincount(members, weights=y - y.mean())
    robust = float(groups / (groups - 1) * (totals**2).sum() / n**2)
    return robust / (float(y.var(ddof=1)) / n)


def planned_design_effect(clusters: Clusters, planned_icc: float = PLANNED_ICC) -> float:
    """Design effect to expect of these clusters at an assumed ICC: `1 + (m - 1) * icc`.

    `m` is the size-weighted mean cluster size, sum(m_c^2) / sum(m_c): the size that a random
    observation sees, which exceeds the plain mean when sizes differ. NaN without observations.
    """
    require_probability("planned_icc", planned_icc)
    if len(clusters) == 0:
        return math.nan
    return 1 + (len(clusters) / effective_clusters(clusters) - 1) * planned_icc


def effective_clusters(clusters: Clusters) -> float:
    """Number of equal clusters as good as these, `n^2 / sum(m_c^2)`: C if all are of one size."""
    _, members = observed(np.zeros(len(clusters)), clusters)
    if len(members) == 0:
        return 0.0
    sizes = np.bincount(members).astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def observed(values: ArrayLike, clusters: Clusters) -> tuple[Floats, NDArray[np.intp]]:
    """The values that are not missing, and for each the number of its cluster, 0 to C - 1.

    Raises:
        UsageError: values are not one-dimensional, or labels are more or fewer than values.
    """
    y = np.asarray(values, dtype=np.float64)
    if y.ndim != 1 or len(y) != len(clusters):
        raise UsageError(
            f"Values of shape {y.shape} need one cluster label each, but there are "
            f"{len(clusters)} labels. Pass two sequences of the same length."
        )
    kept = ~np.isnan(y)
    numbers: dict[Hashable, int] = {}
    members = [
        numbers.setdefault(label, len(numbers))
        for label, keep in zip(clusters, kept, strict=True)
        if keep
    ]
    return y[kept], np.asarray(members, dtype=np.intp)


def require_probability(name: str, value: float, *, inner: bool = False) -> None:
    """Refuse what is not a probability; with `inner`, also 0 and 1."""
    if not (0 < value < 1 if inner else 0 <= value <= 1):
        between = "strictly between 0 and 1" if inner else "from 0 to 1"
        raise UsageError(f"{name} is a probability {between}, but {value!r} was given.")
