"""How often intervals of rank correlations and of AUCs hold the truth, for replies clustered by prompt.

    python -m benchmarks.ranks [--runs 1000]

Two normal values a reply share an effect of the prompt (intraclass correlation `ICC`) and rise with the turn,
which comparing within turns must take out. Every other prompt has half as many turns, so clusters are of
unequal sizes. The true correlation of ranks is 6 / pi * asin(r / 2), the true AUC follows from the distance
of cases and controls.
"""

import argparse
from itertools import product

import numpy as np
from scipy.stats import norm

from gemma_distress.analysis.statistics.ranks import auc, rank_correlation

PROMPTS, TURNS, ICC = (10, 20, 50, 100), (1, 4, 8), (0.0, 0.1, 0.3)
CORRELATIONS = ((0.0, 0.3, 0.6), (0.9,))
"""Of normal values. Near 1 the correlation of ranks of few replies a turn is less than that of many."""
AUCS = (0.5, 0.7, 0.9, 0.97)
CASES = 0.25
"""Share of replies that are cases."""


def drawn(
    rng: np.random.Generator, prompts: int, turns: int, icc: float, correlation: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two normal values a reply, correlated by `correlation`, with the prompt and the turn of each."""
    lengths = np.where(np.arange(prompts) % 2, turns, max(1, turns // 2))
    clusters = np.repeat(np.arange(prompts), lengths)
    places = np.concatenate([np.arange(length) for length in lengths])
    cov = [[1.0, correlation], [correlation, 1.0]]
    shared = rng.multivariate_normal([0, 0], cov, size=prompts)[clusters]
    own = rng.multivariate_normal([0, 0], cov, size=len(clusters))
    values = np.sqrt(icc) * shared + np.sqrt(1 - icc) * own + 0.5 * places[:, None]
    return values[:, 0], values[:, 1], clusters, places


def correlation_coverage(runs: int, cell: tuple[int, int, float, float]) -> float:
    """Share of intervals with the truth; one without ends holds nothing."""
    rng = np.random.default_rng(1)
    prompts, turns, icc, correlation = cell
    truth = 6 / np.pi * np.arcsin(correlation / 2)
    hits = 0
    for _ in range(runs):
        x, y, clusters, places = drawn(rng, prompts, turns, icc, correlation)
        found = rank_correlation(x, y, list(clusters), list(places))
        hits += found.lower <= truth <= found.upper
    return hits / runs


def auc_coverage(runs: int, cell: tuple[int, int, float, float]) -> tuple[float, float]:
    """The same for an AUC, and the share of runs that have an interval at all."""
    rng = np.random.default_rng(2)
    prompts, turns, icc, truth = cell
    apart = norm.ppf(truth) * np.sqrt(2)
    hits = formed = 0
    for _ in range(runs):
        x, _, clusters, places = drawn(rng, prompts, turns, icc, 0.0)
        cases = (rng.random(len(x)) < CASES).astype(float)
        found = auc(x + apart * cases, cases, list(clusters), list(places))
        formed += not np.isnan(found.lower)
        hits += found.lower <= truth <= found.upper
    return (hits / formed if formed else np.nan), formed / runs


def main() -> None:
    """Print the rows of `docs/statistics.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    print(
        "| interval | prompts | cells | runs | median | lowest coverage | at | without interval |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |")
    for prompts in PROMPTS:
        for correlations in CORRELATIONS:
            cells = list(product((prompts,), TURNS, ICC, correlations))
            held = [(correlation_coverage(runs, one), 1.0) for one in cells]
            row(f"rank_correlation, {_told(correlations)}", runs, cells, held)
        cells = list(product((prompts,), TURNS, ICC, AUCS))
        row(f"auc, {_told(AUCS)}", runs, cells, [auc_coverage(runs, one) for one in cells])


def _told(values: tuple[float, ...]) -> str:
    return f"{values[0]:g}" + (f" to {values[-1]:g}" if len(values) > 1 else "")


def row(
    name: str,
    runs: int,
    cells: list[tuple[int, int, float, float]],
    found: list[tuple[float, float]],
) -> None:
    """One line: the median and the lowest of the cells."""
    held = np.array([one for one, _ in found])
    least = int(np.nanargmin(held))
    _, turns, icc, truth = cells[least]
    without = 1 - min(formed for _, formed in found)
    print(
        f"| {name} | {cells[0][0]} | {len(cells)} | {runs} | {np.nanmedian(held):.1%} | {held[least]:.1%} | "
        f"{truth:g}, {turns} {'turn' if turns == 1 else 'turns'}, ICC {icc:g} | {without:.1%} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
