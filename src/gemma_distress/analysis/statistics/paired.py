"""Two arms on the same conversations: difference and risk ratio with intervals that know the prompts.

Arm A and arm B answer word-for-word the same conversations, so observation i of `a` and of `b` are a
pair, and the pairs of one prompt are a cluster. Every contrast reads "B minus A" or "B over A". A pair
of which either value is NaN (missing) is left out, and the caller counts it.

The difference of two proportions gets MOVER's interval (Newcombe 1998, Statistics in Medicine 17:2635,
method 10; Zou and Donner 2008, ibid. 27:1693), built from each arm's own interval [l, u]:

    lower = pB - pA - sqrt((pB - lB)^2 + (uA - pA)^2 - 2 r (pB - lB)(uA - pA)),   upper likewise

With `clustered_proportion` as each arm's interval it inherits what matters near zero: arms without any
event still have an upper bound, and so has their difference. r is the correlation of the two
proportions, which pairing makes positive and the interval short. It is estimated where the spread of
the prompts is trusted for both arms, from the deviations of the prompts' totals. Elsewhere only what
the pairs themselves share is counted, cov(a, b) / (sA sB sqrt(DA DB)) with D the arms' design effects:
what the prompts add cannot be told from luck there, and to leave it out errs on the wide side. Either
way a positive r is first cut by 1 / (2 n sA sB) (with n / sqrt(DA DB) for n in the first case), the
continuity correction of Newcombe, and r is 0 where an arm does not vary.
With one pair per prompt and few prompts this is Newcombe's interval but for Student's t.

Arms that nearly always agree have an r near 1, and then the interval is too sure of it: it hangs on the few
pairs that differ. With none of 120 it ended at 1.7%, and where the truth was 2% a nominal 95% covered 91%. So
where fewer than `FEW_DISCORDANT` pairs differ, these are read by themselves as well. B's share less A's is
the share of pairs in which only B has an event less that in which only A has; MOVER's interval of that
difference, with r = 0, knows of few events what `clustered_proportion` does. The further end counts.

The risk ratio takes the same pieces into MOVER's interval of a ratio (Donner and Zou 2012, Statistical
Methods in Medical Research 21:347). Its r is, for each end, the one that gives the difference the end it has,
so the ratio's interval excludes 1 just where the difference's excludes 0. Simulated coverage of both:
`benchmarks/comparison.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.analysis.statistics.clusters import PLANNED_ICC, Clusters, Floats, observed
from gemma_distress.analysis.statistics.intervals import (
    NOTHING,
    Interval,
    clustered_mean,
    clustered_proportion,
)
from gemma_distress.errors import UsageError

FEW_DISCORDANT = 10
"""Below so many pairs that differ, what they alone allow has a say."""


@dataclass(frozen=True)
class Difference:
    """B minus A with its interval; each arm's own interval is over the same complete pairs."""

    estimate: float
    lower: float
    upper: float
    a: Interval
    b: Interval
    n: int
    """Pairs of which both values are known."""
    clusters: int
    correlation: float
    """Of the two arms' estimates, the r of the interval."""
    method: str
    undefined: str = ""
    """Why there is no estimate, which is then NaN with its ends; empty where there is one."""


