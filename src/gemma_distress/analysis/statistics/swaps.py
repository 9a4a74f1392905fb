"""Do two arms differ? Exact tests on paired conversations, in which the prompt is the unit.

Under the hypothesis that both arms behave alike, to swap the two arms within a prompt changes nothing
about what one would expect to see. So the sum of the differences B - A over all pairs is compared with
the sums that all such swaps would give, and p is the share of swaps whose sum is at least as far from 0
as the one observed (Fisher 1935, *The Design of Experiments*, §21). The observed arrangement is one of
them, so p is never 0. Nothing is assumed of the pairs within a prompt: they are swapped together.

* Every prompt holds one pair and values are events: this is McNemar's exact test, the binomial test
  of the discordant pairs (McNemar 1947, Psychometrika 12:153), and is called so.
* Prompts hold several pairs: the sign-flip test over prompts. Whole numbers (events) are counted
  exactly however many prompts there are, since their sums take few values. Other numbers are
  enumerated for up to `ENUMERATED` prompts that differ, and above that `DRAWS` random swaps are
  drawn from a fixed seed and p = (1 + as far) / (1 + drawn).

Only prompts whose difference is not 0 decide. With k of them p cannot be below 2^(1 - k): five can
never reach 5%, and `least` says so. Sums of events take few values, so exact tests are cautious: two runs
of one model come out under 5% in 1.5 to 4.3% of comparisons, not in 5% (`benchmarks/comparison.py`). `mid_p`
counts the swaps just as far as the observed one half (Lancaster 1961, JASA 56:223) and comes out under 5%
in 3.7 to 5.2%, but may exceed its level. Verdicts rest on `p`.

Turns are never the unit: the replies of one conversation are one observation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gemma_distress.analysis.statistics.clusters import Clusters, Floats, observed
from gemma_distress.errors import UsageError
from gemma_distress.protocol import DEFAULT_SEED

ENUMERATED = 14
"""So many prompts are enumerated: 2^14 swaps take a hundredth of a second."""

DRAWS = 20_000
"""Random swaps beyond that: a p of 5% is then known to 0.3 points (two standard errors)."""

_SIGNS_AT_ONCE = 1_000_000
"""Random signs held in memory at a time, 8 MB of them."""


@dataclass(frozen=True)
class SwapTest:
    """A two-sided p and what it rests on. `higher` and `lower` count the units that decide."""

    p: float
    mid_p: float
    """With the swaps that are just as far as the observed one counted half: less cautious than `p`."""
    n: int
    """Complete pairs; where there is none p is NaN."""
    clusters: int
    higher: int
    """Pairs (McNemar) or prompts (sign-flip) in which B is above A."""
    lower: int
    """The same in which B is below A."""
    least: float
    """The smallest p that so many deciding units can give; 1 where none differs."""
    method: str


def paired_test(a: ArrayLike, b: ArrayLike, clusters: Clusters) -> SwapTest:
    """McNemar's exact test if the values are events and no prompt repeats, else sign-flip over prompts.

    Args:
        a: values of arm A, shape (n,), NaN = missing.
        b: values of arm B on the same conversations, in the same order.
        clusters: the prompt of each pair, shape (n,), any hashable labels.

    p is NaN without a complete pair.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    differences, members = observed(second - first, clusters)
    known = ~np.isnan(second - first)
    if not known.any():
        return sign_flip([], [])
    events = np.isin(first[known], (0, 1)).all() and np.isin(second[known], (0, 1)).all()
    if events and len(np.unique(members)) == len(members):
        return mcnemar_exact(first, second)
    return sign_flip(differences, members)


