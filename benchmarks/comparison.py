"""What `compare` promises, simulated: coverage of its intervals, its false alarms, and its power.

    python -m benchmarks.comparison [coverage] [alarms] [power] [--runs 600] [--seed 1]

Each prompt draws its rate of `any_high` from a beta distribution with the intraclass correlation (ICC) of
the row. Arm B meets the same prompts: with probability `shared` a prompt stands at the same quantile in both
arms (a prompt that is hard for one is hard for the other), else its two rates are independent. With
probability `script` the two conversations of a pair also share their luck.

*coverage*: nominal 95% intervals of the difference and of the risk ratio, over rates of 0.1 to 50%, 5 to 200
prompts of equal and unequal sizes, ICC 0 to 0.1, and arms from independent to word for word alike (shared 1,
script 1), where few pairs or none differ. It repeats the rule of `statistics.paired` for all runs at
once and checks itself against the package on the first of each row. Printed: the worst rows, and the least
by design.

*alarms*: two runs of one model (the same rate for each prompt) go through `compare` as turns tables; the
share of comparisons with p < 0.05, which should be 5% or less.

*power*: a rate of 35% against half of it, with the prompts that `size_for_difference` asks for, through
`compare`; the share of comparisons with p < 0.05, which should be what was asked for.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats
from tests.analysis.tables import table

from gemma_distress.analysis.compare import compare
from gemma_distress.analysis.statistics import PLANNED_ICC, clustered_proportion
from gemma_distress.analysis.statistics.difference_size import size_for_difference
from gemma_distress.analysis.statistics.paired import FEW_DISCORDANT, paired_difference, ratio_of
from gemma_distress.analysis.statistics.wilson import (
    EXACT_BELOW,
    FEW_CLUSTERS,
    ORDINARY_CLUSTERS,
    ORDINARY_SHARE,
)

Floats = NDArray[np.float64]
QUANTILES = 20_000
ICCS = (0.0, 0.02, 0.05, 0.1)
RATES = (
    *((rate, rate) for rate in (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5)),
    *((0.35, 0.003), (0.003, 0.35), (0.35, 0.175), (0.5, 0.1), (0.1, 0.02), (0.02, 0.005)),
    *((0.4, 0.42), (0.4, 0.36)),
)
SHAPES = (
    *((5, 1), (5, 20), (5, 200), (10, 1), (10, 40), (20, 1), (20, 5), (20, 40)),
    *((50, 4), (50, 14), (100, 4), (200, 1), (200, 9), (120, 1), (40, 4), (20, 10)),
)
SHARED = ((0.0, 0.0), (0.0, 0.8), (0.7, 0.3), (1.0, 0.0), (1.0, 0.95), (1.0, 1.0))
DESIGNS = ((20, 1), (20, 5), (100, 4))


class Counts(NamedTuple):
    """Pairs by prompt, shape (runs, prompts): events in both arms, in A alone, in B alone."""

    both: NDArray[np.int64]
    only_a: NDArray[np.int64]
    only_b: NDArray[np.int64]


class Model:
    """Rates of a prompt at its quantile, in both arms; discrete, so that the true rates are exact."""

    def __init__(self, rate_a: float, rate_b: float, icc: float) -> None:
        self.a, self.b = _rates(rate_a, icc), _rates(rate_b, icc)
        self.rate_a, self.rate_b = float(self.a.mean()), float(self.b.mean())

    def draw(
        self,
        sizes: NDArray[np.int64],
        shared: float,
        script: float,
        runs: int,
        rng: np.random.Generator,
    ) -> Counts:
        """Pairs of conversations for each prompt of each run."""
        shape = (runs, len(sizes))
        at_a, other = rng.integers(0, QUANTILES, shape), rng.integers(0, QUANTILES, shape)
        a = self.a[at_a]
        b = self.b[np.where(rng.random(shape) < shared, at_a, other)]
        chances = np.stack([script * np.minimum(a, b) + (1 - script) * a * b] * 4, axis=-1)
        chances[..., 1] = a - chances[..., 0]
        chances[..., 2] = b - chances[..., 0]
        chances[..., 3] = 1 - a - b + chances[..., 0]
        drawn = rng.multinomial(np.broadcast_to(sizes, shape), np.clip(chances, 0, 1))
        return Counts(drawn[..., 0], drawn[..., 1], drawn[..., 2])


def _rates(rate: float, icc: float) -> Floats:
    if icc == 0:
        return np.full(QUANTILES, rate)
    spread = 1 / icc - 1
    at = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.asarray(stats.beta.ppf(at, rate * spread, (1 - rate) * spread))


class Arm(NamedTuple):
    """`clustered_proportion` for all runs."""

    p: Floats
    lower: Floats
    upper: Floats
    effect: Floats
    estimated: NDArray[np.bool_]
    apart: Floats
    """Deviations of the prompts' totals, shape (runs, prompts)."""