@dataclass(frozen=True)
class Ratio:
    """B over A. `upper` is infinite where A has no event; `estimate` is then NaN and `undefined` says why."""

    estimate: float
    lower: float
    upper: float
    n: int
    clusters: int
    method: str
    undefined: str
    """Why there is no estimate; empty where there is one."""


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Clusters,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Difference:
    """Difference of two proportions on paired events, by the rule of the module docstring.

    Args:
        a: events of arm A, shape (n,), each 0, 1 or NaN (missing).
        b: events of arm B on the same conversations, in the same order.
        clusters: the prompt of each pair, shape (n,), any hashable labels.
        level: nominal coverage, between 0 and 1.
        planned_icc: the ICC to assume where the data cannot tell, from 0 to 1.

    Raises:
        UsageError: shapes differ, an event is neither 0, 1 nor NaN, or a probability is not one.
    """
    pairs = _pairs(a, b, clusters)
    first = clustered_proportion(pairs.a, pairs.labels, level, planned_icc)
    second = clustered_proportion(pairs.b, pairs.labels, level, planned_icc)
    r = _correlation(pairs, first, second)
    found = _mover(first, second, r, (-1.0, 1.0))
    if np.count_nonzero(pairs.a != pairs.b) >= FEW_DISCORDANT or found.n == 0:
        return found
    only_a, only_b = (
        clustered_proportion(one, pairs.labels, level, planned_icc)
        for one in (pairs.a > pairs.b, pairs.b > pairs.a)
    )
    discordant = _mover(only_a, only_b, 0.0, (-1.0, 1.0))
    return replace(
        found,
        lower=min(found.lower, discordant.lower),
        upper=max(found.upper, discordant.upper),
        method="MOVER, few discordant pairs",
    )


def paired_mean_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Clusters,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
    bounds: tuple[float, float] | None = None,
) -> Difference:
    """Difference of two means: Student's t on the cluster-robust error of the pairs' differences.

    Arguments as for `paired_difference`, with values of any unit; `bounds` are the ends of the scale,
    (0, 10) for ratings. Where no pair differs the differences say nothing about precision: with
    `bounds` the interval is then MOVER's from the arms' own with r = 0, without them its ends are NaN.

    Raises:
        UsageError: shapes differ, a value lies outside `bounds`, or a probability is not one.
    """
    pairs = _pairs(a, b, clusters)
    first = clustered_mean(pairs.a, pairs.labels, level, planned_icc, bounds)
    second = clustered_mean(pairs.b, pairs.labels, level, planned_icc, bounds)
    width = math.inf if bounds is None else bounds[1] - bounds[0]
    if first.n == 0 or (np.ptp(pairs.b - pairs.a) == 0 and bounds is not None):
        return _mover(first, second, 0.0, (-width, width))
    found = clustered_mean(pairs.b - pairs.a, pairs.labels, level, planned_icc)
    sa, sb = float(pairs.a.std()), float(pairs.b.std())
    r = float(np.mean((pairs.a - first.estimate) * (pairs.b - second.estimate)))
    return Difference(
        found.estimate,
        max(found.lower, -width),
        min(found.upper, width),
        first,
        second,
        found.n,
        found.clusters,
        r / (sa * sb) if sa * sb > 0 else 0.0,
        found.method,
    )


