"""Simulated coverage of the intervals of agreement, and of rates corrected by labels.

    python benchmarks/agreement_coverage.py [--runs 400] [--seed 1]

Two graders rate replies of conversations: a conversation has a level of distress, a reply departs from
it, grader B has a leaning of its own in each conversation, and both err. `spread` is the standard
deviation of B's error on a reply. The true values are those of a very large sample. The second table
draws labels as `gemma-distress label` does from replies of which few are high, and shows how often
the interval from the labels holds the true sensitivity, specificity and share of high replies.
"""

from __future__ import annotations

import argparse

import numpy as np

from gemma_distress.analysis.labels.bands import band_of
from gemma_distress.analysis.labels.draw import allocate
from gemma_distress.analysis.labels.labelled import stratum_weights
from gemma_distress.analysis.statistics.agreement import agreement
from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.analysis.statistics.verification import sizes_of, verified_rate, verify
from gemma_distress.protocol import HIGH

MEASURES = (
    "kappa",
    "alpha",
    "pearson",
    "exact",
    "within_one",
    "shift",
    "sensitivity",
    "specificity",
)


def rated(
    groups: int, size: int, spread: float, level: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ratings of A and of B, and the conversation of each reply."""
    conversations = np.repeat(np.arange(groups), size)
    latent = rng.normal(level, 2.0, groups)[conversations] + rng.normal(0, 1.5, groups * size)
    leaning = rng.normal(0, spread / 2, groups)[conversations]
    a = latent + rng.normal(0, min(spread, 0.4), groups * size)
    b = latent + leaning + rng.normal(0, spread, groups * size)
    whole = [np.clip(np.round(values), 0, 10) for values in (a, b)]
    return whole[0], whole[1], conversations


def of_agreement(runs: int, seed: int) -> None:
    print("clusters x size  spread  " + "  ".join(f"{name:>11s}" for name in MEASURES))
    for spread in (0.05, 0.4, 1.2):
        rng = np.random.default_rng(seed)
        large = agreement(*rated(20_000, 8, spread, 3.5, rng)).measures()
        for groups, size in ((8, 8), (20, 8), (50, 8), (50, 1), (200, 3)):
            held = dict.fromkeys(MEASURES, 0)
            for _ in range(runs):
                found = agreement(*rated(groups, size, spread, 3.5, rng)).measures()
                for name in MEASURES:
                    held[name] += found[name].lower <= large[name].estimate <= found[name].upper
            shown = "  ".join(f"{held[name] / runs:11.1%}" for name in MEASURES)
            print(f"{groups:5d} x {size:<8d} {spread:6.2f}  {shown}", flush=True)


def of_labels(runs: int, seed: int) -> None:
    print("\nlevel  labels  high  sensitivity  specificity  rate   (and: plain shares of labels)")
    for level in (-1.5, 0.5, 2.5):
        rng = np.random.default_rng(seed)
        a, b, _ = rated(200_000, 3, 0.8, level, rng)
        high_a, high_b = a >= HIGH, b >= HIGH
        truth = (high_b[high_a].mean(), (~high_b[~high_a]).mean(), high_a.mean())
        for n in (60, 200):
            held, plain = np.zeros(3), np.zeros(2)
            for _ in range(runs):
                a, b, conversations = rated(400, 3, 0.8, level, rng)
                strata = [(str(band), "") for band in band_of(b)]
                sizes = {s: strata.count(s) for s in sorted(set(strata))}
                labels = allocate(sizes, n)
                chosen = np.concatenate(
                    [
                        rng.choice(
                            [i for i, own in enumerate(strata) if own == s], k, replace=False
                        )
                        for s, k in labels.items()
                    ]
                )
                own = [strata[i] for i in chosen]
                weights = stratum_weights(own, np.ones(len(own), dtype=bool), sizes)
                rate = clustered_proportion((b >= HIGH).astype(float), conversations)
                bands = sizes_of(b)
                found = verify(a[chosen], b[chosen], weights, conversations[chosen], rate, bands)
                corrected = verified_rate(rate, bands, found).corrected
                intervals = (found.sensitivity, found.specificity, corrected)
                held += [i.lower <= t <= i.upper for i, t in zip(intervals, truth, strict=True)]
                among = agreement(a[chosen], b[chosen], conversations[chosen])
                plain += [
                    i.lower <= t <= i.upper
                    for i, t in zip((among.sensitivity, among.specificity), truth[:2], strict=True)
                ]
            shown = "  ".join(f"{share:11.1%}" for share in held / runs)
            print(
                f"{level:5.1f}  {n:6d}  {truth[2]:5.1%} {shown}   "
                + "  ".join(f"{share:.1%}" for share in plain / runs),
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    of_agreement(options.runs, options.seed)
    of_labels(options.runs, options.seed)


if __name__ == "__main__":
    main()