def arm(counts: NDArray[np.int64], sizes: NDArray[np.int64]) -> Arm:
    n, groups = int(sizes.sum()), len(sizes)
    z2 = stats.norm.ppf(0.975) ** 2
    t2 = stats.t.ppf(0.975, max(n**2 / (sizes**2).sum() - 1, 1)) ** 2
    p = counts.sum(axis=1) / n
    apart = counts - p[:, None] * sizes
    robust = groups / (groups - 1) * (apart**2).sum(axis=1) / n**2
    independent = np.where(p * (1 - p) > 0, p * (1 - p) / (n - 1), np.nan)
    seen = np.fmax(robust / independent, 1)
    planned = 1 + ((sizes**2).sum() / n - 1) * PLANNED_ICC
    k_planned = z2 * planned / n
    k_seen = (z2 if groups < FEW_CLUSTERS else t2) * seen / n
    k_seen[np.isnan(independent)] = 0
    events, others = (counts > 0).sum(axis=1), (counts < sizes).sum(axis=1)
    enough = min(max(ORDINARY_CLUSTERS, ORDINARY_SHARE * groups), groups)
    ordinary = (np.minimum(events, others) >= enough) & (groups >= FEW_CLUSTERS)
    estimated = (k_seen >= k_planned) | ordinary
    k = np.where(estimated, k_seen, k_planned)
    half = np.sqrt(k * p * (1 - p) + k * k / 4) / (1 + k)
    centre = (p + k / 2) / (1 + k)
    lower, upper = np.maximum(centre - half, 0), np.minimum(centre + half, 1)
    worth = z2 / k
    few = ~ordinary & (np.minimum(p, 1 - p) * worth < EXACT_BELOW)
    hits, misses = p * worth, (1 - p) * worth
    exact_lower = special.betaincinv(np.maximum(hits, 1e-9), misses + 1, 0.025)
    exact_upper = special.betaincinv(hits + 1, np.maximum(misses, 1e-9), 0.975)
    lower = np.where(p == 0, 0, np.where(few, np.minimum(lower, exact_lower), lower))
    upper = np.where(p == 1, 1, np.where(few, np.maximum(upper, exact_upper), upper))
    return Arm(p, lower, upper, np.where(estimated, seen, planned), estimated, apart)


@np.errstate(divide="ignore", invalid="ignore")
def intervals(counts: Counts, sizes: NDArray[np.int64]) -> tuple[Floats, Floats, Floats, Floats]:
    """Ends of the difference and of the ratio, each shape (runs,)."""
    n = int(sizes.sum())
    a = arm(counts.both + counts.only_a, sizes)
    b = arm(counts.both + counts.only_b, sizes)
    spread, effect = np.sqrt(a.p * (1 - a.p) * b.p * (1 - b.p)), np.sqrt(a.effect * b.effect)
    size = np.sqrt((a.apart**2).sum(axis=1) * (b.apart**2).sum(axis=1))
    trusted = a.estimated & b.estimated
    of_prompts = np.nan_to_num((a.apart * b.apart).sum(axis=1) / size)
    of_pairs = (counts.both.sum(axis=1) / n - a.p * b.p) / (spread * effect)
    r = np.where(trusted, of_prompts, of_pairs)
    cut = np.where(trusted, effect, 1 / effect) / (2 * n * spread)
    r = np.where(spread > 0, np.where(r > 0, np.maximum(r - cut, 0), np.maximum(r, -1)), 0)
    d = b.p - a.p
    below = distance(b.p - b.lower, a.upper - a.p, r)
    above = distance(b.upper - b.p, a.p - a.lower, r)
    # Where few pairs differ, MOVER on them alone.
    only_a, only_b = arm(counts.only_a, sizes), arm(counts.only_b, sizes)
    few = (counts.only_a + counts.only_b).sum(axis=1) < FEW_DISCORDANT
    alone = np.hypot(only_b.p - only_b.lower, only_a.upper - only_a.p)
    below = np.where(few, np.maximum(below, alone), below)
    alone = np.hypot(only_b.upper - only_b.p, only_a.p - only_a.lower)
    above = np.where(few, np.maximum(above, alone), above)
    low, high = np.maximum(d - below, -1), np.minimum(d + above, 1)
    return low, high, least(b, a, d - low), 1 / least(a, b, high - d)


