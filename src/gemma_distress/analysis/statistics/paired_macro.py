"""The difference of two macro averages on paired conversations: the mean of the categories' differences.

Built as `macro.macro_proportion` is, with each category's `paired_difference` in the place of its
proportion: with d_a and its own interval [l_a, u_a] for each of K categories,

    lower = M - sqrt(sum_ab r_ab (d_a - l_a)(d_b - l_b)) / K,    upper likewise with (u - d)

r_ab is the correlation of two categories' differences where they ask the same prompts, estimated from the
prompts' totals and never taken below 0, and 0 where they share none.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from gemma_distress.analysis.statistics.clusters import PLANNED_ICC, Clusters, Floats, observed
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.analysis.statistics.paired import (
    Difference,
    no_difference,
    paired_difference,
)
from gemma_distress.analysis.statistics.swaps import SwapTest, sign_flip


@dataclass(frozen=True)
class Arms:
    """Paired events of one category: shapes (n,), each 0, 1 or NaN, with the prompt of each pair."""

    a: Floats
    b: Floats
    clusters: Clusters


def macro_difference(
    categories: Mapping[str, Arms], level: float = 0.95, planned_icc: float = PLANNED_ICC
) -> tuple[Difference, SwapTest]:
    """Unweighted mean of the categories' differences B - A, and the sign-flip test of just that mean.

    The arms' own intervals are their macro averages over the complete pairs. Where a category has no complete
    pair there is no average: the difference is NaN and `undefined` names the categories, the test has n = 0.

    Raises:
        UsageError: no category, or what `paired_difference` refuses.
    """
    differences = {
        name: paired_difference(arms.a, arms.b, arms.clusters, level, planned_icc)
        for name, arms in categories.items()
    }
    labels = {name: list(arms.clusters) for name, arms in categories.items()}
    first = macro_proportion(
        {name: _where(arms.a, arms.b) for name, arms in categories.items()},
        labels,
        level,
        planned_icc,
    )
    second = macro_proportion(
        {name: _where(arms.b, arms.a) for name, arms in categories.items()},
        labels,
        level,
        planned_icc,
    )
    count = len(categories)
    empty = [name for name, one in differences.items() if one.undefined]
    if empty:
        undefined = f"{', '.join(empty)} {'has' if len(empty) == 1 else 'have'} no complete pair"
        return no_difference(first, second, undefined), sign_flip([], [])
    shares = [_shares(arms, differences[name]) for name, arms in categories.items()]
    r = np.array([[_correlation(x, y, x is y) for y in shares] for x in shares])
    below = np.array([one.estimate - one.lower for one in differences.values()])
    above = np.array([one.upper - one.estimate for one in differences.values()])
    mean = sum(one.estimate for one in differences.values()) / count
    lower = max(mean - math.sqrt(float(below @ r @ below)) / count, -1.0)
    upper = min(mean + math.sqrt(float(above @ r @ above)) / count, 1.0)
    found = Difference(
        mean, lower, upper, first, second, first.n, first.clusters, 0.0, "MOVER, macro average"
    )
    weighted = [
        (arms.b - arms.a) / (count * differences[name].n) for name, arms in categories.items()
    ]
    prompts = [label for name in categories for label in labels[name]]
    return found, sign_flip(np.concatenate(weighted), prompts)


def _where(values: Floats, others: Floats) -> Floats:
    return np.where(np.isnan(others), np.nan, values)


def _shares(arms: Arms, difference: Difference) -> dict[Hashable, float]:
    """By prompt, its share in the deviation of the category's difference."""
    d = arms.b - arms.a
    known = [label for label, value in zip(arms.clusters, d, strict=True) if not math.isnan(value)]
    values, members = observed(d, arms.clusters)
    totals = np.bincount(members, weights=values - difference.estimate)
    return dict(zip(dict.fromkeys(known), totals.tolist(), strict=True))


def _correlation(x: dict[Hashable, float], y: dict[Hashable, float], same: bool) -> float:
    if same:
        return 1.0
    size = math.sqrt(sum(v * v for v in x.values()) * sum(v * v for v in y.values()))
    together = sum(x[label] * y[label] for label in x.keys() & y.keys())
    return min(max(together / size, 0.0), 1.0) if size > 0 else 0.0
