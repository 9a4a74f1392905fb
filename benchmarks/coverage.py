"""Simulated coverage of the package's nominal 95% intervals.

    python benchmarks/coverage.py [--runs 2000] [--seed 1] [--cells]

The grid is rates × intraclass correlations × prompts × conversations of each. Events are beta-binomial:
each prompt draws its own rate with the correlation of the row, each conversation its event from that rate.
Ratings lie on 0 to 10: a high conversation has 5 to 9, the others 0 to 3 (*noisy*) or always 0 (*calm*, the
hardest for a mean). One-sided bounds of level 95% are ends of a two-sided interval of level 90%.

For each interval the tables give the lowest coverage over the grid and how many cells are under 93%;
`--cells` prints those cells. With R runs the Monte Carlo error of a coverage of 95% is sqrt(.95 × .05 / R):
0.5 points with 2,000, and the lowest of hundreds of cells lies some three of them under the truth.

The intervals are computed for all runs of a cell at once by formulas that repeat the package's; each cell
compares its first runs with the package's functions. `macro_proportion`, `replies_proportion`,
`paired_difference` and `risk_ratio` are called as they are, on fewer cells and runs. Replies come eight to a
conversation, which draws its own rate around that of its prompt with a correlation of 0.5 among its replies.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from gemma_distress.analysis.statistics import (
    PLANNED_ICC,
    clustered_mean,
    clustered_proportion,
    worst_case,
)
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.analysis.statistics.paired import paired_difference, risk_ratio
from gemma_distress.analysis.statistics.replies import replies_proportion
from gemma_distress.analysis.statistics.wilson import (
    EXACT_BELOW,
    FEW_CLUSTERS,
    ORDINARY_CLUSTERS,
    ORDINARY_SHARE,
)

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.35, 0.5)
ICCS = (0.0, 0.02, 0.05, 0.1)
PROMPTS = (5, 10, 20, 50, 200)
CONVERSATIONS = (1, 4, 40)
WANTED = 0.93
HIGHS = (5, 6, 7, 8, 9)
REPLIES = 8
SIDES = ("two-sided", "upper bound", "lower bound")
NOISE = {0: 0.6, 1: 0.25, 2: 0.1, 3: 0.05}

Array = NDArray[np.float64]
Ends = tuple[Array, Array]


class Cell(NamedTuple):
    rate: float
    icc: float
    prompts: int
    conversations: int

    def __str__(self) -> str:
        return f"rate {100 * self.rate:g}%, ICC {self.icc:g}, {self.prompts} × {self.conversations}"


def cells() -> Iterator[Cell]:
    for rate, icc, prompts, conversations in itertools.product(RATES, ICCS, PROMPTS, CONVERSATIONS):
        yield Cell(rate, icc, prompts, conversations)


def tendencies(cell: Cell, runs: int, rng: np.random.Generator) -> Array:
    """Each prompt's own rate, shape (runs, prompts)."""
    if cell.icc == 0:
        return np.full((runs, cell.prompts), cell.rate)
    spread = 1 / cell.icc - 1
    return rng.beta(cell.rate * spread, (1 - cell.rate) * spread, size=(runs, cell.prompts))


def wilson(p: Array, k: Array) -> Ends:
    half = np.sqrt(k * p * (1 - p) + np.square(k) / 4) / (1 + k)
    centre = (p + k / 2) / (1 + k)
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)


def planned_effect(cell: Cell) -> float:
    return 1 + (cell.conversations - 1) * PLANNED_ICC


def is_ordinary(counts: Array, cell: Cell) -> NDArray[np.bool_]:
    """Whether enough prompts have an event, and a non-event, to trust their spread."""
    alike = np.minimum((counts > 0).sum(axis=1), (counts < cell.conversations).sum(axis=1))
    enough = min(max(ORDINARY_CLUSTERS, ORDINARY_SHARE * cell.prompts), cell.prompts)
    return (alike >= enough) & (cell.prompts >= FEW_CLUSTERS)