def risk_ratio(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Clusters,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Ratio:
    """Ratio of two proportions on paired events, B over A; arguments as for `paired_difference`.

    The lower end is the least ratio R for which pB - R pA could be 0 by MOVER's interval, and the upper
    end is 1 over the lower end of A over B. No event in B: the estimate is 0, and the upper end finite
    if A has events. No event in A: there is no estimate, the upper end is infinite, and the lower one
    still says what B's events exclude. No event in either: nothing is excluded, [0, inf).
    """
    difference = paired_difference(a, b, clusters, level, planned_icc)
    return ratio_of(difference)


def ratio_of(difference: Difference) -> Ratio:
    """The ratio of the same two arms as a difference of proportions, or of means that are not negative.

    Its ends are NaN where those of the difference are.
    """
    a, b = difference.a, difference.b
    if difference.undefined:
        nan = math.nan
        return Ratio(nan, nan, nan, 0, 0, "no estimate", difference.undefined)
    undefined = ""
    if a.estimate == 0:
        undefined = "A has no event" if b.estimate > 0 else "neither arm has an event"
    distances = difference.estimate - difference.lower, difference.upper - difference.estimate
    r_lower, r_upper = (
        _used(*sides, distance) for sides, distance in zip(_sides(a, b), distances, strict=True)
    )
    inverse = _least_ratio(a, b, r_upper)
    known = not math.isnan(difference.lower + difference.upper)
    return Ratio(
        math.nan if undefined else b.estimate / a.estimate,
        _least_ratio(b, a, r_lower) if known else math.nan,
        (1 / inverse if inverse > 0 else math.inf) if known else math.nan,
        difference.n,
        difference.clusters,
        "MOVER of a ratio",
        undefined,
    )


@dataclass(frozen=True)
class _Pairs:
    a: Floats
    b: Floats
    members: NDArray[np.intp]

    @property
    def labels(self) -> list[int]:
        # Python's own integers are several times as fast to look up as numpy's.
        labels: list[int] = self.members.tolist()
        return labels


def _pairs(a: ArrayLike, b: ArrayLike, clusters: Clusters) -> _Pairs:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise UsageError(
            f"Pairs need two arrays of one shape, but A has {first.shape} and B {second.shape}. "
            "Pass the values of the same conversations in the same order."
        )
    _, members = observed(first + second, clusters)
    known = ~np.isnan(first + second)
    return _Pairs(first[known], second[known], members)


def no_difference(a: Interval, b: Interval, undefined: str) -> Difference:
    """What a difference is where it cannot be told, and why it cannot."""
    nan = math.nan
    return Difference(nan, nan, nan, a, b, 0, 0, nan, "no estimate", undefined)


def _mover(a: Interval, b: Interval, r: float, limits: tuple[float, float]) -> Difference:
    if a.n == 0:
        return no_difference(NOTHING, NOTHING, "there is no complete pair")
    d = b.estimate - a.estimate
    below, above = (math.sqrt(max(x * x + y * y - 2 * r * x * y, 0.0)) for x, y in _sides(a, b))
    return Difference(
        d, max(d - below, limits[0]), min(d + above, limits[1]), a, b, a.n, a.clusters, r, "MOVER"
    )


def _sides(a: Interval, b: Interval) -> tuple[tuple[float, float], tuple[float, float]]:
    """What the arms' intervals add to the lower and to the upper end of B minus A: (B's part, A's)."""
    return (
        (b.estimate - b.lower, a.upper - a.estimate),
        (b.upper - b.estimate, a.estimate - a.lower),
    )


def _correlation(pairs: _Pairs, a: Interval, b: Interval) -> float:
    """Correlation of the two proportions, by the rule of the module docstring."""
    spread = math.sqrt(a.estimate * (1 - a.estimate) * b.estimate * (1 - b.estimate))
    if a.n == 0 or spread == 0:
        return 0.0
    apart_a, apart_b = pairs.a - a.estimate, pairs.b - b.estimate
    effect = math.sqrt(a.design_effect * b.design_effect)
    if "estimated" in a.method and "estimated" in b.method and a.clusters > 1:
        totals_a = np.bincount(pairs.members, weights=apart_a)
        totals_b = np.bincount(pairs.members, weights=apart_b)
        size = math.sqrt(float(totals_a @ totals_a) * float(totals_b @ totals_b))
        r = float(totals_a @ totals_b) / size if size > 0 else 0.0
        cut = effect / (2 * a.n * spread)
    else:
        r = float(np.mean(apart_a * apart_b)) / (spread * effect)
        cut = 1 / (2 * a.n * spread * effect)
    return max(r - cut, 0.0) if r > 0 else max(r, -1.0)


def _used(x: float, y: float, distance: float) -> float:
    """The r with which the arms' parts x and y make an end so far from the difference; any where one is 0."""
    if x * y == 0:
        return 0.0
    return min(max((x * x + y * y - distance * distance) / (2 * x * y), -1.0), 1.0)


def _least_ratio(over: Interval, under: Interval, r: float) -> float:
    below, above = over.estimate - over.lower, under.upper - under.estimate
    b = over.estimate * under.estimate - r * below * above
    a = under.upper * (2 * under.estimate - under.upper)
    c = over.lower * (2 * over.estimate - over.lower)
    # The smaller root of a R^2 - 2 b R + c = 0, in the form that stands a near or below 0.
    root = b + math.sqrt(max(b * b - a * c, 0.0))
    return c / root if c > 0 and root > 0 else 0.0
