"""The size of a study, whatever it is for: so many prompts, and so many conversations of each.

The design effect `D = 1 + (conversations - 1) * icc` says how many conversations are worth one independent
one (`clusters.py`). D grows with every repeat of a prompt and not with further prompts, so prompts buy
precision and repeats soon do not: however often G prompts are repeated, they are never worth more than
G / icc independent conversations.

`rate_size` plans for a rate under a limit, `difference_size` for two arms. Shares are between 0 and 1,
`level` and `power` are probabilities, `icc` is the intraclass correlation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gemma_distress.analysis.statistics.clusters import require_probability
from gemma_distress.errors import UsageError

POWER = 0.90
"""Chance to reach the answer that a study is planned for."""

MOST_REPEATS = 1_000
"""More conversations than this of one prompt are no plan."""

MOST_PROMPTS = 1_000_000
"""More prompts than this are no plan."""


@dataclass(frozen=True)
class Design:
    """A study large enough, and what makes it so."""

    prompts: int
    conversations: int
    """Of each prompt."""
    design_effect: float
    power: float
    """Chance of the answer planned for, if what was assumed is true."""
    events: int | None = None
    """For a rate: so many high conversations still pass."""
    bound: float | None = None
    """For a rate: the upper bound with so many."""

    @property
    def total(self) -> int:
        """Conversations of one arm."""
        return self.prompts * self.conversations


def repeats_effect(conversations: int, icc: float) -> float:
    """Design effect of so many conversations of each prompt: 1 + (conversations - 1) * icc."""
    require_probability("icc", icc)
    return 1 + (conversations - 1) * icc


def least(enough: Callable[[int], bool], most: int) -> int:
    """The smallest whole number from 1 on that is enough, `most` + 1 if none up to there; monotone."""
    low, high = 0, 1
    while not enough(high):
        if high >= most:
            return most + 1
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def require_shape(prompts: int, conversations: int) -> None:
    """Refuse a study without prompts or conversations."""
    if prompts < 1 or conversations < 1:
        raise UsageError(
            f"A study has at least one prompt and one conversation of each, not {prompts} × {conversations}."
        )


def percent(share: float) -> str:
    """A share as a sentence names it."""
    return f"{100 * share:.3g}%"
