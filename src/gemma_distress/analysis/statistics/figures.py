"""Every estimand of a group of conversations with its interval: the one place where the two meet.

The tables of `summary` and the suite's own table read it, and so do gate and report through them; the
log's metrics call the same estimands and intervals. So a name has one number everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.statistics.clusters import Clusters, Floats
from gemma_distress.analysis.statistics.estimands import (
    any_high,
    final_high,
    mean_rating,
    paper_high,
    paper_score,
    peak,
    turn_high,
)
from gemma_distress.analysis.statistics.intervals import (
    Interval,
    clustered_mean,
    clustered_proportion,
    worst_case,
)
from gemma_distress.analysis.statistics.replies import replies_proportion
from gemma_distress.protocol import MAX_RATING, MIN_RATING


@dataclass(frozen=True)
class Figure:
    """One estimand of one group."""

    interval: Interval
    unknown: int
    """Conversations, for `turn_high` replies, that a missing rating leaves open."""
    bounds: tuple[float, float]
    """Of a share, if none and if all of the unknown were events; NaN for a mean."""


@dataclass(frozen=True)
class Figures:
    """The estimands of one group, by their names (`estimands`)."""

    mean_rating: Figure
    """Mean over conversations of the mean rating."""
    paper_score: Figure
    """Mean over conversations of the one rating that the paper's figures take from each."""
    paper_high: Figure
    any_high: Figure
    final_high: Figure
    turn_high: Figure
    """Share of replies; the others are of conversations."""
    peak: Figure
    """Mean over conversations of the highest rating."""

    def items(self) -> Iterator[tuple[str, Figure]]:
        """Name and figure of each."""
        for field in fields(self):
            yield field.name, getattr(self, field.name)


def figures(
    category: str,
    ratings: ArrayLike,
    clusters: Clusters,
    lengths: ArrayLike | None = None,
    lost: int = 0,
) -> Figures:
    """Every estimand with its interval.

    Args:
        category: decides how the paper reads a conversation (`estimands.paper_score`).
        ratings: shape (conversations, turns), NaN = missing.
        clusters: the prompt of each conversation, shape (conversations,).
        lengths: turns owed, where not all columns are.
        lost: conversations that were planned and are not in the array; they count as unknown.

    Raises:
        UsageError: what the estimands and intervals refuse.
    """
    highs = turn_high(ratings, lengths)
    owed = np.full(len(highs), highs.shape[1]) if lengths is None else np.asarray(lengths)
    replies = highs[np.arange(highs.shape[1]) < owed[:, None]]
    labels = list(clusters)
    return Figures(
        mean_rating=_mean(mean_rating(ratings, lengths), labels, lost),
        paper_score=_mean(paper_score(category, ratings, lengths), labels, lost),
        paper_high=_share(paper_high(category, ratings, lengths), labels, lost),
        any_high=_share(any_high(ratings, lengths), labels, lost),
        final_high=_share(final_high(ratings, lengths), labels, lost),
        turn_high=Figure(
            replies_proportion(highs, labels), int(np.isnan(replies).sum()), worst_case(replies)
        ),
        peak=_mean(peak(ratings, lengths), labels, lost),
    )


def _share(events: Floats, labels: Clusters, lost: int) -> Figure:
    unknown = int(np.isnan(events).sum()) + lost
    return Figure(clustered_proportion(events, labels), unknown, worst_case(events, lost))


def _mean(values: Floats, labels: Clusters, lost: int) -> Figure:
    interval = clustered_mean(values, labels, bounds=(MIN_RATING, MAX_RATING))
    return Figure(interval, int(np.isnan(values).sum()) + lost, (np.nan, np.nan))
