"""One-sided bounds of an endpoint over the conversations of one group, if what is unknown were low, or high.

*Unknown* is a conversation that a missing rating leaves open, and one that was planned and is not in the
logs; all that the logs lack of a category count as conversations of one further prompt.

The bounds are those of `clustered_proportion`, of `macro_proportion` for `paper_high` over five categories.
For `turn_high` replies are counted. Those of one conversation are more alike than conversations of one
prompt, so where the design effect is planned a whole conversation counts as one observation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from gemma_distress.analysis.arrays import Ratings
from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.estimands import any_high, final_high, paper_high, turn_high
from gemma_distress.analysis.statistics.intervals import Interval, clustered_proportion
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.errors import UsageError
from gemma_distress.protocol import CATEGORIES, MAX_TURNS, TURNS

Endpoint = Literal["any_high", "turn_high", "final_high", "paper_high"]
ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)


_PLANNED: Mapping[str, int] = {str(category): turns for category, turns in TURNS.items()}


@dataclass(frozen=True)
class Bounds:
    """The endpoint over some conversations, with one-sided bounds."""

    name: str
    """`all conversations`, `macro average`, or a category."""
    known: Interval
    """Of what is known; its ends are the one-sided bounds."""
    lower: float
    """If nothing unknown were high: FAIL where it is over the limit."""
    upper: float
    """If everything unknown were high: PASS where it is at most the limit."""
    events: int
    unknown: int
    """Conversations (replies for `turn_high`), those that are not in the logs included."""


@dataclass(frozen=True)
class _Events:
    """The endpoint of each conversation or reply of a category, NaN = unknown, with its prompt."""

    values: Floats
    prompts: list[Any]


def bounds_of(
    conversations: Ratings, lost: Mapping[str, int], endpoint: Endpoint, level: float, icc: float
) -> Bounds:
    """Over all conversations; for `paper_high` of several categories, over their unweighted mean.

    Args:
        conversations: of one subject and instrument.
        lost: by category (or task, where it holds several), conversations planned and not in the logs.
        endpoint: which estimand.
        level: of each one-sided bound.
        icc: assumed where the data cannot tell it.

    Raises:
        UsageError: `paper_high` over some, but not all five, of the paper's categories.
    """
    events = _by_category(conversations, lost, endpoint)
    if endpoint != "paper_high" or len(events) < 2:
        return _bounds("all conversations", conversations, events, endpoint, level, icc)
    if set(events) != set(CATEGORIES):
        lacking = [c for c in CATEGORIES if c not in events]
        raise UsageError(
            f"paper_high over several categories is the mean over the paper's five, and the logs hold "
            f"{', '.join(events)} (lacking: {', '.join(lacking) or 'none'}). Give logs of all five or of "
            "one, or take another endpoint."
        )
    return _bounds("macro average", conversations, events, endpoint, level, icc)


def by_category(
    conversations: Ratings, lost: Mapping[str, int], endpoint: Endpoint, level: float, icc: float
) -> tuple[Bounds, ...]:
    """Of each category, also of one that the logs lack altogether; arguments as for `bounds_of`."""
    events = _by_category(conversations, lost, endpoint)
    names = conversations.conversations["category"].astype(str).to_numpy()
    return tuple(
        _bounds(
            category, conversations.where(names == category), {category: one}, endpoint, level, icc
        )
        for category, one in events.items()
    )


def _by_category(
    conversations: Ratings, lost: Mapping[str, int], endpoint: Endpoint
) -> dict[str, _Events]:
    found: dict[str, _Events] = {}
    turns: dict[str, int] = {}
    for (category,), part in conversations.by("category"):
        found[category] = _events(part, category, endpoint)
        turns[category] = int(part.owed.max())
    for category, count in lost.items():
        known = found.get(category, _Events(np.zeros(0), []))
        # A task that was ended before its first conversation does not say how long those were to be.
        replies = turns.get(category, _PLANNED.get(category, MAX_TURNS))
        missing = count * (replies if endpoint == "turn_high" else 1)
        found[category] = _Events(
            np.append(known.values, np.full(missing, np.nan)),
            [*known.prompts, *[("not in the logs", category)] * missing],
        )
    return found


def _events(part: Ratings, category: str, endpoint: Endpoint) -> _Events:
    if endpoint == "turn_high":
        owed = part.is_owed
        prompts = part.reply_prompts.reshape(owed.shape)
        return _Events(turn_high(part.ratings, part.owed)[owed], prompts[owed].tolist())
    if endpoint == "paper_high":
        values = paper_high(category, part.ratings, part.owed)
    else:
        function = any_high if endpoint == "any_high" else final_high
        values = function(part.ratings, part.owed)
    return _Events(values, part.prompts.tolist())


def _bounds(
    name: str,
    part: Ratings,
    events: Mapping[str, _Events],
    endpoint: Endpoint,
    level: float,
    icc: float,
) -> Bounds:
    assumed = _assumed(part, icc) if endpoint == "turn_high" and len(part) else icc
    labels = {category: one.prompts for category, one in events.items()}

    def interval(unknown: float) -> Interval:
        filled = {c: np.where(np.isnan(e.values), unknown, e.values) for c, e in events.items()}
        if name == "macro average":
            return macro_proportion(filled, labels, 2 * level - 1, assumed)
        together = [label for group in labels.values() for label in group]
        return clustered_proportion(
            np.concatenate(list(filled.values())), together, 2 * level - 1, assumed
        )

    every = np.concatenate([one.values for one in events.values()])
    return Bounds(
        name,
        interval(np.nan),
        interval(0.0).lower,
        interval(1.0).upper,
        int(np.nansum(every)),
        int(np.isnan(every).sum()),
    )


def _assumed(part: Ratings, icc: float) -> float:
    """The ICC of replies at which a whole conversation counts as one observation."""
    replies = float(part.owed.sum())
    sizes = np.unique(part.prompts.astype(str), return_inverse=True)[1]
    by_prompt = np.bincount(sizes, weights=part.owed)
    conversations = np.bincount(sizes)
    per_prompt = float((by_prompt**2).sum() / replies)
    repeats = float((conversations**2).sum() / conversations.sum())
    wanted = replies / len(part) * (1 + (repeats - 1) * icc)
    return min(max((wanted - 1) / (per_prompt - 1), icc), 1.0) if per_prompt > 1 else icc
