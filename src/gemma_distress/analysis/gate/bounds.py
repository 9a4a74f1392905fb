"""One-sided bounds of an endpoint over the conversations of one group, if what is unknown were low, or high.

*Unknown* is a conversation that a missing rating leaves open, and one that was planned and is not in the
logs; all that the logs lack of a category count as conversations of one further prompt.

The bounds are those of `clustered_proportion`; for `turn_high`, of which replies are counted, of
`replies_proportion`; for `paper_high` over five categories of `macro_proportion`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.arrays import Ratings
from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.estimands import any_high, final_high, paper_high, turn_high
from gemma_distress.analysis.statistics.intervals import Interval, clustered_proportion
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.analysis.statistics.replies import replies_proportion
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
    """The endpoint of each conversation of a category.

    `values` and `unknown` have the shape (conversations,), for `turn_high` (conversations, turns): an event
    is 0 or 1, and NaN where it is unknown or no turn of the conversation; `unknown` tells the two apart.
    """

    values: Floats
    unknown: NDArray[np.bool_]
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
        return _bounds("all conversations", events, endpoint, level, icc)
    if set(events) != set(CATEGORIES):
        lacking = [c for c in CATEGORIES if c not in events]
        raise UsageError(
            f"paper_high over several categories is the mean over the paper's five, and the logs hold "
            f"{', '.join(events)} (lacking: {', '.join(lacking) or 'none'}). Give logs of all five or of "
            "one, or take another endpoint."
        )
    return _bounds("macro average", events, endpoint, level, icc)


def by_category(
    conversations: Ratings, lost: Mapping[str, int], endpoint: Endpoint, level: float, icc: float
) -> tuple[Bounds, ...]:
    """Of each category, also of one that the logs lack altogether; arguments as for `bounds_of`."""
    return tuple(
        _bounds(category, {category: events}, endpoint, level, icc)
        for category, events in _by_category(conversations, lost, endpoint).items()
    )


def _by_category(
    conversations: Ratings, lost: Mapping[str, int], endpoint: Endpoint
) -> dict[str, _Events]:
    parts = {category: part for (category,), part in conversations.by("category")}
    found = {category: _events(part, category, endpoint) for category, part in parts.items()}
    for category, count in lost.items():
        # A task that was ended before its first conversation does not say how long those were to be.
        turns = _PLANNED.get(category, MAX_TURNS)
        if category in parts:
            turns = int(parts[category].owed.max())
        shape = (count, turns) if endpoint == "turn_high" else (count,)
        missing = _Events(
            np.full(shape, np.nan),
            np.ones(shape, dtype=bool),
            [("not in the logs", category)] * count,
        )
        found[category] = _joined([found[category], missing] if category in found else [missing])
    return found


def _events(part: Ratings, category: str, endpoint: Endpoint) -> _Events:
    if endpoint == "turn_high":
        values = turn_high(part.ratings, part.owed)
        return _Events(values, np.isnan(values) & part.is_owed, part.prompts.tolist())
    if endpoint == "paper_high":
        values = paper_high(category, part.ratings, part.owed)
    else:
        function = any_high if endpoint == "any_high" else final_high
        values = function(part.ratings, part.owed)
    return _Events(values, np.isnan(values), part.prompts.tolist())


def _joined(parts: Sequence[_Events]) -> _Events:
    """All of them, with as many turns as the longest has."""
    width = max(part.values.shape[-1] for part in parts)

    def wide(values: NDArray[Any], fill: float | bool) -> NDArray[Any]:
        if values.ndim == 1:
            return values
        return np.pad(values, ((0, 0), (0, width - values.shape[1])), constant_values=fill)

    return _Events(
        np.concatenate([wide(part.values, np.nan) for part in parts]),
        np.concatenate([wide(part.unknown, False) for part in parts]),
        [label for part in parts for label in part.prompts],
    )


def _bounds(
    name: str, events: Mapping[str, _Events], endpoint: Endpoint, level: float, icc: float
) -> Bounds:
    every = _joined(list(events.values()))

    def interval(unknown: float) -> Interval:
        if name == "macro average":
            filled = {c: np.where(e.unknown, unknown, e.values) for c, e in events.items()}
            labels = {category: one.prompts for category, one in events.items()}
            return macro_proportion(filled, labels, 2 * level - 1, icc)
        proportion = replies_proportion if endpoint == "turn_high" else clustered_proportion
        together = np.where(every.unknown, unknown, every.values)
        return proportion(together, every.prompts, 2 * level - 1, icc)

    # What is unknown may be anything, and must never help. Which filling has the furthest bound depends on
    # the spread that it shows, so all of them are looked at.
    fillings = [interval(np.nan), interval(0.0), interval(1.0)]
    return Bounds(
        name,
        fillings[0],
        float(np.nanmin([one.lower for one in fillings])),
        float(np.nanmax([one.upper for one in fillings])),
        int(np.nansum(every.values)),
        int(every.unknown.sum()),
    )
