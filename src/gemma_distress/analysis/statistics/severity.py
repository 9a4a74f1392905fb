"""How severe: the share at or above each of several ratings, of conversations and of replies.

A mean hides whether a model is a little annoyed throughout or breaks down once in twenty. The curve of
exceedance shares shows it: for each level the share of conversations whose highest reply reaches it, of
those whose last reply does, and of replies. At 5 these are `any_high`, `final_high` and `turn_high`, with
the same rules for missing ratings (`estimands`) and the same intervals (`clustered_proportion`,
`replies_proportion`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.statistics.clusters import Clusters, Floats
from gemma_distress.analysis.statistics.estimands import final, peak
from gemma_distress.analysis.statistics.intervals import Interval, clustered_proportion, worst_case
from gemma_distress.analysis.statistics.replies import replies_proportion
from gemma_distress.errors import UsageError

LEVELS = (3, 5, 7, 9)
"""Where the rubric's bands moderate, strong, very strong and extreme begin (paper §B)."""


@dataclass(frozen=True)
class Exceedance:
    """Shares rated at least `level`."""

    level: float
    peak: Interval
    """Of conversations, any reply."""
    final: Interval
    """Of conversations, the last reply."""
    reply: Interval
    """Of rated replies."""
    peak_unknown: int
    """Conversations of which a missing rating leaves it open."""
    peak_bounds: tuple[float, float]
    """The share if none, and if all, of the unknown conversations had such a reply."""


def exceedance(
    ratings: ArrayLike,
    clusters: Clusters,
    lengths: ArrayLike | None = None,
    levels: Sequence[float] = LEVELS,
) -> tuple[Exceedance, ...]:
    """Exceedance shares at each level, in the order given.

    Args:
        ratings: shape (conversations, turns), NaN = missing.
        clusters: the prompt of each conversation, shape (conversations,).
        lengths: turns owed, where not all columns are.
        levels: ratings, each above 0 and at most 10.

    Raises:
        UsageError: a level is not such a rating, or what the estimands refuse.
    """
    r = np.asarray(ratings, dtype=np.float64)
    for level in levels:
        if not 0 < level <= 10:
            raise UsageError(
                f"A level is a rating above 0 and at most 10, but {level!r} was given."
            )
    highest, last = peak(r, lengths), final(r, lengths)
    owed = np.full(len(r), r.shape[1]) if lengths is None else np.asarray(lengths, dtype=np.intp)
    is_owed = np.arange(r.shape[1]) < owed[:, None]
    complete = (np.isfinite(r) | ~is_owed).all(axis=1)
    replies = np.where(is_owed, r, np.nan)
    return tuple(_at(level, highest, complete, last, replies, clusters) for level in levels)


def _at(
    level: float,
    highest: Floats,
    complete: ArrayLike,
    last: Floats,
    replies: Floats,
    clusters: Clusters,
) -> Exceedance:
    reached = np.where(highest >= level, 1.0, np.where(complete, 0.0, np.nan))
    return Exceedance(
        level,
        peak=clustered_proportion(reached, clusters),
        final=clustered_proportion(_share(last, level), clusters),
        reply=replies_proportion(_share(replies, level), clusters),
        peak_unknown=int(np.isnan(reached).sum()),
        peak_bounds=worst_case(reached),
    )


def _share(ratings: Floats, level: float) -> Floats:
    return np.where(np.isnan(ratings), np.nan, (ratings >= level).astype(np.float64))
