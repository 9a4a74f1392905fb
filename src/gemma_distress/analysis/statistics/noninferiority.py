"""Has arm B lost less than a margin against arm A on the same items? PASS, FAIL or UNDECIDED.

Values are scores from 0 (wrong) to 1 (right), a pair is one item answered once by either arm, and the pairs
of one item (its epochs) are a cluster. The difference is B minus A; a *loss* is a negative one.

* PASS: the one-sided lower bound of the difference lies above minus the margin.
* FAIL: the one-sided upper bound lies below it: the loss is shown to be larger than the margin.
* UNDECIDED: neither; `needed_if_nothing_lost` says how many items would tell.

"No significant change" is no PASS: few items show no change whatever the truth. A missing value decides
nothing: for the lower bound B counts as wrong and A as right wherever theirs is missing, for the upper bound
the reverse.

The bounds are the ends of a two-sided interval of level 2L - 1: `paired_difference` for right and wrong,
`paired_mean_difference` for fractions. Where fewer than `FEW_DISCORDANT` pairs of fractions differ their
spread says little, and each of them is taken for a whole item won or lost as well; the further end counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.statistics.clusters import (
    PLANNED_ICC,
    Clusters,
    Floats,
    observed,
    require_probability,
)
from gemma_distress.analysis.statistics.design import POWER
from gemma_distress.analysis.statistics.difference_size import DISCORDANT, items_for_margin
from gemma_distress.analysis.statistics.intervals import clustered_mean
from gemma_distress.analysis.statistics.paired import (
    FEW_DISCORDANT,
    Difference,
    paired_difference,
    paired_mean_difference,
)
from gemma_distress.errors import UsageError

Verdict = Literal["PASS", "FAIL", "UNDECIDED"]


@dataclass(frozen=True)
class NonInferiority:
    """The verdict on one set of items, and what it rests on."""

    verdict: Verdict
    margin: float
    level: float
    """Of each one-sided bound."""
    difference: Difference
    """Of the pairs of which both values are known; its ends are one-sided bounds of `level`."""
    lower: float
    """The bound that must lie above -margin, with what is missing counted against B; -1 without a pair."""
    upper: float
    """The bound that must lie below -margin for a FAIL, with what is missing counted for B."""
    items: int
    """Distinct ones, known or not."""
    unknown: int
    """Pairs of which a value is missing."""
    only_a: int
    """Pairs that A answers better than B; `only_b` the reverse; the others are ties."""
    only_b: int
    needed_if_nothing_lost: int
    """Items with which a model that truly lost nothing passes with a chance of 90%, at this discordance."""
    needed_as_observed: int | None
    """Items that decide with that chance if the loss truly is the observed one; None where it is the margin
    itself or unknown."""

    @property
    def items_needed(self) -> int | None:
        """For a verdict; None where there is one, or where more items are not what it wants (but the missing
        ones, or luck). Had nothing been lost, if that takes more items than there were, else if the loss is
        the observed one."""
        if self.verdict != "UNDECIDED":
            return None
        needed = (self.needed_if_nothing_lost, self.needed_as_observed)
        return next((one for one in needed if one is not None and one > self.items), None)


def noninferiority(
    a: ArrayLike,
    b: ArrayLike,
    items: Clusters,
    margin: float,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> NonInferiority:
    """The verdict by the rule of the module docstring.

    Args:
        a: scores of arm A, shape (n,), each from 0 to 1 or NaN (missing).
        b: scores of arm B on the same items, in the same order.
        items: the item of each pair, shape (n,), any hashable labels.
        margin: the loss that must be excluded, strictly between 0 and 1.
        level: of each one-sided bound, strictly between 0.5 and 1.
        planned_icc: the ICC to assume of one item's epochs where the data cannot tell.

    Raises:
        UsageError: shapes differ, a score lies outside 0 to 1, or margin or level is none.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    require_probability("margin", margin, inner=True)
    require_probability("level", level, inner=True)
    if level <= 0.5:
        raise UsageError(f"A one-sided bound of level {level:g} says nothing. Take 0.95 or so.")
    for name, values in (("A", first), ("B", second)):
        _require_scores(name, values)
    known = _difference(first, second, items, level, planned_icc)
    missing = np.isnan(first + second)
    lower, upper = known.lower, known.upper
    if missing.any():
        lower = _filled(first, second, items, level, planned_icc, for_b=False).lower
        upper = _filled(first, second, items, level, planned_icc, for_b=True).upper
    if len(first) == 0:
        lower, upper = -1.0, 1.0
    lower, upper = max(lower, -1.0), min(upper, 1.0)  # Student's t knows no ends of the scale
    differences = _by_item(second - first, items)
    variance = float(np.mean(differences**2)) if len(differences) else 0.0
    if np.count_nonzero(differences) < FEW_DISCORDANT:
        variance = max(variance, DISCORDANT)
    return NonInferiority(
        _verdict(lower, upper, margin),
        margin,
        level,
        known,
        lower,
        upper,
        len(set(items)),
        int(np.count_nonzero(missing)),
        int(np.count_nonzero(first > second)),
        int(np.count_nonzero(second > first)),
        items_for_margin(variance, margin, POWER, 1 - level),
        _as_observed(known.estimate, variance, margin, level),
    )


