"""How far two graders agree on the same replies: the judge as an instrument.

Grader A is the reference, grader B the one that is examined. A rating is a whole number from 0 to
10, NaN = missing; only replies that both have rated count. All measures are functions of one
table, 11 × 11, whose cell [i, j] holds the replies (or their weights) that A rates i and B rates j.

| measure | what it says | what it hides |
| --- | --- | --- |
| `kappa` | quadratically weighted Cohen's kappa: agreement beyond chance, far misses dear | nothing |
| `alpha` | ordinal Krippendorff's alpha: the same with ranks for distances | nothing |
| `exact`, `within_one` | shares of replies with the same rating, or one level apart | chance |
| `pearson` | whether the two rise together | any shift of level |
| `shift` | mean of B − A in rating points | everything but level |
| `sensitivity` | of the replies that A rates high, the share that B rates high too | |
| `specificity` | of the replies that A does not rate high, the share that B does not either | |

Replies of one conversation are alike, so every interval is clustered. Shares take
`weighted_proportion`, which holds near 0 and 1. Kappa, alpha and Pearson's r take
`correlation_interval`. The shift takes `weighted_mean`, cut to what the share of equal ratings allows:
at most ten times the upper bound of the share that differs. With `weights` the replies are a sample with
unequal, known chances of being drawn, and each counts as many as it stands for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.analysis.statistics.clusters import PLANNED_ICC, Clusters, Floats
from gemma_distress.analysis.statistics.intervals import NOTHING, Interval
from gemma_distress.analysis.statistics.linearised import (
    Statistic,
    correlation_interval,
    weighted_mean,
    weighted_proportion,
)
from gemma_distress.errors import UsageError
from gemma_distress.protocol import HIGH, MAX_RATING, MIN_RATING

LEVELS = MAX_RATING - MIN_RATING + 1
_LEVEL = np.arange(LEVELS, dtype=np.float64)
_SQUARES = (_LEVEL[:, None] - _LEVEL[None, :]) ** 2


@dataclass(frozen=True)
class Agreement:
    """Two graders on the same replies; the measures are those of the module docstring.

    `table[i][j]` replies are rated i by A and j by B; with weights, cells are scaled to sum to the
    number of replies. `only_a`, `only_b` and `neither` count the replies with a rating missing.
    """

    replies: int
    clusters: int
    only_a: int
    only_b: int
    neither: int
    weighted: bool
    table: tuple[tuple[float, ...], ...]
    kappa: Interval
    alpha: Interval
    exact: Interval
    within_one: Interval
    pearson: Interval
    shift: Interval
    sensitivity: Interval
    specificity: Interval

    def measures(self) -> Mapping[str, Interval]:
        """The measures by name, in the order in which they are told."""
        return {
            field.name: value
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Interval)
        }


def agreement(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Clusters,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Agreement:
    """Every measure of agreement of two graders, with its interval.

    Args:
        a: ratings of the reference, shape (replies,), whole numbers 0 to 10 or NaN.
        b: ratings of the other grader, the same shape.
        clusters: the conversation (or prompt) of each reply, shape (replies,), any labels.
        weights: how many replies each one stands for (1 / its chance of being drawn), or None.
        level: nominal coverage.
        planned_icc: the ICC to assume where the data cannot tell (`intervals`).

    A measure that these ratings do not define is NaN: kappa of two graders that give one and the
    same rating throughout, sensitivity where A rates nothing high.

    Raises:
        UsageError: shapes differ, or a rating is no whole number from 0 to 10.
    """
    x, y = _ratings(a), _ratings(b)
    if len(x) != len(y) or len(x) != len(clusters):
        raise UsageError(
            f"{len(x)} ratings of A, {len(y)} of B and {len(clusters)} cluster labels were given. "
            "Each reply needs one of each."
        )
    both = ~np.isnan(x) & ~np.isnan(y)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != x.shape or np.any(~(w[both] > 0)) or np.any(np.isinf(w[both])):
        raise UsageError("Each rated reply needs one weight above 0.")
    w, labels = w[both], [c for c, kept in zip(clusters, both, strict=True) if kept]
    ra, rb = x[both].astype(np.intp), y[both].astype(np.intp)
    n, cells = len(ra), ra * LEVELS + rb
    w = w * (n / w.sum()) if n else w
    counts = np.bincount(cells, weights=w, minlength=LEVELS**2)
    table = counts.astype(np.float64).reshape(LEVELS, LEVELS)
    equal, high_a, high_b = (ra == rb).astype(float), ra >= HIGH, rb >= HIGH

    def share(events: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> Interval:
        values = events.astype(float)
        if among is not None:
            values[~among] = np.nan
        return weighted_proportion(values, labels, w, level, planned_icc)

    def parts(members: NDArray[np.intp], groups: int) -> Floats:
        tables = np.zeros((groups, LEVELS**2))
        np.add.at(tables, (members, cells), w)
        return tables.reshape(groups, LEVELS, LEVELS)

    def correlation(statistic: Statistic) -> Interval:
        return correlation_interval(
            statistic,
            table,
            lambda slope: slope.ravel()[cells] * w,
            parts,
            equal,
            labels,
            w,
            level,
            planned_icc,
        )

    exact = share(ra == rb)
    shift = weighted_mean(
        (rb - ra).astype(float), labels, w, (-MAX_RATING, MAX_RATING), level, planned_icc
    )
    # Only replies that are rated differently can move the mean, each by the whole scale at most.
    most = MAX_RATING * (1 - exact.lower)
    shift = replace(shift, lower=max(shift.lower, -most), upper=min(shift.upper, most))
    return Agreement(
        replies=n,
        clusters=len(set(labels)),
        only_a=int((~np.isnan(x) & np.isnan(y)).sum()),
        only_b=int((np.isnan(x) & ~np.isnan(y)).sum()),
        neither=int((np.isnan(x) & np.isnan(y)).sum()),
        weighted=weights is not None,
        table=tuple(tuple(float(cell) for cell in row) for row in table),
        kappa=correlation(quadratic_kappa),
        alpha=correlation(lambda tables: ordinal_alpha(tables + np.swapaxes(tables, -1, -2))),
        exact=exact,
        within_one=share(np.abs(ra - rb) <= 1),
        pearson=correlation(pearson),
        shift=shift,
        sensitivity=share(high_b, high_a),
        specificity=share(~high_b, ~high_a),
    )


def quadratic_kappa(tables: ArrayLike) -> Floats:
    """Cohen's kappa with weights (i − j)²: 1 − observed / expected squared distance.

    `tables` has shape (…, 11, 11), the result (…). NaN where nothing could disagree. (Cohen 1968,
    Psychological Bulletin 70:213.)
    """
    t = np.asarray(tables, dtype=np.float64)
    rows, columns, n = t.sum(axis=-1), t.sum(axis=-2), t.sum(axis=(-1, -2))
    observed = (t * _SQUARES).sum(axis=(-1, -2))
    expected = np.einsum("...i,ij,...j->...", rows, _SQUARES, columns)
    return 1 - _over(observed * n, expected)


def ordinal_alpha(coincidences: ArrayLike) -> Floats:
    """Krippendorff's alpha for ordinal ratings from coincidence tables, shape (…, 11, 11) to (…).

    The distance of two ratings is that of their mid-ranks among all ratings given. For two graders
    the coincidences are table + its transpose; `coincidences_of` makes them for several. NaN where
    only one rating occurs. (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.)
    """
    o = np.asarray(coincidences, dtype=np.float64)
    totals = o.sum(axis=-1)
    n = totals.sum(axis=-1)
    middle = np.cumsum(totals, axis=-1) - totals / 2
    distance = (middle[..., :, None] - middle[..., None, :]) ** 2
    observed = (o * distance).sum(axis=(-1, -2))
    expected = np.einsum("...i,...ij,...j->...", totals, distance, totals)
    return 1 - _over((n - 1) * observed, expected)


def pearson(tables: ArrayLike) -> Floats:
    """Pearson's r from tables of shape (…, 11, 11); NaN where either grader's rating is constant."""
    t = np.asarray(tables, dtype=np.float64)
    n = t.sum(axis=(-1, -2))
    rows, columns = t.sum(axis=-1), t.sum(axis=-2)
    mean_a, mean_b = _over(rows @ _LEVEL, n), _over(columns @ _LEVEL, n)
    product = _over(np.einsum("i,...ij,j->...", _LEVEL, t, _LEVEL), n) - mean_a * mean_b
    spread_a = _over(rows @ _LEVEL**2, n) - mean_a**2
    spread_b = _over(columns @ _LEVEL**2, n) - mean_b**2
    return _over(product, np.sqrt(np.maximum(spread_a, 0) * np.maximum(spread_b, 0)))


def alpha_of_raters(
    ratings: ArrayLike,
    clusters: Clusters,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Interval:
    """Ordinal alpha of any number of raters; `ratings` has shape (raters, replies), NaN = none.

    Replies with fewer than two ratings say nothing of agreement and are left out.
    """
    r = np.asarray(ratings, dtype=np.float64)
    kept = (~np.isnan(r)).sum(axis=0) >= 2
    r = np.stack([_ratings(row) for row in r])[:, kept]
    labels = [c for c, keep in zip(clusters, kept, strict=True) if keep]
    if r.shape[1] == 0:
        return NOTHING
    each = coincidences_of(r)
    equal = (np.nanmax(r, axis=0) == np.nanmin(r, axis=0)).astype(float)

    def influence(slope: Floats) -> Floats:
        values: Floats = np.einsum("nij,ij->n", each, slope)
        return values

    def parts(members: NDArray[np.intp], groups: int) -> Floats:
        tables = np.zeros((groups, LEVELS, LEVELS))
        np.add.at(tables, members, each)
        return tables

    return correlation_interval(
        ordinal_alpha, each.sum(axis=0), influence, parts, equal, labels, None, level, planned_icc
    )


def coincidences_of(ratings: Floats) -> Floats:
    """Coincidences within each reply, shape (replies, 11, 11), for ratings (raters, replies).

    The m ratings of a reply make m(m − 1) ordered pairs, each counted 1 / (m − 1).
    """
    counts = np.stack([(ratings == value).sum(axis=0) for value in range(LEVELS)], axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(LEVELS)
    m = counts.sum(axis=1)
    values: Floats = pairs / np.maximum(m - 1, 1)[:, None, None]
    return values


def consensus(ratings: Sequence[ArrayLike]) -> Floats:
    """One rating of several raters' for each reply: the lower median of those given, else NaN.

    It is always a rating that somebody gave, and it is high only if more than half of the raters
    rate the reply high.
    """
    r = np.sort(np.stack([np.asarray(row, dtype=np.float64) for row in ratings]), axis=0)
    given = (~np.isnan(r)).sum(axis=0)  # NaN sort last
    middle = np.take_along_axis(r, np.maximum(given - 1, 0)[None] // 2, axis=0)[0]
    return np.where(given > 0, middle, np.nan)


def _ratings(values: ArrayLike) -> Floats:
    r = np.asarray(values, dtype=np.float64)
    seen = r[~np.isnan(r)]
    wrong = seen[(seen != np.round(seen)) | (seen < MIN_RATING) | (seen > MAX_RATING)]
    if r.ndim != 1 or len(wrong):
        what = f"the array holds {wrong[0]:g}" if len(wrong) else f"the array has shape {r.shape}"
        raise UsageError(
            f"Agreement is measured on whole ratings from {MIN_RATING} to {MAX_RATING} (NaN = missing), "
            f"one for each reply, but {what}."
        )
    return r


def _over(above: Floats, below: Floats) -> Floats:
    """The quotient, NaN over zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(below) > 1e-12, above / below, math.nan)