def distance(x: Floats, y: Floats, r: Floats) -> Floats:
    return np.sqrt(np.maximum(x * x + y * y - 2 * r * x * y, 0))


@np.errstate(divide="ignore", invalid="ignore")
def least(over: Arm, under: Arm, apart: Floats) -> Floats:
    """The lower end of a ratio; `apart` is how far the difference's end is from its estimate."""
    below, above = over.p - over.lower, under.upper - under.p
    r = (below**2 + above**2 - apart**2) / (2 * below * above)
    r = np.where(below * above > 0, np.clip(r, -1, 1), 0)
    half = over.p * under.p - r * below * above
    c = over.lower * (2 * over.p - over.lower)
    root = half + np.sqrt(np.maximum(half**2 - under.upper * (2 * under.p - under.upper) * c, 0))
    return np.where((c > 0) & (root > 0), c / root, 0)


def events(counts: Counts, sizes: NDArray[np.int64], run: int) -> tuple[Floats, Floats]:
    """Both arms' events of one run, shape (conversations,), prompt by prompt."""
    a, b = [], []
    for both, only_a, only_b, size in zip(*(one[run] for one in counts), sizes, strict=True):
        rest = int(size) - int(both) - int(only_a) - int(only_b)
        a += [1.0] * (int(both) + int(only_a)) + [0.0] * (int(only_b) + rest)
        b += [1.0] * int(both) + [0.0] * int(only_a) + [1.0] * int(only_b) + [0.0] * rest
    return np.array(a), np.array(b)


def check(counts: Counts, sizes: NDArray[np.int64]) -> None:
    """The rule above is the package's own."""
    ends = [one[0] for one in intervals(counts, sizes)]
    a, b = events(counts, sizes, 0)
    found = paired_difference(a, b, np.repeat(np.arange(len(sizes)), sizes).tolist())
    ratio = ratio_of(found)
    ours = (found.lower, found.upper, ratio.lower, ratio.upper)
    for one, other in zip(ours, ends, strict=True):
        assert math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-9), (ours, ends)


class Covered(NamedTuple):
    """One row of the coverage table."""

    difference: float
    ratio: float
    name: str
    half_width: float