def proportion(counts: Array, cell: Cell, level: float) -> Ends:
    """`clustered_proportion` for equal clusters, shape of `counts` (runs, prompts)."""
    size, groups = cell.conversations, cell.prompts
    n, z = groups * size, stats.norm.ppf((1 + level) / 2)
    t = stats.t.ppf((1 + level) / 2, max(groups - 1, 1))
    p = counts.sum(axis=1) / n
    robust = groups / (groups - 1) * ((counts - p[:, None] * size) ** 2).sum(axis=1) / n**2
    independent = np.where(p * (1 - p) > 0, p * (1 - p) / (n - 1), np.nan)
    seen = (z if groups < FEW_CLUSTERS else t) ** 2 * np.fmax(robust / independent, 1) / n
    seen[np.isnan(independent)] = 0  # where all events are alike nothing is estimated
    ordinary = is_ordinary(counts, cell)
    k = np.where(ordinary, seen, np.maximum(seen, z**2 * planned_effect(cell) / n))
    lower, upper = wilson(p, k)
    worth = z**2 / k
    few = ~ordinary & (np.minimum(p, 1 - p) * worth < EXACT_BELOW)
    events, others, tail = p[few] * worth[few], (1 - p[few]) * worth[few], (1 - level) / 2
    tiny = 1e-300  # at no event, or nothing but events, one end is that end itself
    exact_lower = special.betaincinv(np.maximum(events, tiny), others + 1, tail)
    exact_upper = special.betaincinv(events + 1, np.maximum(others, tiny), 1 - tail)
    lower[few] = np.minimum(lower[few], np.where(events > 0, exact_lower, 0))
    upper[few] = np.maximum(upper[few], np.where(others > 0, exact_upper, 1))
    return lower, upper


def mean(by_rating: Array, cell: Cell) -> Ends:
    """`clustered_mean` of level 0.95 with bounds (0, 10), from counts by prompt and rating."""
    size, groups, values = cell.conversations, cell.prompts, np.arange(10.0)
    n, sums, total = groups * size, by_rating @ values, by_rating.sum(axis=1)
    m = sums.sum(axis=1) / n
    variance = (total @ values**2 - n * m**2) / (n - 1)
    robust = groups / (groups - 1) * ((sums - size * m[:, None]) ** 2).sum(axis=1) / n**2
    t = stats.t.ppf(0.975, groups - 1)
    half = t * np.sqrt(np.maximum(robust, 0))
    far = by_rating[..., 5:].sum(axis=2)
    lower, upper = proportion(far, cell, 0.95)
    share = far.sum(axis=1) / n
    means, within = [], []
    for part, end in ((values >= 5, 10.0), (values < 5, 0.0)):
        count = np.maximum(total[:, part].sum(axis=1), 1)
        average = total[:, part] @ values[part] / count
        spread = np.maximum(total[:, part] @ values[part] ** 2 / count - average**2, 0)
        means.append(np.where(total[:, part].sum(axis=1) > 0, average, end))
        within.append(t * np.sqrt(spread / count))
    step = means[0] - means[1]
    seldom = ~is_ordinary(far, cell)
    below = np.where(seldom, np.hypot(within[0], step * (share - lower)), 0)
    above = np.where(seldom, np.hypot(within[1], step * (upper - share)), 0)
    k = np.full(len(m), stats.norm.ppf(0.975) ** 2 * planned_effect(cell) / n)
    low, high = wilson(m / 10, k)
    flat = (variance <= 1e-12) | (robust <= 1e-12)
    return (
        np.where(flat, 10 * low, np.maximum(m - np.maximum(half, below), 0)),
        np.where(flat, 10 * high, np.minimum(m + np.maximum(half, above), 10)),
    )


