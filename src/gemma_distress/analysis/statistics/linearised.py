"""Intervals for shares, means and correlations of clustered replies that may carry weights.

*Weights* are inverse chances of being drawn. A weighted mean varies like the plain mean of its
linearised values `u_i = n w_i (y_i − mean) / sum(w)`: each observation's pull on it. The clusters'
totals of these pulls give its variance, as for any clustered mean (`intervals`), so unequal weights
and clusters are one calculation. Strata of the draw are ignored, which errs on the wide side.

*Correlations* (kappa, alpha, r) are smooth functions of a table of counts. Their standard error is the
jackknife's, over the values with one cluster left out, with Student's t; the interval is formed on
Fisher's scale atanh(r), so that it stays under 1 and is longer on the lower side. In simulations with 8 to
50 clusters it held 93 to 95% where the percentile bootstrap over clusters held 85 to 92%
(`benchmarks/agreement_coverage.py`). With fewer than `FEW_CLUSTERS` clusters the error is that of the
linearised values (slope of each reply's cell) with a planned design effect. Where disagreement
occurred in fewer than `ORDINARY_CLUSTERS` clusters its spread says little, and where it occurred in
none, nothing. The lower end is then at most the value that the measure would have if as many replies
disagreed as the upper bound of their share allows, by the largest distance seen and at least
`UNSEEN_DISTANCE` levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.analysis.statistics.clusters import (
    PLANNED_ICC,
    Clusters,
    Floats,
    design_effect,
    effective_clusters,
    icc,
    observed,
    planned_design_effect,
)
from gemma_distress.analysis.statistics.intervals import (
    NOTHING,
    Interval,
    clustered_mean,
    clustered_proportion,
)
from gemma_distress.analysis.statistics.wilson import (
    FEW_CLUSTERS,
    ORDINARY_CLUSTERS,
    clustered_ends,
    ordinary_spread,
    t_quantile,
)

UNSEEN_DISTANCE = 2
"""Levels by which a disagreement that was not seen is taken to differ at least."""

Statistic = Callable[[Floats], Floats]
"""From tables of counts (…, levels, levels) to one number each, (…)."""


def weighted_proportion(
    events: ArrayLike,
    clusters: Clusters,
    weights: ArrayLike,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Interval:
    """`clustered_proportion` with weights, and just that where all weights are equal.

    The estimated design effect is the variance of the weighted share over that of a plain share of
    n independent replies; the planned one is multiplied by Kish's n sum(w²) / sum(w)².
    """
    y, members = observed(events, clusters)
    w = np.asarray(weights, dtype=np.float64)[~np.isnan(np.asarray(events, dtype=np.float64))]
    if len(y) == 0 or np.ptp(w) == 0:
        return clustered_proportion(events, clusters, level, planned_icc)
    n, groups = len(y), int(members.max()) + 1
    p = float((w * y).sum() / w.sum())
    kish = float(n * (w**2).sum() / w.sum() ** 2)
    estimated = math.nan
    if groups > 1 and 0 < p < 1:
        totals = np.bincount(members, weights=n * w * (y - p) / w.sum())
        robust = groups / (groups - 1) * float((totals**2).sum()) / n**2
        estimated = robust * (n - 1) / (p * (1 - p))
    found = clustered_ends(
        p,
        n,
        groups,
        planned_design_effect(members, planned_icc) * kish,
        estimated,
        effective_clusters(members) - 1,
        ordinary_spread(y, members),
        level,
    )
    return Interval(
        p,
        found.lower,
        found.upper,
        n,
        groups,
        f"weighted Wilson, {found.rule}",
        found.design_effect,
        icc(y, members),
    )


def weighted_mean(
    values: ArrayLike,
    clusters: Clusters,
    weights: ArrayLike,
    bounds: tuple[float, float],
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Interval:
    """`clustered_mean` with weights, and just that where weights or values are all equal."""
    y, members = observed(values, clusters)
    w = np.asarray(weights, dtype=np.float64)[~np.isnan(np.asarray(values, dtype=np.float64))]
    if len(y) == 0 or np.ptp(w) == 0 or np.ptp(y) == 0:
        return clustered_mean(values, clusters, level, planned_icc, bounds)
    mean = float((w * y).sum() / w.sum())
    pulls = len(y) * w * (y - mean) / w.sum()
    found = clustered_mean(pulls, members, level, planned_icc)
    return Interval(
        mean,
        max(mean + found.lower, bounds[0]),
        min(mean + found.upper, bounds[1]),
        found.n,
        found.clusters,
        f"weighted {found.method}",
        found.design_effect,
        icc(y, members),
    )


def correlation_interval(
    statistic: Statistic,
    table: Floats,
    pulls: Callable[[Floats], Floats],
    parts: Callable[[NDArray[np.intp], int], Floats],
    equal: Floats,
    clusters: Clusters,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Interval:
    """Interval of a measure of agreement that is a smooth function of a table of counts.

    Args:
        statistic: the measure, at most 1.
        table: the counts of all replies, shape (levels, levels).
        pulls: from the slopes of the measure in each cell, shape as `table`, to what each reply
            adds to it, shape (replies,): the slope of its cell times its weight.
        parts: from the number of each reply's cluster, and how many there are, to the clusters' own
            tables, shape (clusters, levels, levels), which sum to `table`.
        equal: 1 where the graders agree on a reply, else 0, shape (replies,).
        clusters: the cluster of each reply.
        weights: of the replies, None where all count alike.
        level: nominal coverage.
        planned_icc: the ICC to assume where clusters are few.
    """
    n = len(equal)
    if n == 0:
        return NOTHING
    _, members = observed(equal, clusters)
    groups = int(members.max()) + 1
    value = float(statistic(table))
    undefined = Interval(
        value, math.nan, math.nan, n, groups, "no spread to measure", math.nan, math.nan
    )
    if math.isnan(value):
        return undefined
    own = n * pulls(_slopes(statistic, table))
    own = own - own.mean()
    mean = clustered_mean(own, members, level, planned_icc)
    scale = max(1 - value**2, 1e-12)
    method, lower, upper = "jackknife on Fisher's scale", math.nan, math.nan
    if groups < FEW_CLUSTERS:
        method, half = f"{mean.method}, on Fisher's scale", mean.upper
    else:
        half = t_quantile(level, effective_clusters(members) - 1) * _jackknife(
            statistic(table - parts(members, groups))
        )
    if np.ptp(own) > 1e-9 and half > 0:
        centre, half = math.atanh(min(max(value, -1 + 1e-9), 1 - 1e-9)), half / scale
        lower, upper = math.tanh(centre - half), math.tanh(centre + half)
    if _seldom(equal, members):
        floor = float(statistic(_doubtful(table, equal, members, weights, level, planned_icc)))
        lower = float(np.fmin(lower, floor))
        upper = 1.0 if math.isnan(upper) else upper
        method += ", doubtful agreement counted"
    if math.isnan(lower):
        return undefined
    return Interval(
        value,
        min(lower, value),
        max(upper, value),
        n,
        groups,
        method,
        max(design_effect(own, members), 1.0) if groups > 1 else mean.design_effect,
        icc(own, members),
    )


def _slopes(statistic: Statistic, table: Floats) -> Floats:
    """Derivative of the statistic in each occupied cell, by central differences; 0 in the others."""
    step = 1e-5 * float(table.sum())
    occupied = np.argwhere(table > 0)
    moved = np.zeros((len(occupied), *table.shape))
    moved[np.arange(len(occupied)), occupied[:, 0], occupied[:, 1]] = step
    slopes = np.zeros_like(table)
    slopes[table > 0] = (statistic(table + moved) - statistic(table - moved)) / (2 * step)
    return np.nan_to_num(slopes)


def _jackknife(left_out: Floats) -> float:
    """Standard error from the values with each cluster left out; NaN if one of them is undefined."""
    groups = len(left_out)
    return math.sqrt((groups - 1) / groups * float(((left_out - left_out.mean()) ** 2).sum()))


def _seldom(equal: Floats, members: ArrayLike) -> bool:
    """Whether disagreement occurs in too few clusters for its spread to be trusted."""
    counts = np.bincount(np.asarray(members), weights=1 - equal)
    return int(np.count_nonzero(counts)) < min(ORDINARY_CLUSTERS, len(counts))


def _doubtful(
    table: Floats,
    equal: Floats,
    members: ArrayLike,
    weights: ArrayLike | None,
    level: float,
    planned_icc: float,
) -> Floats:
    """The table with as much disagreement as the upper bound of its share allows."""
    apart = 1 - equal
    w = np.ones(len(equal)) if weights is None else weights
    share = weighted_proportion(apart, np.asarray(members), w, level, planned_icc)
    kept = (1 - share.upper) / (1 - share.estimate) if share.estimate < 1 else 1.0
    size = len(table)
    seen = np.abs(np.subtract(*np.nonzero(table))).max(initial=0)
    distance = min(max(int(seen), UNSEEN_DISTANCE), size - 1)
    worse = table.copy()
    for i in range(size):
        moved = table[i, i] * (1 - kept)
        ends = [j for j in (i - distance, i + distance) if 0 <= j < size] or [
            size - 1 if i < size // 2 else 0
        ]
        worse[i, i] -= moved
        for j in ends:
            worse[i, j] += moved / len(ends)
    return worse
