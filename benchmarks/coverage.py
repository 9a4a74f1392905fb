"""Simulated coverage of nominal 95% intervals for a clustered proportion.

    python benchmarks/coverage.py [--runs 2000] [--seed 1]

Events are beta-binomial: each cluster draws its own rate with the intraclass correlation of the
row, each conversation its event from that rate. "unequal" sizes give half of the clusters a fifth
of the conversations of the others. Columns: plain Wilson on all conversations, Wilson with the
estimated design effect alone, with the planned one alone, and `clustered_proportion`; then the
median half width of the last. Rows under 93% in the last coverage column are marked.
"""

from __future__ import annotations

import argparse
import itertools
import math

import numpy as np
from scipy import stats

from gemma_distress.analysis import PLANNED_ICC, clustered_proportion
from gemma_distress.analysis.intervals import FEW_CLUSTERS, ORDINARY_CLUSTERS

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5)
ICCS = (0.0, 0.02, 0.05, 0.1)
SHAPES = (
    (1, 200),
    (2, 200),
    (3, 20),
    (5, 20),
    (5, 200),
    (10, 40),
    (10, 200),
    (20, 40),
    (50, 14),
    (50, 40),
    (200, 9),
)


def simulate(
    rate: float, icc: float, sizes: np.ndarray, runs: int, rng: np.random.Generator
) -> np.ndarray:
    """Events per cluster, shape (runs, clusters)."""
    if icc == 0:
        rates = np.full((runs, len(sizes)), rate)
    else:
        spread = 1 / icc - 1
        rates = rng.beta(rate * spread, (1 - rate) * spread, size=(runs, len(sizes)))
    return rng.binomial(sizes, rates)


def wilson(p: np.ndarray, k: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    half = np.sqrt(k * p * (1 - p) + np.square(k) / 4) / (1 + k)
    centre = (p + np.asarray(k) / 2) / (1 + k)
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)


def intervals(counts: np.ndarray, sizes: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The four intervals for every run at once; the last repeats the rule of the package."""
    n, groups = int(sizes.sum()), len(sizes)
    z2 = stats.norm.ppf(0.975) ** 2
    t2 = stats.t.ppf(0.975, max(n**2 / (sizes**2).sum() - 1, 1)) ** 2
    p = counts.sum(axis=1) / n
    robust = groups / max(groups - 1, 1) * ((counts - p[:, None] * sizes) ** 2).sum(axis=1) / n**2
    independent = np.where(p * (1 - p) > 0, p * (1 - p) / (n - 1), np.nan)
    seen = np.fmax(robust / independent, 1) if groups > 1 else np.ones(len(counts))
    k_planned = z2 * (1 + ((sizes**2).sum() / n - 1) * PLANNED_ICC) / n
    k_seen = (z2 if groups < FEW_CLUSTERS else t2) * seen / n
    with_event = (counts > 0).sum(axis=1)
    without = (counts < sizes).sum(axis=1)
    ordinary = np.minimum(with_event, without) >= min(ORDINARY_CLUSTERS, groups)
    ordinary &= groups >= FEW_CLUSTERS
    # Where all events are alike the spread says nothing, and the rule has no estimated value.
    k_seen[np.isnan(independent)] = 0
    k = np.where(ordinary, k_seen, np.maximum(k_seen, k_planned))
    return {
        "naive": wilson(p, z2 / n),
        "estimated": wilson(p, k_seen),
        "planned": wilson(p, k_planned),
        "rule": wilson(p, k),
    }


def check_rule(counts: np.ndarray, sizes: np.ndarray) -> None:
    """The vectorised rule is the package's own: compared on the first runs."""
    lower, upper = intervals(counts, sizes)["rule"]
    labels = np.repeat(np.arange(len(sizes)), sizes)
    for i in range(3):
        events = np.concatenate(
            [np.arange(m) < c for c, m in zip(counts[i], sizes, strict=True)]
        ).astype(float)
        ours = clustered_proportion(events, labels)
        assert math.isclose(ours.lower, lower[i], abs_tol=1e-9), (ours, lower[i])
        assert math.isclose(ours.upper, upper[i], abs_tol=1e-9), (ours, upper[i])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print("rate   icc   clusters x size        naive  estim.  planned  rule   half width")
    worst = (1.0, "")
    rows = below = 0
    for (groups, size), unequal, icc, rate in itertools.product(SHAPES, (False, True), ICCS, RATES):
        sizes = np.full(groups, size)
        if unequal:
            sizes[: groups // 2] = max(size // 5, 1)
        counts = simulate(rate, icc, sizes, options.runs, rng)
        check_rule(counts, sizes)
        bounds = intervals(counts, sizes)
        cover = {
            name: float(((low <= rate) & (rate <= high)).mean())
            for name, (low, high) in bounds.items()
        }
        low, high = bounds["rule"]
        name = f"{groups} x {size}" + (" unequal" if unequal else "")
        mark = " <" if cover["rule"] < 0.93 else ""
        rows, below = rows + 1, below + bool(mark)
        worst = min(worst, (cover["rule"], f"{name}, rate {rate:.1%}, icc {icc:g}"))
        half = np.median(high - low) / 2
        print(
            f"{rate:5.1%}  {icc:.2f}  {name:20s}  {cover['naive']:6.1%}  {cover['estimated']:6.1%}"
            f"  {cover['planned']:6.1%}  {cover['rule']:6.1%}  {half:7.2%}{mark}"
        )
    print(f"{rows} rows, {below} under 93%; lowest {worst[0]:.1%} at {worst[1]}")


if __name__ == "__main__":
    main()
