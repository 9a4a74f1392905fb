"""Intervals for proportions and means whose observations come in clusters (`clusters.py`).

`clustered_proportion` is Wilson's interval with a design effect, `wilson.py` says which. `clustered_mean` is
Student's t on the cluster-robust error, with room for far values that were not seen.

`benchmarks/coverage.py` prints the simulated coverage behind both rules, `docs/statistics.md` shows it. The
planned ICC is an assumption: where the true one is larger and events or clusters are few, coverage falls
short. An interval of level 2L - 1 has ends that are one-sided bounds of level L.

Units: events are 0 or 1, means are in the units of the values, `level` is a probability.
NaN marks a missing observation: it is left out here, and the caller counts it (`worst_case`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    require_probability,
)
from gemma_distress.analysis.statistics.wilson import (
    FEW_CLUSTERS,
    clustered_ends,
    normal_quantile,
    ordinary_spread,
    t_quantile,
    wilson,
)
from gemma_distress.errors import UsageError


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval and what it rests on.

    `n` observations (missing ones are not counted) in `clusters` clusters; `design_effect` is the
    one the interval used, `icc` the one measured (NaN where it cannot be); `method` says in words
    which rule gave the bounds.
    """

    estimate: float
    lower: float
    upper: float
    n: int
    clusters: int
    method: str
    design_effect: float
    icc: float


NOTHING = Interval(math.nan, math.nan, math.nan, 0, 0, "no observations", math.nan, math.nan)
"""What an interval is without observations."""