def coverage(runs: int, rng: np.random.Generator) -> Iterator[Covered]:
    models = {(*pair, icc): Model(*pair, icc) for pair, icc in itertools.product(RATES, ICCS)}
    for (prompts, size), unequal in itertools.product(SHAPES, (False, True)):
        if unequal and size == 1:
            continue
        sizes = np.full(prompts, size)
        if unequal:
            sizes[: prompts // 2] = max(size // 5, 1)
        for ((a, b, icc), model), (shared, script) in itertools.product(models.items(), SHARED):
            counts = model.draw(sizes, shared, script, runs, rng)
            check(counts, sizes)
            low, high, least, most = intervals(counts, sizes)
            d, ratio = model.rate_b - model.rate_a, model.rate_b / model.rate_a
            yield Covered(
                float(((low <= d) & (d <= high)).mean()),
                float(((least <= ratio) & (ratio <= most)).mean()),
                f"{prompts:3} × {size:<3}{' unequal' if unequal else '        '} {a:6.1%} → {b:5.1%}  "
                f"ICC {icc:.2f}  shared {shared:.1f}, script {script:.1f}",
                float(np.median(high - low) / 2),
            )


def print_coverage(runs: int, rng: np.random.Generator) -> None:
    rows = list(coverage(runs, rng))
    print(f"Coverage of nominal 95% intervals, {len(rows)} rows of {runs} runs")
    for place, name in enumerate(("difference", "risk ratio")):
        values = np.array([row[place] for row in rows])
        print(
            f"\n{name}: median {np.median(values):.1%}, lowest {values.min():.1%}; "
            f"{(values < 0.93).sum()} of {len(rows)} rows under 93%, {(values < 0.92).sum()} under 92%"
        )
        for row in sorted(rows, key=lambda one: one[place])[:8]:
            print(f"  {row[place]:6.1%}  {row.name}  half width {row.half_width:.1%}")
    print("\nlowest coverage of the difference by design, over rates, ICC and sharing")
    for (prompts, size), unequal in itertools.product(SHAPES, (False, True)):
        start = f"{prompts:3} × {size:<3}{' unequal' if unequal else '        '} "
        found = [row for row in rows if row.name.startswith(start)]
        if found:
            low, ratio = min(row.difference for row in found), min(row.ratio for row in found)
            print(f"  {start} {low:6.1%}   risk ratio {ratio:6.1%}")


class Simulated:
    """Turns tables of one design, of which only the ratings change from run to run."""

    def __init__(self, prompts: int, size: int) -> None:
        self.sizes = np.full(prompts, size)
        self.base = table(
            [
                {"ratings": [1, 1, 1], "prompt_id": f"p{p}", "sample_id": f"p{p}/numeric/{c:03}"}
                for p in range(prompts)
                for c in range(size)
            ]
        )

    def turns(self, happened: Floats) -> pd.DataFrame:
        """A table in which these conversations, shape (conversations,), have a high reply."""
        ratings = np.ones((len(happened), 3))
        ratings[happened == 1, 2] = 7
        return self.base.assign(rating=ratings.ravel())

    def rejected(self, model: Model, shared: float, runs: int, rng: np.random.Generator) -> Floats:
        """By `compare`: is p under 5%, is mid-p, is 0 outside the interval; shape (runs, 3)."""
        counts = model.draw(self.sizes, shared, 0.0, runs, rng)
        found = np.zeros((runs, 3))
        for run in range(runs):
            a, b = events(counts, self.sizes, run)
            # Pairs of a prompt are drawn in the order of their outcomes; nothing reads that order.
            comparison = compare(self.turns(a), self.turns(b))
            difference = comparison.pooled.primary.difference
            found[run] = (
                comparison.differs,
                comparison.pooled.primary.test.mid_p < 0.05,
                not difference.lower <= 0 <= difference.upper,
            )
        return found


def print_alarms(runs: int, rng: np.random.Generator) -> None:
    print(f"\nTwo runs of one model, rate 35%, {runs} comparisons each: share [95% interval] with")
    print(
        "                        p < 0.05              mid-p < 0.05          an interval without 0"
    )
    for (prompts, size), icc in itertools.product(DESIGNS, (0.0, 0.05, 0.1)):
        found = Simulated(prompts, size).rejected(Model(0.35, 0.35, icc), 1.0, runs, rng)
        shares = "   ".join(_share(found[:, column]) for column in range(3))
        print(f"    {prompts:3} × {size}  ICC {icc:.2f}   {shares}", flush=True)


def print_power(runs: int, rng: np.random.Generator) -> None:
    print(f"\nFrom 35% to 17.5% with the size planned for it, {runs} comparisons each")
    print("     ICC   correlation      size   planned   found with p < 0.05 [95%]")
    for size, icc, shared in itertools.product((1, 4), (0.0, 0.05, 0.1), (0.0, 1.0)):
        design = size_for_difference(0.35, 0.175, conversations=size, icc=icc)
        found = Simulated(design.prompts, size).rejected(Model(0.35, 0.175, icc), shared, runs, rng)
        print(
            f"    {icc:.2f}  prompts {shared:.0f}  {design.prompts:4} × {size}   {design.power:7.1%}   "
            f"{_share(found[:, 0])}"
        )


def _share(found: Floats) -> str:
    interval = clustered_proportion(found, range(len(found)))
    return f"{interval.estimate:5.1%} [{interval.lower:.1%}, {interval.upper:.1%}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["coverage", "alarms", "power"])
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    parts = {"coverage": print_coverage, "alarms": print_alarms, "power": print_power}
    for name in options.parts:
        parts[name](options.runs, np.random.default_rng(options.seed))


if __name__ == "__main__":
    main()
