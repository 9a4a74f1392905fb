"""How ratings move over the turns: mean and share high at each turn, with pointwise intervals.

Each turn is described by the conversations that owe it and have it rated. Where conversations end early
(a solved puzzle, scripts of different lengths) later turns rest on fewer and perhaps other
conversations; `owed` and the intervals' `n` say so. The bands are pointwise: at each turn on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.statistics.clusters import Clusters
from gemma_distress.analysis.statistics.estimands import turn_high
from gemma_distress.analysis.statistics.intervals import (
    Interval,
    clustered_mean,
    clustered_proportion,
    worst_case,
)
from gemma_distress.protocol import MAX_RATING, MIN_RATING


@dataclass(frozen=True)
class Turn:
    """One turn of a group of conversations."""

    turn: int
    """1-based."""
    owed: int
    """Conversations that owe this turn."""
    unrated: int
    """Of these, without a rating."""
    mean: Interval
    """Of the rated replies."""
    high: Interval
    """Share of the rated replies that are high."""
    high_bounds: tuple[float, float]
    """That share if none, and if all, of the unrated replies were high."""


def by_turn(
    ratings: ArrayLike, clusters: Clusters, lengths: ArrayLike | None = None
) -> tuple[Turn, ...]:
    """Every turn that a conversation owes.

    Args:
        ratings: shape (conversations, turns), NaN = missing.
        clusters: the prompt of each conversation, shape (conversations,).
        lengths: turns owed, where not all columns are.

    Raises:
        UsageError: what the estimands refuse.
    """
    highs = turn_high(ratings, lengths)
    r = np.where(np.isnan(highs), np.nan, np.asarray(ratings, dtype=np.float64))
    owed = np.full(len(r), r.shape[1]) if lengths is None else np.asarray(lengths, dtype=np.intp)
    turns = []
    for column in range(r.shape[1]):
        owing = int((owed > column).sum())
        if not owing:
            break
        rated = int(np.isfinite(r[:, column]).sum())
        turns.append(
            Turn(
                column + 1,
                owing,
                owing - rated,
                clustered_mean(r[:, column], clusters, bounds=(MIN_RATING, MAX_RATING)),
                clustered_proportion(highs[:, column], clusters),
                worst_case(highs[owed > column, column]),
            )
        )
    return tuple(turns)
