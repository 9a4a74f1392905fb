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

A band counts as many replies as it has, whether or not labels came back from it. Of replies that no
label stands for (those of a band, or of a stratum within it, in which nothing was labelled) any share
may be high: they add 0 to the lower draws and 1 to the upper. A band without labels leaves the
estimates open (NaN); within a band an estimate takes the others to be as the labelled ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


@dataclass(frozen=True)
class Band:
    """What labels say of the replies whose rating by the judge lies in one band.

    `replies` of all replies lie in it. `share` of them is truly high (NaN without labels), with draws
    of it that lean low and that lean high.
    """

    name: str
    replies: int
    share: float
    low: Floats
    high: Floats


class Side(NamedTuple):
    """Share of truly high replies on one side of the threshold: its estimate (NaN if a band there
    has no labels) and draws of it that lean low and that lean high."""

    share: float
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Verification:
    """Sensitivity and specificity of the judge at the threshold, and the bands they were made of."""

    sensitivity: Interval
    specificity: Interval
    bands: tuple[Band, ...]

    @property
    def unlabelled(self) -> tuple[Band, ...]:
        """The bands that hold replies and no label."""
        return tuple(one for one in self.bands if one.replies and math.isnan(one.share))


def verify(
    reference: ArrayLike,
    judged: ArrayLike,
    weights: ArrayLike,
    clusters: Clusters,
    rate: Interval,
    sizes: ArrayLike,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
    seed: int = 1,
) -> Verification:
    """Worth of a judge by labels of a stratified sample.

    Args:
        reference: the labels, shape (replies,), NaN = none.
        judged: the judge's ratings of the same replies, NaN = none.
        weights: how many replies each one stands for, also those without a label of a stratum that
            has none; NaN for replies that stand for none.
        clusters: the conversation of each reply.
        rate: the share that the judge rates high among all replies that the sample was drawn from.
        sizes: how many of these the judge rates in each band, as `sizes_of` counts.
        level: nominal coverage, of `rate` too.
        planned_icc: ICC assumed among the labels of one conversation.
        seed: of the draws.
    """
    y, b, w = (np.asarray(v, dtype=np.float64) for v in (reference, judged, weights))
    kept = ~np.isnan(b) & ~np.isnan(w)
    labels = np.array([str(c) for c in clusters], dtype=object)[kept]
    y, w, band = y[kept], w[kept], band_of(b[kept])
    known, high = ~np.isnan(y), (y >= HIGH).astype(float)
    rng = np.random.default_rng(seed)

    def banded(number: int, replies: int) -> Band:
        name, inside = "{}–{}".format(*BANDS[number]), (band == number) & known
        if not inside.any():
            return Band(name, replies, math.nan, np.zeros(DRAWS), np.ones(DRAWS))
        total = float(w[inside].sum())
        share = float((w * high)[inside].sum()) / total
        n = total**2 / float((w[inside] ** 2).sum())
        n /= planned_design_effect(labels[inside], planned_icc)
        x = n * share
        low = rng.beta(x, n - x + 1, DRAWS) if x > 0 else np.zeros(DRAWS)
        up = rng.beta(x + 1, n - x, DRAWS) if n - x > 1e-9 else np.ones(DRAWS)
        stood_for = total / float(w[band == number].sum())
        return Band(name, replies, share, stood_for * low, stood_for * up + 1 - stood_for)

    bands = tuple(banded(number, int(size)) for number, size in enumerate(np.asarray(sizes)))
    misses, hits = _side(bands, sizes, above=False), _side(bands, sizes, above=True)
    rates = drawn_rates(rate, DRAWS, rng, level)
    p, groups = rate.estimate, len(set(labels[known]))

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
            int(high[known].sum()),
        ),
        specificity=interval(
            float(specificity(p, hits.share, misses.share)),
            specificity(rates, hits.low, misses.high),
            specificity(rates, hits.high, misses.low),
            int((1 - high)[known].sum()),
        ),
        bands=bands,
    )


def verified_rate(
    rate: Interval, sizes: ArrayLike, found: Verification, level: float = 0.95, seed: int = 1
) -> Corrected:
    """The rate of replies from which labels were drawn, or of some of them, corrected by the labels.

    `rate × hits + (1 − rate) × misses`, of which each is the bands' shares of truly high replies,
    weighted by these replies' own `sizes` (`sizes_of`); for all replies this is the estimator of Rogan
    and Gladen with the sensitivity and specificity found. The interval carries the uncertainty of the
    clustered rate and of the labels. Where a band that these replies use has no labels the estimate is
    NaN, and the interval holds whatever that band may be.
    """
    hits, misses = _side(found.bands, sizes, above=True), _side(found.bands, sizes, above=False)
    rates = drawn_rates(rate, DRAWS, np.random.default_rng(seed), level)

    def true(r: ArrayLike, hit: ArrayLike, miss: ArrayLike) -> Floats:
        return _times(r, hit) + _times(1 - np.asarray(r), miss)

    estimate = float(true(rate.estimate, hits.share, misses.share))
    lower, upper = _ends(
        estimate, true(rates, hits.low, misses.low), true(rates, hits.high, misses.high), level
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


def sizes_of(ratings: ArrayLike) -> NDArray[np.intp]:
    """How many of these ratings lie in each band, shape (bands,); NaN in none."""
    r = np.asarray(ratings, dtype=np.float64)
    return np.bincount(band_of(r[~np.isnan(r)]), minlength=len(BANDS))


def _side(bands: Sequence[Band], sizes: ArrayLike, above: bool) -> Side:
    """The bands of one side of the threshold, weighted by these sizes."""
    counts = np.asarray(sizes, dtype=np.float64)
    own = [n for n, (first, _) in enumerate(BANDS) if (first >= HIGH) == above and counts[n] > 0]
    if not own:
        return Side(math.nan, np.zeros(DRAWS), np.ones(DRAWS))
    weights = counts[own] / counts[own].sum()
    return Side(
        float(sum(w * bands[n].share for w, n in zip(weights, own, strict=True))),
        weights @ np.stack([bands[n].low for n in own]),
        weights @ np.stack([bands[n].high for n in own]),
    )


def _times(amount: ArrayLike, share: ArrayLike) -> Floats:
    """Amount × share, 0 where there is no amount, even of an unknown share."""
    a, s = np.asarray(amount, dtype=np.float64), np.asarray(share, dtype=np.float64)
    return np.where(a == 0, 0.0, a * s)


def _part(one: Floats, other: Floats) -> Floats:
    """one / (one + other), NaN where both are 0."""
    with np.errstate(invalid="ignore"):
        return np.where(one + other == 0, math.nan, one / (one + other))


def _ends(estimate: float, low: Floats, high: Floats, level: float) -> tuple[float, float]:
    """The ends of an interval that holds the estimate, if there is one; undefined draws lean either
    way."""
    lower = float(np.quantile(np.nan_to_num(low, nan=0.0), (1 - level) / 2))
    upper = float(np.quantile(np.nan_to_num(high, nan=1.0), (1 + level) / 2))
    return float(np.fmin(lower, estimate)), float(np.fmax(upper, estimate))
