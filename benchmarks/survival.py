"""Simulated coverage of the nominal 95% intervals of `analysis.statistics.survival`, with replies missing.

    python benchmarks/survival.py [--runs 500] [--seed 1]

Each prompt draws its own share of conversations that ever turn high (beta, with the intraclass
correlation of the row); the turn is then drawn from 1 to 8, later ones more often. Of the replies
6% lack a rating, so a third of the conversations are censored early. Columns: coverage of S(4), of
S(8), of the hazard at turn 4 and of the mean number of calm turns; then the median half width of S(8).
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np

from gemma_distress.analysis.statistics import Interval
from gemma_distress.analysis.statistics.survival import survival

RATES = (0.003, 0.01, 0.05, 0.2, 0.5)
ICCS = (0.0, 0.05, 0.1)
SHAPES = ((5, 20), (10, 20), (20, 10), (50, 4), (200, 1))
TURNS = np.arange(1, 9)
WHEN = TURNS / TURNS.sum()
MISSING = 0.06


def simulate(
    rate: float, icc: float, prompts: int, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Ratings (conversations, 8) and the prompt of each conversation."""
    spread = np.inf if icc == 0 else 1 / icc - 1
    rates = np.full(prompts, rate)
    if icc:
        rates = rng.beta(rate * spread, (1 - rate) * spread, prompts)
    labels = np.repeat(np.arange(prompts), size)
    high = rng.random(len(labels)) < rates[labels]
    turn = np.where(high, rng.choice(TURNS, len(labels), p=WHEN), 99)
    ratings = np.where(turn[:, None] <= TURNS, 7.0, 1.0)
    ratings[rng.random(ratings.shape) < MISSING] = np.nan
    return ratings, labels


def covers(interval: Interval, truth: float) -> bool:
    return interval.lower - 1e-9 <= truth <= interval.upper + 1e-9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    print(f"{'rate':>6} {'ICC':>5} {'shape':>8}   S(4)   S(8)   h(4)   calm   ±S(8)")
    for rate, icc, (prompts, size) in itertools.product(RATES, ICCS, SHAPES):
        calm = 1 - rate * np.cumsum(WHEN)
        hazard = 1 - calm[3] / calm[2]
        hits = np.zeros(4)
        widths = []
        for _ in range(arguments.runs):
            found = survival(*simulate(rate, icc, prompts, size, rng))
            steps = found.steps
            hits += (
                covers(steps[3].survival, calm[3]),
                covers(steps[7].survival, calm[7]),
                covers(steps[3].hazard, hazard),
                covers(found.calm_turns, calm.sum()),
            )
            widths.append((steps[7].survival.upper - steps[7].survival.lower) / 2)
        shares = hits / arguments.runs
        mark = "  < 93%" if shares.min() < 0.93 else ""
        print(
            f"{rate:6.1%} {icc:5.2f} {prompts:>4}×{size:<3} "
            + " ".join(f"{share:6.1%}" for share in shares)
            + f"  {np.median(widths):6.1%}{mark}",
            flush=True,
        )


if __name__ == "__main__":
    main()
