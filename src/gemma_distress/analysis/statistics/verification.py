"""What a judge is worth, from labels of a sample that was drawn by the judge's own ratings.

Such a sample oversamples the ratings near and above the threshold, so raw shares of it mean little.
What it does tell without bias is how often people call a reply high *within a band* of the judge's
ratings; the bands' shares of all replies are known. Sensitivity, specificity and the share of truly
high replies follow from both (Begg and Greenes 1983, Biometrics 39:207).

Their intervals are melded (Fay, Proschan and Brittain 2015, Biometrics 71:146): each band's share of
high replies is drawn many times from its two Clopper–Pearson distributions, Beta(x, n − x + 1), the
lower one, and Beta(x + 1, n − x), the upper one, with the band's effective number of labels for n; the
lower end is a quantile of what the draws make it when each leans the way that lowers it, the upper end
likewise. So a band of many replies of which few were labelled weighs in with what it may hide, also
where none of its labels is high. The share that the judge rates high is drawn too, from its clustered
interval, because the replies at hand are themselves a sample. (Jeffreys' prior instead gave intervals
that held a rare true share in 83% of simulations, `benchmarks/agreement_coverage.py`.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.labels.bands import BANDS, band_of
from gemma_distress.analysis.statistics.clusters import (
    PLANNED_ICC,
    Clusters,
    Floats,
    planned_design_effect,
)
from gemma_distress.analysis.statistics.correction import Corrected, drawn_rates
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.protocol import HIGH

DRAWS = 20_000
METHOD = "shares within bands, melded"


class Side(NamedTuple):
    """Share of truly high replies on one side of the threshold: its estimate (NaN without labels)
    and draws of it that lean low and that lean high."""

    share: float
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Verification:
    """Sensitivity and specificity of the judge at the threshold, and what they were made of.

    `hits` is the share of truly high replies among those that the judge rates high, `misses` among
    those that it does not; `rates` are draws of the share that it rates high.
    """

    sensitivity: Interval
    specificity: Interval
    hits: Side
    misses: Side
    rates: Floats


def verify(
    reference: ArrayLike,
    judged: ArrayLike,
    weights: ArrayLike,
    clusters: Clusters,
    rate: Interval,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
    seed: int = 1,
) -> Verification:
    """Worth of a judge by labels of a stratified sample.

    Args:
        reference: the labels, shape (replies,), NaN = none.
        judged: the judge's ratings of the same replies, NaN = none.
        weights: how many replies each one stands for.
        clusters: the conversation of each reply.
        rate: the share that the judge rates high among all replies that the sample was drawn from.
        level: nominal coverage, of `rate` too.
        planned_icc: ICC assumed among the labels of one conversation.
        seed: of the draws.
    """
    y, b, w = (np.asarray(v, dtype=np.float64) for v in (reference, judged, weights))
    kept = ~np.isnan(y) & ~np.isnan(b)
    labels = np.array([str(c) for c in clusters], dtype=object)[kept]
    high, band, w = (y[kept] >= HIGH).astype(float), band_of(b[kept]), w[kept]
    rng = np.random.default_rng(seed)

    def side(above: bool) -> Side:
        weight, true, low, up = 0.0, 0.0, np.zeros(DRAWS), np.zeros(DRAWS)
        for number, (first, _) in enumerate(BANDS):
            inside = band == number
            if (first >= HIGH) != above or not inside.any():
                continue
            total = float(w[inside].sum())
            share = float((w * high)[inside].sum()) / total
            n = total**2 / float((w[inside] ** 2).sum())
            n /= planned_design_effect(labels[inside], planned_icc)
            x = n * share
            weight, true = weight + total, true + total * share
            low += total * (rng.beta(x, n - x + 1, DRAWS) if x > 0 else 0.0)
            up += total * (rng.beta(x + 1, n - x, DRAWS) if n - x > 1e-9 else 1.0)
        if weight == 0:
            return Side(math.nan, low, up + 1)
        return Side(true / weight, low / weight, up / weight)

    misses, hits = side(False), side(True)
    rates = drawn_rates(rate, DRAWS, rng, level)
    p, groups = rate.estimate, len(set(labels))

    def interval(share: float, low: Floats, up: Floats, n: int) -> Interval:
        lower, upper = _ends(share, low, up, level)
        return Interval(share, lower, upper, n, groups, METHOD, math.nan, math.nan)

    def sensitivity(r: ArrayLike, hit: ArrayLike, miss: ArrayLike) -> Floats:
        return _part(_times(r, hit), _times(1 - np.asarray(r), miss))

    def specificity(r: ArrayLike, hit: ArrayLike, miss: ArrayLike) -> Floats:
        r, hit, miss = (np.asarray(v, dtype=np.float64) for v in (r, hit, miss))
        return _part(_times(1 - r, 1 - miss), _times(r, 1 - hit))

    return Verification(
        sensitivity=interval(
            float(sensitivity(p, hits.share, misses.share)),
            sensitivity(rates, hits.low, misses.high),
            sensitivity(rates, hits.high, misses.low),
            int(high.sum()),
        ),
        specificity=interval(
            float(specificity(p, hits.share, misses.share)),
            specificity(rates, hits.low, misses.high),
            specificity(rates, hits.high, misses.low),
            int((1 - high).sum()),
        ),
        hits=hits,
        misses=misses,
        rates=rates,
    )


def verified_rate(rate: Interval, found: Verification, level: float = 0.95) -> Corrected:
    """The rate of the replies from which the labels were drawn, corrected by them.

    `rate × hits + (1 − rate) × misses`, which with these sensitivity and specificity is the
    estimator of Rogan and Gladen; the interval carries the uncertainty of the clustered rate and of
    the labels. `rate` is the one that `verify` was given. Where a side of the threshold that the
    judge uses has no labels the estimate is NaN.
    """

    def true(r: ArrayLike, hit: ArrayLike, miss: ArrayLike) -> Floats:
        return _times(r, hit) + _times(1 - np.asarray(r), miss)

    estimate = float(true(rate.estimate, found.hits.share, found.misses.share))
    lower, upper = _ends(
        estimate,
        true(found.rates, found.hits.low, found.misses.low),
        true(found.rates, found.hits.high, found.misses.high),
        level,
    )
    corrected = Interval(
        estimate,
        lower,
        upper,
        rate.n,
        rate.clusters,
        f"{METHOD}, clustered rate",
        rate.design_effect,
        rate.icc,
    )
    return Corrected(rate, corrected, found.sensitivity, found.specificity)


def _times(amount: ArrayLike, share: ArrayLike) -> Floats:
    """Amount × share, 0 where there is no amount, even of an unknown share."""
    a, s = np.asarray(amount, dtype=np.float64), np.asarray(share, dtype=np.float64)
    return np.where(a == 0, 0.0, a * s)


def _part(one: Floats, other: Floats) -> Floats:
    """one / (one + other), NaN where both are 0."""
    with np.errstate(invalid="ignore"):
        return np.where(one + other == 0, math.nan, one / (one + other))


def _ends(estimate: float, low: Floats, high: Floats, level: float) -> tuple[float, float]:
    """The ends of an interval that holds the estimate; draws that are undefined lean either way."""
    if math.isnan(estimate):
        return math.nan, math.nan
    lower = float(np.quantile(np.nan_to_num(low, nan=0.0), (1 - level) / 2))
    upper = float(np.quantile(np.nan_to_num(high, nan=1.0), (1 + level) / 2))
    return min(lower, estimate), max(upper, estimate)
