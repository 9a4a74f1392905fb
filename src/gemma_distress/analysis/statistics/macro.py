"""The macro average: the unweighted mean of one proportion over several categories, with its interval.

The paper's headline is such a mean (paper, fig. 2). Categories are strata, not a sample of categories, so
only the uncertainty of each proportion enters. But two categories may ask the same prompts (the short-form
puzzles of `tones` and `extended`), and what one prompt does to both does not average out.

The interval is MOVER's (Zou and Donner 2008, Statistics in Medicine 27:1693; Newcombe 1998 for two
proportions): with p_a and its own interval [l_a, u_a] for each of K categories,

    lower = M - sqrt(sum_ab r_ab (p_a - l_a)(p_b - l_b)) / K,    upper likewise with (u - p)

so it inherits from `clustered_proportion` what matters: near zero, and at zero events, the upper end stays
honest. r_ab is the correlation of two proportions that share prompts, 0 otherwise. It is estimated by
linearisation over the shared prompts; but where events are few that estimate is an accident, so it is never
taken below what the planned ICC implies, `icc * sum_g m_ag m_bg / sqrt(D_a n_a D_b n_b)` with m the
conversations of prompt g, n those of the category and D the planned design effect, nor above 1.

The lower ends of few events do not add up to that of their sum: three events in three categories of 20 had a
lower end that 8% of samples with the rate 1% exceed. So where the average has the error of fewer than
`wilson.EXACT_BELOW` events among independent conversations, each end moves out to that of the exact binomial
interval of those, as a share's does.

Simulated coverage: `benchmarks/coverage.py`, and `docs/statistics.md`.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.statistics.clusters import (
    PLANNED_ICC,
    Clusters,
    Floats,
    planned_design_effect,
    require_probability,
)
from gemma_distress.analysis.statistics.intervals import Interval, clustered_proportion
from gemma_distress.analysis.statistics.wilson import EXACT_BELOW, exact_ends
from gemma_distress.errors import UsageError


@dataclass(frozen=True)
class _Part:
    interval: Interval
    sizes: Mapping[Hashable, int]
    """Conversations by prompt."""
    pulls: Mapping[Hashable, float]
    """By prompt, its share in the proportion's deviation: sum of (event - p) / n."""
    planned: float

    @property
    def error(self) -> float:
        """Standard error of the proportion."""
        one = self.interval
        return math.sqrt(one.estimate * (1 - one.estimate) * one.design_effect / one.n)


def macro_proportion(
    events: Mapping[str, ArrayLike],
    clusters: Mapping[str, Clusters],
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Interval:
    """Unweighted mean of the categories' proportions.

    Args:
        events: by category, shape (n,), each 0, 1 or NaN (missing).
        clusters: by category, the prompt of each event, shape (n,). Equal labels in two categories
            mean the same prompt.
        level: nominal coverage, between 0 and 1.
        planned_icc: the ICC to assume where the data cannot tell, from 0 to 1.

    The `Interval` counts observations over all categories and distinct clusters; `design_effect`
    and `icc` are NaN, for they belong to a category. NaN throughout where a category has no observation.

    Raises:
        UsageError: no category, categories without clusters, or what `clustered_proportion` refuses.
    """
    require_probability("level", level, inner=True)
    if not events or set(events) != set(clusters):
        raise UsageError(
            f"The macro average needs events and clusters of the same categories, but got "
            f"{', '.join(events) or 'none'} and {', '.join(clusters) or 'none'}."
        )
    parts = [_part(events[name], clusters[name], level, planned_icc) for name in events]
    count = sum(part.interval.n for part in parts)
    prompts = len({label for part in parts for label in part.sizes})
    if any(part.interval.n == 0 for part in parts):
        return Interval(
            math.nan, math.nan, math.nan, count, prompts, "an empty category", math.nan, math.nan
        )
    r = np.array([[_correlation(a, b, planned_icc) for b in parts] for a in parts])
    mean = sum(part.interval.estimate for part in parts) / len(parts)
    below = np.array([part.interval.estimate - part.interval.lower for part in parts])
    above = np.array([part.interval.upper - part.interval.estimate for part in parts])
    lower = max(mean - _length(below, r) / len(parts), 0.0)
    upper = min(mean + _length(above, r) / len(parts), 1.0)
    error = _length(np.array([part.error for part in parts]), r) / len(parts)
    if error > 0:
        worth = mean * (1 - mean) / error**2
        if min(mean, 1 - mean) * worth < EXACT_BELOW:
            exact = exact_ends(mean, worth, (1 - level) / 2)
            lower, upper = min(lower, exact[0]), max(upper, exact[1])
    return Interval(mean, lower, upper, count, prompts, "MOVER", math.nan, math.nan)


def _part(events: ArrayLike, clusters: Clusters, level: float, planned_icc: float) -> _Part:
    interval = clustered_proportion(events, clusters, level, planned_icc)
    values = np.asarray(events, dtype=np.float64)
    labels: Sequence[Hashable] = list(clusters)
    sizes: dict[Hashable, int] = {}
    pulls: dict[Hashable, float] = {}
    for value, label in zip(values, labels, strict=True):
        if not math.isnan(value):
            sizes[label] = sizes.get(label, 0) + 1
            pulls[label] = pulls.get(label, 0.0) + (value - interval.estimate) / interval.n
    members = [label for label, size in sizes.items() for _ in range(size)]
    return _Part(interval, sizes, pulls, planned_design_effect(members, planned_icc))


def _correlation(a: _Part, b: _Part, planned_icc: float) -> float:
    if a is b:
        return 1.0
    shared = a.sizes.keys() & b.sizes.keys()
    if not shared:
        return 0.0
    planned = (
        planned_icc
        * sum(a.sizes[g] * b.sizes[g] for g in shared)
        / math.sqrt(a.planned * a.interval.n * b.planned * b.interval.n)
    )
    spread = math.sqrt(_square(a.pulls) * _square(b.pulls))
    together = sum(a.pulls[g] * b.pulls[g] for g in shared)
    return min(max(planned, together / spread if spread > 0 else 0.0), 1.0)


def _square(pulls: Mapping[Hashable, float]) -> float:
    return sum(pull * pull for pull in pulls.values())


def _length(distances: Floats, r: Floats) -> float:
    return math.sqrt(max(float(distances @ r @ distances), 0.0))
