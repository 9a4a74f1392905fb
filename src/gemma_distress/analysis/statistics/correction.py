"""A measured rate, corrected for what the judge gets wrong.

A judge that finds a share `Se` of the high replies (sensitivity) and passes a share `Sp` of the
others (specificity) reports `rate = true × Se + (1 − true) × (1 − Sp)`. Solved for the true rate
this is the estimator of Rogan and Gladen (1978, American Journal of Epidemiology 107:71), cut to
[0, 1]. It undoes errors that the judge makes as often here as where Se and Sp were measured; with
other text, or another mix of near misses, they differ.

`corrected_rate` is for Se and Sp that were measured on *other* replies than the rate. Its interval
is that of Lang and Reiczigel (2014, Preventive Veterinary Medicine 113:13), which carries the
uncertainty of all three. The paper counts independent trials; here each proportion counts as many
as would give its clustered interval (`effective_size`). `verification.verified_rate` is for labels
drawn from the very replies whose rate is corrected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gemma_distress.analysis.statistics.clusters import Floats, require_probability
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.wilson import wilson
from gemma_distress.errors import UsageError


@dataclass(frozen=True)
class Corrected:
    """A rate as measured and as corrected, to be shown side by side, and what the judge was worth."""

    measured: Interval
    corrected: Interval
    sensitivity: Interval
    specificity: Interval


def rogan_gladen(rate: float, sensitivity: float, specificity: float) -> float:
    """The true rate that a measured one stands for, cut to [0, 1].

    Raises:
        UsageError: The judge is no better than chance (Se + Sp ≤ 1), or a value is no probability.
    """
    for name, value in (
        ("rate", rate),
        ("sensitivity", sensitivity),
        ("specificity", specificity),
    ):
        require_probability(name, value)
    return min(max((rate + specificity - 1) / _worth(sensitivity, specificity), 0.0), 1.0)


def corrected_rate(
    rate: Interval, sensitivity: Interval, specificity: Interval, level: float = 0.95
) -> Corrected:
    """Rogan–Gladen with the interval of Lang and Reiczigel, from three clustered intervals.

    All three are at the same `level`, and stem from different replies.

    Raises:
        UsageError: One of the three is unknown, or Se + Sp ≤ 1.
    """
    require_probability("level", level, inner=True)
    for name, interval, lack in (
        ("rate", rate, "no reply is rated"),
        ("sensitivity", sensitivity, "the reference rates no reply high"),
        ("specificity", specificity, "the reference rates every reply high"),
    ):
        if math.isnan(interval.estimate) or math.isnan(interval.upper):
            raise UsageError(
                f"The rate cannot be corrected: its {name} is unknown, because {lack}. Compare the "
                "graders on replies of both kinds."
                if name != "rate"
                else f"There is no rate to correct: {lack}."
            )
    estimate = rogan_gladen(rate.estimate, sensitivity.estimate, specificity.estimate)
    lower, upper = lang_reiczigel(
        rate.estimate,
        effective_size(rate, level),
        sensitivity.estimate,
        effective_size(sensitivity, level),
        specificity.estimate,
        effective_size(specificity, level),
        level,
    )
    corrected = Interval(
        estimate,
        min(lower, estimate),
        max(upper, estimate),
        rate.n,
        rate.clusters,
        "Rogan–Gladen, Lang–Reiczigel on effective sizes",
        rate.design_effect,
        rate.icc,
    )
    return Corrected(rate, corrected, sensitivity, specificity)


def lang_reiczigel(
    rate: float,
    n: float,
    sensitivity: float,
    n_sensitivity: float,
    specificity: float,
    n_specificity: float,
    level: float = 0.95,
) -> tuple[float, float]:
    """Bounds of the true rate from three independent proportions and their sizes, in [0, 1].

    One success and one failure are added to the trials of Se and Sp, z²/2 of each to those of the
    rate; the normal interval of the corrected rate is then moved by their equation 17. (Their
    equation 4 prints (1 + P)² for (1 − P)²; their examples use the latter.)

    Raises:
        UsageError: With the added trials the judge is no better than chance.
    """
    z = float(stats.norm.ppf((1 + level) / 2))
    n, p = n + z**2, (n * rate + z**2 / 2) / (n + z**2)
    se = (n_sensitivity * sensitivity + 1) / (n_sensitivity + 2)
    sp = (n_specificity * specificity + 1) / (n_specificity + 2)
    worth = _worth(se, sp)
    true = (p + sp - 1) / worth
    of_se, of_sp = se * (1 - se) / (n_sensitivity + 2), sp * (1 - sp) / (n_specificity + 2)
    centre = true + 2 * z**2 * (true * of_se - (1 - true) * of_sp)
    error = math.sqrt(p * (1 - p) / n + true**2 * of_se + (1 - true) ** 2 * of_sp) / worth
    return min(max(centre - z * error, 0.0), 1.0), max(min(centre + z * error, 1.0), 0.0)


def effective_size(interval: Interval, level: float = 0.95) -> float:
    """Independent trials whose Wilson interval is as long as this one.

    A Wilson interval of proportion p and half length h has k = z²/n with
    `(1/4 − h²) k² + (p(1 − p) − 2h²) k − h² = 0`.
    """
    p, h = interval.estimate, (interval.upper - interval.lower) / 2
    a, b = 0.25 - h * h, p * (1 - p) - 2 * h * h
    if a <= 0:
        return 0.0  # the interval is [0, 1]: as good as no trial
    k = (-b + math.sqrt(b * b + 4 * a * h * h)) / (2 * a)
    return float(stats.norm.ppf((1 + level) / 2)) ** 2 / k


def drawn_rates(interval: Interval, size: int, rng: np.random.Generator, level: float) -> Floats:
    """Values of a proportion as likely as its Wilson interval has them: its bounds at random levels."""
    n = effective_size(interval, level)
    scores = rng.standard_normal(size)
    p = interval.estimate
    if n == 0:
        return rng.random(size)
    bounds = (wilson(p, float(z) ** 2 / n) for z in scores)
    return np.array([ends[int(z > 0)] for z, ends in zip(scores, bounds, strict=True)])


def _worth(sensitivity: float, specificity: float) -> float:
    """Se + Sp − 1: how much of a true difference the judge lets through."""
    worth = sensitivity + specificity - 1
    if worth <= 0:
        raise UsageError(
            f"With sensitivity {sensitivity:.3f} and specificity {specificity:.3f} this judge rates "
            "replies high no more often when they are than when they are not (the two sum to at most "
            "1). No rate can be corrected with it; use another judge."
        )
    return worth
