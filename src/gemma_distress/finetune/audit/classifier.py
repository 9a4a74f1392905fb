"""Which of two replies is the chosen one, told from given features on puzzles that were not trained on.

Logistic regression on the difference of the two replies' features, without intercept: the reward model of DPO
(Bradley and Terry 1952, Biometrika 39:324) with these features in place of a language model. Features are
divided by the root mean square of their differences in the training folds, and weights are drawn to 0 by
`RIDGE` times half their squared length, the log loss being summed over pairs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from gemma_distress.analysis.statistics.clusters import Floats

FOLDS = 5
RIDGE = 1.0


def names_the_chosen(
    differences: Floats, clusters: Sequence[Hashable], seed: int, folds: int = FOLDS
) -> Floats | None:
    """For each pair 1 where it is named right and 0 where wrong; a tie is a coin's toss.

    Args:
        differences: features of the chosen less those of the rejected reply, shape (pairs, features).
        clusters: the puzzle of each pair, which is in one fold as a whole.
        seed: of the folds and the tosses.
        folds: at most; there are no more than clusters.

    None where there are fewer than two clusters: then nothing is held out.
    """
    numbers: dict[Hashable, int] = {}
    members = np.array([numbers.setdefault(label, len(numbers)) for label in clusters])
    if len(numbers) < 2:
        return None
    rng = np.random.default_rng(seed)
    parts = min(folds, len(numbers))
    fold = (rng.permutation(len(numbers)) % parts)[members]
    margin = np.empty(len(members))
    for part in range(parts):
        out = fold == part
        scale = np.sqrt((differences[~out] ** 2).mean(axis=0))
        # A feature that never differs in training has nothing to say.
        known = differences[:, scale > 0] / scale[scale > 0]
        margin[out] = known[out] @ _weights(known[~out])
    return np.where(margin == 0, rng.random(len(margin)) < 0.5, margin > 0).astype(np.float64)


def _weights(x: Floats) -> Floats:
    def loss(w: Floats) -> tuple[float, Floats]:
        margin = x @ w
        value = np.logaddexp(0, -margin).sum() + RIDGE / 2 * (w @ w)
        return float(value), RIDGE * w - x.T @ expit(-margin)

    return np.asarray(minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x)