def _verdict(lower: float, upper: float, margin: float) -> Verdict:
    if lower > -margin:
        return "PASS"
    return "FAIL" if upper < -margin else "UNDECIDED"


def _difference(
    a: Floats, b: Floats, items: Clusters, level: float, planned_icc: float
) -> Difference:
    both = 2 * level - 1
    if a.shape != b.shape:  # refused there
        return paired_difference(a, b, items, both, planned_icc)
    known = ~np.isnan(a + b)
    if np.isin([a[known], b[known]], (0.0, 1.0)).all():
        return paired_difference(a, b, items, both, planned_icc)
    found = paired_mean_difference(a, b, items, both, planned_icc)
    if np.count_nonzero((a != b) & known) >= FEW_DISCORDANT:
        if not math.isnan(found.lower):
            return found
        # All pairs differ by the same: only the ends of the scale say how far others could be from it.
        alike = clustered_mean(b - a, items, both, planned_icc, (-1.0, 1.0))
        return replace(found, lower=alike.lower, upper=alike.upper, method=alike.method)
    won, lost = (np.where(known, better, np.nan) for better in (b > a, a > b))
    whole = paired_difference(lost, won, items, both, planned_icc)
    return replace(
        found,
        lower=float(np.fmin(found.lower, whole.lower)),
        upper=float(np.fmax(found.upper, whole.upper)),
        method="few pairs differ, each taken for a whole item",
    )


def _filled(
    a: Floats, b: Floats, items: Clusters, level: float, planned_icc: float, *, for_b: bool
) -> Difference:
    """The difference if whatever is missing spoke for B, or against it."""
    a = np.where(np.isnan(a), 0.0 if for_b else 1.0, a)
    b = np.where(np.isnan(b), 1.0 if for_b else 0.0, b)
    return _difference(a, b, items, level, planned_icc)


def _by_item(differences: Floats, items: Clusters) -> Floats:
    """Mean of each item's known differences."""
    known, members = observed(differences, items)
    means: Floats = np.bincount(members, weights=known) / np.bincount(members)
    return means


def _as_observed(observed: float, variance: float, margin: float, level: float) -> int | None:
    loss = min(observed, 0.0)
    if math.isnan(loss) or math.isclose(loss, -margin):
        return None
    return items_for_margin(variance, abs(margin + loss), POWER, 1 - level)


def _require_scores(name: str, values: Floats) -> None:
    wrong = values[(values < 0) | (values > 1)]
    if len(wrong):
        raise UsageError(
            f"A score lies from 0 (wrong) to 1 (right) or is NaN (missing), but {name} holds {wrong[0]:g}."
        )
