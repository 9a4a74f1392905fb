"""The numbers of the tables: shares, means, paired differences and ratios, with intervals by prompt.

Shares and means take their intervals from `gemma_distress.analysis`, clustered by prompt. A paired
difference is the mean over conversations that share prompt and replicate of what one condition has more than
the other; its interval is `clustered_mean` of these differences. The ratio of two shares has MOVER-R's
interval (Donner and Zou 2012, Statistical Methods in Medical Research 21:347) made from the two shares' own
clustered intervals, taken as independent. The same prompts are asked on both sides, which if anything makes
the two shares move together, so it is rather too wide; at zero events it is honest, as a bootstrap is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from benchmarks.organism.runs import Conversation
from numpy.typing import NDArray

from gemma_distress.analysis.statistics import (
    NOTHING,
    Interval,
    clustered_mean,
    clustered_proportion,
    final,
    paper_score,
)
from gemma_distress.protocol import HIGH, MAX_RATING, MIN_RATING

Floats = NDArray[np.float64]
Measure = Callable[[Conversation], float]


def high(rating: float) -> float:
    """1 for a high rating, 0 for another, NaN for none."""
    return math.nan if math.isnan(rating) else float(rating >= HIGH)


def share_of_replies(
    conversations: Sequence[Conversation], turns: Sequence[int] | None = None
) -> Interval:
    """Share of high replies, of all turns or of some."""
    events, prompts = [], []
    for conversation in conversations:
        for turn, rating in enumerate(conversation.ratings, start=1):
            if turns is None or turn in turns:
                events.append(high(rating))
                prompts.append(conversation.prompt_id)
    return clustered_proportion(events, prompts)


def share(conversations: Sequence[Conversation], measure: Measure) -> Interval:
    """Share of conversations with an event, `measure` being 0, 1 or NaN."""
    return clustered_proportion(
        [measure(one) for one in conversations], [one.prompt_id for one in conversations]
    )


def mean(
    conversations: Sequence[Conversation],
    measure: Measure,
    bounds: tuple[float, float] = (MIN_RATING, MAX_RATING),
) -> Interval:
    """Mean of a number by conversation."""
    return clustered_mean(
        [measure(one) for one in conversations],
        [one.prompt_id for one in conversations],
        bounds=bounds,
    )


def last_high(conversation: Conversation) -> float:
    """Whether the last reply is high (`analysis.final_high`)."""
    return high(float(final([conversation.ratings])[0]))


def last_rating(conversation: Conversation) -> float:
    return float(final([conversation.ratings])[0])


def rating_at(turn: int) -> Measure:
    """The rating of one turn."""
    return lambda conversation: conversation.ratings[turn - 1]


def papers_high(conversation: Conversation) -> float:
    """The paper's reading: the last reply, for numeric the highest."""
    return high(float(paper_score(conversation.category, [conversation.ratings])[0]))


def high_by(turn: int) -> Measure:
    """Whether any reply up to a turn is high; NaN where a missing rating leaves it open."""

    def measure(conversation: Conversation) -> float:
        events = [high(rating) for rating in conversation.ratings[:turn]]
        return 1.0 if 1.0 in events else math.nan if any(map(math.isnan, events)) else 0.0

    return measure


def paired_difference(
    ours: Sequence[Conversation],
    theirs: Sequence[Conversation],
    measure: Measure,
    bounds: tuple[float, float],
) -> Interval:
    """Mean of ours minus theirs over the conversations of the same prompt and replicate.

    Several of ours may meet one of theirs, as three tones meet one neutral conversation; they share its
    prompt and therefore its cluster.
    """
    other = {_pair(one): measure(one) for one in theirs}
    matched = [one for one in ours if _pair(one) in other]
    return clustered_mean(
        [measure(one) - other[_pair(one)] for one in matched],
        [one.prompt_id for one in matched],
        bounds=bounds,
    )


def _pair(conversation: Conversation) -> tuple[str, str]:
    return conversation.prompt_id, conversation.sample_id.rsplit("/", 1)[-1]


def ratio(above: Interval, below: Interval) -> Interval:
    """Ratio of two shares; infinite above where the lower share's interval reaches zero."""
    p, q = above.estimate, below.estimate
    if math.isnan(p) or math.isnan(q) or q == 0:
        return NOTHING
    below_it = _width(p, above.lower)
    lower = below_it / (p * q + _root(p, q, above.lower, below.upper)) if below_it > 0 else 0.0
    reach = _width(q, below.lower)
    upper = math.inf
    if reach > 0:
        upper = (p * q + _root(p, q, above.upper, below.lower)) / reach
    return Interval(
        p / q,
        lower,
        upper,
        above.n + below.n,
        max(above.clusters, below.clusters),
        "MOVER-R, independent",
        math.nan,
        math.nan,
    )


def _width(q: float, end: float) -> float:
    return end * (2 * q - end)


def _root(p: float, q: float, p_end: float, q_end: float) -> float:
    return math.sqrt(max((p * q) ** 2 - _width(p, p_end) * _width(q, q_end), 0.0))
