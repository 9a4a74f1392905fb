"""Scores of replies by directions that were fitted on the replies of other prompts, many labellings at once.

A direction is a sum of vectors with weights, so that those of all folds and labellings are one matrix
product, and their scores another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.interp.strata import Strata

Singles = NDArray[np.float32]


def held_out_scores(
    vectors: Mapping[str, Singles],
    labels: Floats,
    folds: NDArray[np.intp],
    strata: Strata,
) -> dict[str, Floats]:
    """Scores of every reply by directions that were fitted on the base's replies of other folds.

    Args:
        vectors: of each arm, (replies, width), the base's under `base`.
        labels: 1 distressed, 0 calm, NaN neither, (replies, labellings): all label the same replies.
        folds: the fold of each reply.
        strata: the stratum of each reply.

    Returns:
        By arm, (replies, labellings).
    """
    fitted = [(folds != fold) & ~np.isnan(labels[:, 0]) for fold in np.unique(folds)]
    weights = np.hstack([contrast_weights(labels, strata, inside) for inside in fitted])
    # Differences do not see what is taken from all vectors alike, and single precision is spared large sums.
    centre = vectors["base"].mean(axis=0)
    directions = (vectors["base"] - centre).T @ weights.astype(np.float32)
    along = {arm: ((own - centre) @ directions).astype(np.float64) for arm, own in vectors.items()}
    scores = {arm: np.full(labels.shape, math.nan) for arm in vectors}
    number = labels.shape[1]
    for place, (fold, inside) in enumerate(zip(np.unique(folds), fitted, strict=True)):
        columns = slice(place * number, (place + 1) * number)
        own = along["base"][inside, columns]
        spread = own.std(axis=0)
        spread[spread == 0] = 1.0
        for arm, projected in along.items():
            held_out = projected[folds == fold, columns]
            scores[arm][folds == fold] = (held_out - own.mean(axis=0)) / spread
    return scores


def contrast_weights(labels: Floats, strata: Strata, inside: NDArray[np.bool_]) -> Floats:
    """Weights by which replies add up to mean of distressed minus mean of calm ones within strata.

    The difference of a stratum with n distressed and m calm replies counts n m / (n + m), by which the
    average over strata has the least variance. So a reply weighs its label less the mean of its stratum: a
    stratum with one kind only has no difference, and weighs nothing.

    Args:
        labels: 1 distressed, 0 calm, (replies, labellings).
        strata: the stratum of each reply.
        inside: the replies that count, whose labels are not NaN.

    Returns:
        (replies, labellings), 0 outside; all 0 where no stratum has both kinds.
    """
    number = np.unique(strata[inside], return_inverse=True)[1]
    own = labels[inside]
    sums = np.zeros((number.max(initial=-1) + 1, labels.shape[1]))
    np.add.at(sums, number, own)
    centred = own - (sums / np.bincount(number)[:, None])[number]
    weights = np.zeros(labels.shape)
    weights[inside] = centred / np.maximum((centred**2).sum(axis=0), 1e-12)
    return weights