def clustered_proportion(
    events: ArrayLike,
    clusters: Clusters,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Interval:
    """Wilson interval of a proportion with a design effect, by the rule of `wilson.py`.

    Args:
        events: shape (n,), each 0, 1 or NaN (missing).
        clusters: the cluster of each event, shape (n,), any hashable labels.
        level: nominal coverage, between 0 and 1.
        planned_icc: the ICC to assume where the data cannot tell, from 0 to 1.

    Without observations the interval is `NOTHING`. With zero events the upper bound is above 0.

    Raises:
        UsageError: shapes differ, an event is neither 0, 1 nor NaN, or a probability is not one.
    """
    y, members = observed(events, clusters)
    require_probability("level", level, inner=True)
    require_probability("planned_icc", planned_icc)
    require_events(y)
    if len(y) == 0:
        return NOTHING

    n, groups, p = len(y), int(members.max()) + 1, float(y.mean())
    found = clustered_ends(
        p,
        n,
        groups,
        planned_design_effect(members, planned_icc),
        design_effect(y, members),
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
        f"Wilson, {found.rule}",
        found.design_effect,
        icc(y, members),
    )


def clustered_mean(
    values: ArrayLike,
    clusters: Clusters,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Interval of a mean: Student's t on the cluster-robust standard error.

    Args:
        values: shape (n,), NaN = missing.
        clusters: the cluster of each value, shape (n,), any hashable labels.
        level: nominal coverage, between 0 and 1.
        planned_icc: the ICC to assume where clusters are few, from 0 to 1.
        bounds: the scale's ends, (0, 10) for ratings; the interval is cut to them.

    The degrees of freedom are one less than the effective number of clusters (C for equal sizes).
    With fewer than `FEW_CLUSTERS` clusters the larger of the planned and the estimated design
    effect D is taken, with n/D - 1 degrees of freedom and at least 1; with one cluster how far
    prompts differ is thus assumed, not measured.
    With `bounds` an end reaches at least as far as values of the scale's far half could move the mean
    (`_far_values`): t trusts the spread seen, and where high ratings are rare most samples hold too few
    of them, so that its upper end fell short of the true mean in up to 22 of 100 samples.
    Values or cluster means that do not vary at all say nothing about precision: with `bounds` the
    interval is the widest that a variable on that scale with this mean can need (Wilson on the
    rescaled mean, planned design effect), without them its ends are NaN.

    Raises:
        UsageError: shapes differ, a value lies outside `bounds`, or a probability is not one.
    """
    y, members = observed(values, clusters)
    require_probability("level", level, inner=True)
    require_probability("planned_icc", planned_icc)
    if len(y) == 0:
        return NOTHING
    if bounds is not None and (y.min() < bounds[0] or y.max() > bounds[1]):
        raise UsageError(
            f"The values reach from {y.min():g} to {y.max():g}, outside the bounds "
            f"{bounds[0]:g} to {bounds[1]:g}. Pass the bounds of the scale the values are on."
        )

    n, groups, mean, measured = len(y), int(members.max()) + 1, float(y.mean()), icc(y, members)
    planned, estimated = planned_design_effect(members, planned_icc), design_effect(y, members)
    if groups < FEW_CLUSTERS and np.ptp(y) > 0:
        effect = float(np.fmax(planned, estimated))
        df = max(n / effect - 1, 1.0)
        method = f"t, {'planned' if effect == planned else 'estimated'} design effect"
    elif groups >= FEW_CLUSTERS and estimated > 0:
        effect, df = estimated, effective_clusters(members) - 1
        method = "t, estimated design effect"
    elif bounds is not None:
        low, width = bounds[0], bounds[1] - bounds[0]
        k = normal_quantile(level) ** 2 * planned / n
        lower, upper = (low + width * end for end in wilson((mean - low) / width, k))
        method = "Wilson on the bounded scale, planned design effect"
        return Interval(mean, lower, upper, n, groups, method, planned, measured)
    else:
        method = "no spread to measure"
        return Interval(mean, math.nan, math.nan, n, groups, method, math.nan, measured)
    half = t_quantile(level, df) * math.sqrt(float(y.var(ddof=1)) * effect / n)
    lower, upper = mean - half, mean + half
    if bounds is not None:
        below, above = _far_values(y, members, level, planned_icc, bounds)
        lower = max(min(lower, mean - below), bounds[0])
        upper = min(max(upper, mean + above), bounds[1])
    return Interval(mean, lower, upper, n, groups, method, effect, measured)


def _far_values(
    y: Floats,
    members: NDArray[np.intp],
    level: float,
    planned_icc: float,
    bounds: tuple[float, float],
) -> tuple[float, float]:
    """How far below and above its estimate a mean can lie through values of the far half of its scale.

    The mean is that of the lower half's values plus `step` times the share of the upper half, with `step`
    the distance of the two halves' means (of a half without values, its end of the scale). The share's
    own interval, and the spread within the half that it comes from, are joined as in MOVER. Nothing
    where the share is an ordinary one, since then its spread is that of the values.
    """
    far = y >= (bounds[0] + bounds[1]) / 2
    if ordinary_spread(far.astype(np.float64), members):
        return 0.0, 0.0
    share = clustered_proportion(far, members.tolist(), level, planned_icc)
    high, low = y[far], y[~far]
    top = float(high.mean()) if len(high) else bounds[1]
    step = top - (float(low.mean()) if len(low) else bounds[0])
    t = t_quantile(level, effective_clusters(members) - 1)
    within = [
        t * math.sqrt(float(part.var()) / len(part)) if len(part) else 0.0 for part in (high, low)
    ]
    return (
        math.hypot(within[0], step * (share.estimate - share.lower)),
        math.hypot(within[1], step * (share.upper - share.estimate)),
    )


def require_events(known: Floats) -> None:
    """Refuse what is neither 0 nor 1 among observations that are not missing."""
    wrong = known[(known != 0) & (known != 1)]
    if len(wrong):
        raise UsageError(f"An event is 0, 1 or NaN (missing), but the array holds {wrong[0]:g}.")


def worst_case(events: ArrayLike, unrated: int = 0) -> tuple[float, float]:
    """The proportion if none, and if all, of the missing observations were events.

    Missing are the NaN in `events` and `unrated` further ones that are not in the array.
    (NaN, NaN) where there is nothing at all, rated or missing.
    """
    y = np.asarray(events, dtype=np.float64).ravel()
    missing, total = int(np.isnan(y).sum()) + unrated, len(y) + unrated
    if total == 0:
        return math.nan, math.nan
    seen = float(np.nansum(y))
    return seen / total, (seen + missing) / total