def ratings(cell: Cell, calm: bool, runs: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Counts of each rating by prompt, shape (runs, prompts, ratings), and the true mean."""
    rates = tendencies(cell, runs, rng)[..., None]
    low = {0: 1.0} if calm else NOISE
    chances = np.zeros((*rates.shape[:2], 10))
    for rating, share in low.items():
        chances[..., rating] = (1 - rates[..., 0]) * share
    chances[..., list(HIGHS)] = rates / len(HIGHS)
    counts = rng.multinomial(cell.conversations, chances)
    truth = cell.rate * float(np.mean(HIGHS)) + (1 - cell.rate) * sum(r * s for r, s in low.items())
    return counts, np.asarray(truth)


def check_proportion(counts: Array, cell: Cell) -> None:
    """The formulas are the package's own: compared on the first runs."""
    labels = np.repeat(np.arange(cell.prompts), cell.conversations).tolist()
    for level in (0.95, 0.9):
        lower, upper = proportion(counts[:2], cell, level)
        for i in range(2):
            events = (np.arange(cell.conversations) < counts[i][:, None]).ravel().astype(float)
            ours = clustered_proportion(events, labels, level)
            assert math.isclose(ours.lower, lower[i], abs_tol=1e-9), (cell, ours, lower[i])
            assert math.isclose(ours.upper, upper[i], abs_tol=1e-9), (cell, ours, upper[i])


def check_mean(counts: Array, ends: Ends, cell: Cell) -> None:
    labels = np.repeat(np.arange(cell.prompts), cell.conversations).tolist()
    values = np.concatenate([np.repeat(np.arange(10.0), row.astype(int)) for row in counts[0]])
    ours = clustered_mean(values, labels, bounds=(0, 10))
    assert math.isclose(ours.lower, ends[0][0], abs_tol=1e-9), (cell, ours, ends[0][0])
    assert math.isclose(ours.upper, ends[1][0], abs_tol=1e-9), (cell, ours, ends[1][0])


class Coverage:
    """Coverage by interval and cell."""

    def __init__(self) -> None:
        self.found: dict[str, list[tuple[float, Cell, int]]] = defaultdict(list)

    def add(self, name: str, covered: NDArray[np.bool_], cell: Cell) -> None:
        self.found[name].append((float(np.mean(covered)), cell, len(covered)))

    def table(self) -> str:
        lines = [
            "| interval | cells | runs | lowest coverage | at | cells under 93% |",
            "| --- | ---: | ---: | ---: | --- | ---: |",
        ]
        for name, rows in self.found.items():
            share, cell, runs = min(rows)
            below = sum(row[0] < WANTED for row in rows)
            lines.append(
                f"| {name} | {len(rows)} | {runs} | {100 * share:.1f}% | {cell} | {below} |"
            )
        return "\n".join(lines)

    def below(self) -> Iterator[str]:
        for name, rows in self.found.items():
            for share, cell, _ in sorted(rows):
                if share < WANTED:
                    yield f"{name}: {100 * share:.1f}% at {cell}"


def one_sample(found: Coverage, runs: int, rng: np.random.Generator) -> None:
    """Proportions and means over the whole grid."""
    for cell in cells():
        counts = rng.binomial(cell.conversations, tendencies(cell, runs, rng))
        check_proportion(counts, cell)
        lower, upper = proportion(counts, cell, 0.95)
        inside = (lower <= cell.rate) & (cell.rate <= upper)
        found.add("clustered_proportion, two-sided", inside, cell)
        lower, upper = proportion(counts, cell, 0.9)
        found.add("clustered_proportion, upper bound", cell.rate <= upper, cell)
        found.add("clustered_proportion, lower bound", lower <= cell.rate, cell)
        for name, calm in (("noisy", False), ("calm", True)):
            by_rating, truth = ratings(cell, calm, max(runs // 2, 1), rng)
            ends = mean(by_rating, cell)
            check_mean(by_rating, ends, cell)
            inside = (ends[0] <= truth) & (truth <= ends[1])
            found.add(f"clustered_mean, {name} ratings", inside, cell)


def missing(found: Coverage, runs: int, rng: np.random.Generator) -> None:
    """Bounds that count the missing as high (upper) and as not (lower), where high ones go missing.

    A tenth of the high conversations and a hundredth of the others have no rating.
    """
    for cell in cells():
        counts = rng.binomial(cell.conversations, tendencies(cell, runs, rng))
        lost = rng.binomial(counts, 0.1)
        others = rng.binomial(cell.conversations - counts, 0.01)
        upper = proportion(counts + others, cell, 0.9)[1]
        lower = proportion(counts - lost, cell, 0.9)[0]
        found.add("upper bound, missing as high", cell.rate <= upper, cell)
        found.add("lower bound, missing as not high", lower <= cell.rate, cell)
    events = [1.0, 0.0, math.nan]
    assert worst_case(events) == (1 / 3, 2 / 3)


def two_arms(found: Coverage, runs: int, rng: np.random.Generator) -> None:
    """Paired arms of which B has half the rate of A and shares half of what each prompt does."""
    for cell in itertools.starmap(Cell, itertools.product(RATES, (0.0, 0.1), (10, 50), (1, 4, 20))):
        labels = np.repeat(np.arange(cell.prompts), cell.conversations).tolist()
        shape = (runs, cell.prompts)
        shared = rng.random(shape) < 0.5
        draw = rng.random(shape)
        rates = []
        for rate in (cell.rate, cell.rate / 2):
            place = np.where(shared, draw, rng.random(shape))
            spread = 1 / cell.icc - 1 if cell.icc else math.inf
            rates.append(
                stats.beta.ppf(place, rate * spread, (1 - rate) * spread)
                if cell.icc
                else np.full(shape, rate)
            )
        a, b = (
            rng.random((runs, len(labels))) < np.repeat(rate, cell.conversations, axis=1)
            for rate in rates
        )
        differences, ratios = [], []
        for first, second in zip(a.astype(float), b.astype(float), strict=True):
            difference = paired_difference(first, second, labels)
            ratio = risk_ratio(first, second, labels)
            differences.append(difference.lower <= -cell.rate / 2 <= difference.upper)
            ratios.append(ratio.lower <= 0.5 <= ratio.upper)
        found.add("paired_difference", np.array(differences), cell)
        found.add("risk_ratio", np.array(ratios), cell)


def macro(found: Coverage, runs: int, rng: np.random.Generator) -> None:
    """Five categories of one rate, the fourth and fifth with the same prompts."""
    for cell in itertools.starmap(Cell, itertools.product(RATES, (0.0, 0.1), (5, 20, 50), (1, 4))):
        names = "abcde"
        labels = {
            name: [
                f"{'d' if name == 'e' else name}{g}"
                for g in range(cell.prompts)
                for _ in range(cell.conversations)
            ]
            for name in names
        }
        inside = []
        for _ in range(runs):
            own = tendencies(cell, 4, rng)
            events = {}
            for name, rates in zip(names, [*own, own[3]], strict=True):
                every = np.repeat(rates, cell.conversations)
                events[name] = (rng.random(len(every)) < every).astype(float)
            two_sided, bounds = (macro_proportion(events, labels, level) for level in (0.95, 0.9))
            inside.append(
                (
                    two_sided.lower <= cell.rate <= two_sided.upper,
                    cell.rate <= bounds.upper,
                    bounds.lower <= cell.rate,
                )
            )
        for side, covered in zip(SIDES, np.array(inside).T, strict=True):
            found.add(f"macro_proportion, {side}", covered, cell)


def replies(found: Coverage, runs: int, rng: np.random.Generator) -> None:
    """Conversations of `REPLIES` replies, which are alike within a conversation."""
    for cell in itertools.starmap(Cell, itertools.product(RATES, (0.0, 0.1), (5, 20, 50), (1, 4))):
        labels = np.repeat(np.arange(cell.prompts), cell.conversations).tolist()
        inside = []
        for prompt_rates in tendencies(cell, runs, rng):
            own = np.repeat(np.clip(prompt_rates, 1e-9, 1 - 1e-9), cell.conversations)
            # A correlation of 0.5 is a beta distribution with a + b = 1 / 0.5 - 1.
            own = rng.beta(own, 1 - own)
            highs = (rng.random((len(own), REPLIES)) < own[:, None]).astype(float)
            two_sided, bounds = (replies_proportion(highs, labels, level) for level in (0.95, 0.9))
            inside.append(
                (
                    two_sided.lower <= cell.rate <= two_sided.upper,
                    cell.rate <= bounds.upper,
                    bounds.lower <= cell.rate,
                )
            )
        for side, covered in zip(SIDES, np.array(inside).T, strict=True):
            found.add(f"replies_proportion, {side}", covered, cell)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cells", action="store_true", help="print each cell under 93%%")
    options = parser.parse_args()
    found, start = Coverage(), time.process_time()
    parts: tuple[tuple[Callable[[Coverage, int, np.random.Generator], None], int], ...] = (
        (one_sample, options.runs),
        (missing, options.runs // 2),
        (macro, options.runs // 4),
        (replies, options.runs // 4),
        (two_arms, options.runs // 4),
    )
    for number, (part, runs) in enumerate(parts):
        part(found, max(runs, 1), np.random.default_rng([options.seed, number]))
    print(found.table())
    if options.cells:
        print()
        print("\n".join(found.below()) or "No cell is under 93%.")
    print(f"\n{time.process_time() - start:.0f} s of processor time")


if __name__ == "__main__":
    main()