def mcnemar_exact(a: ArrayLike, b: ArrayLike) -> SwapTest:
    """Exact McNemar test of paired events, valid where no prompt repeats; 1 without discordant pairs.

    Of the pairs in which just one arm has an event, each arm would have half: p is twice the binomial
    tail of the smaller count, at most 1.

    Raises:
        UsageError: shapes differ, or an event is neither 0, 1 nor NaN.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise UsageError(
            f"McNemar's test needs two sequences of one length, but A has {first.shape} and B "
            f"{second.shape}. Pass the events of the same conversations in the same order."
        )
    both = first + second
    d = (second - first)[~np.isnan(both)]
    if np.any((both != 0) & (both != 1) & (both != 2) & ~np.isnan(both)):
        raise UsageError("McNemar's test compares events, each 0, 1 or NaN (missing).")
    higher, lower = int((d > 0).sum()), int((d < 0).sum())
    fewer, count = min(higher, lower), higher + lower
    p = min(1.0, 2 * float(stats.binom.cdf(fewer, count, 0.5)))
    just_as_far = float(stats.binom.pmf(fewer, count, 0.5)) * (1 if higher == lower else 2)
    return SwapTest(
        p,
        p - just_as_far / 2,
        len(d),
        len(d),
        higher,
        lower,
        _least(count),
        "exact McNemar",
    )


def sign_flip(differences: ArrayLike, clusters: Clusters, seed: int = DEFAULT_SEED) -> SwapTest:
    """Sign-flip permutation test over prompts of the sum of paired differences.

    Args:
        differences: B - A of each pair, shape (n,), NaN = missing. May carry weights: what is tested is
            their sum.
        clusters: the prompt of each pair, shape (n,), any hashable labels.
        seed: of the random swaps, which only many prompts with differences that are no whole numbers need.

    p is NaN without a complete pair, and 1 where no prompt differs.
    """
    d, members = observed(differences, clusters)
    if len(d) == 0:
        return SwapTest(math.nan, math.nan, 0, 0, 0, 0, math.nan, "no pairs")
    totals = np.bincount(members, weights=d)
    # Weighted differences that cancel leave a remainder of rounding, not a difference.
    deciding = totals[np.abs(totals) > 1e-12 * np.abs(d).max()]
    if np.array_equal(deciding, np.round(deciding)):
        (p, mid), how = _counted(deciding), "exact"
    elif len(deciding) <= ENUMERATED:
        (p, mid), how = _enumerated(deciding), "exact"
    else:
        (p, mid), how = _drawn(deciding, seed), f"{DRAWS:,} random swaps"
    return SwapTest(
        p,
        mid,
        len(d),
        len(totals),
        int((deciding > 0).sum()),
        int((deciding < 0).sum()),
        _least(len(deciding)),
        f"sign-flip over prompts, {how}",
    )


def _least(deciding: int) -> float:
    return min(1.0, 2.0 ** (1 - deciding))


def _counted(totals: Floats) -> tuple[float, float]:
    """Exact for whole numbers: the distribution of the sum, one prompt folded in at a time."""
    steps = np.abs(totals).astype(np.intp)
    reach = int(steps.sum())
    chances = np.zeros(2 * reach + 1)
    chances[reach] = 1.0
    for step in steps:
        # No sum is beyond `reach`, so nothing of weight is rolled over the ends.
        chances = (np.roll(chances, step) + np.roll(chances, -step)) / 2
    distance, seen = np.abs(np.arange(-reach, reach + 1)), abs(round(float(totals.sum())))
    p = min(1.0, float(chances[distance >= seen].sum()))
    return p, p - float(chances[distance == seen].sum()) / 2


def _enumerated(totals: Floats) -> tuple[float, float]:
    swaps = np.arange(2 ** len(totals))[:, None] >> np.arange(len(totals)) & 1
    far, just = _as_far((1 - 2 * swaps) @ totals, totals)
    return far / len(swaps), (far - just / 2) / len(swaps)


def _drawn(totals: Floats, seed: int) -> tuple[float, float]:
    rng, sums = np.random.default_rng(seed), np.empty(DRAWS)
    rows = max(_SIGNS_AT_ONCE // len(totals), 1)
    for first in range(0, DRAWS, rows):
        part = sums[first : first + rows]
        # A 0 swaps a prompt, a 1 leaves it.
        drawn = rng.integers(0, 2, size=(len(part), len(totals)), dtype=np.int8)
        part[:] = 2 * (drawn @ totals) - totals.sum()
    far, just = _as_far(sums, totals)
    # The observed arrangement counts as one more that was drawn, so p is never 0.
    return (1 + far) / (1 + DRAWS), (1 + far - (1 + just) / 2) / (1 + DRAWS)


def _as_far(sums: Floats, totals: Floats) -> tuple[int, int]:
    """How many sums are at least as far from 0 as the observed one, and how many just as far."""
    # Sums that are equal in truth differ by rounding in whichever order they were added.
    same = 1e-9 * float(np.abs(totals).sum())
    beyond = np.abs(sums) - abs(float(totals.sum()))
    return int((beyond >= -same).sum()), int((np.abs(beyond) <= same).sum())
