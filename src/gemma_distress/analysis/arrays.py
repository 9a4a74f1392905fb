"""From the turns table to the array that `estimands` takes: the only place that makes the step.

A row of the array is a conversation, in the order of the table's numbers; column t - 1 is turn t. A
cell is NaN where the reply has no rating, where the table has no row for it, and beyond the turns
owed. `estimands` reads nothing there, so what was never owed is not missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.analysis.conditions import is_own
from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

OF_CONVERSATION = (
    "conversation",
    "log",
    "run",
    "model",
    "settings",
    "task",
    "category",
    "condition",
    "premise",
    "tone",
    "history",
    "family",
    "puzzle",
    "prompt_id",
    "sample_id",
    "epoch",
    "n_turns",
    "owed",
    "judge",
    "judge_version",
    "rubric",
    "pack",
    "error",
)
"""Columns of the turns table that are facts of the conversation."""


@dataclass(frozen=True)
class Ratings:
    """The ratings of some conversations, row by row with what is known of each."""

    ratings: Floats
    """Shape (conversations, width), NaN = missing or not owed."""
    owed: NDArray[np.intp]
    """Replies that each conversation owes, shape (conversations,), at least 1."""
    prompts: NDArray[np.object_]
    """The cluster of each conversation: its prompt's id, shape (conversations,)."""
    conversations: pd.DataFrame
    """One row for each conversation, in the same order, with the columns `OF_CONVERSATION`."""

    def __len__(self) -> int:
        return len(self.owed)

    @property
    def is_owed(self) -> NDArray[np.bool_]:
        """Which cells are replies owed, shape as `ratings`."""
        return np.arange(self.ratings.shape[1]) < self.owed[:, None]

    @property
    def is_own(self) -> NDArray[np.bool_]:
        """Which conversations are of their category's own protocol, shape (conversations,)."""
        table = self.conversations
        pairs = zip(table["category"].astype(str), table["condition"].astype(str), strict=True)
        return np.array([is_own(*pair) for pair in pairs], dtype=bool)

    def where(self, keep: ArrayLike) -> Ratings:
        """The conversations chosen by a mask or by row numbers, in that order."""
        rows = np.asarray(keep)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
        return Ratings(
            self.ratings[rows],
            self.owed[rows],
            self.prompts[rows],
            self.conversations.iloc[rows].reset_index(drop=True),
        )

    def by(self, *columns: str) -> Iterator[tuple[tuple[str, ...], Ratings]]:
        """The parts that share the values of these columns, in order of first appearance."""
        if not len(self):
            return
        keys = list(zip(*(self.conversations[name].astype(str) for name in columns), strict=True))
        numbers: dict[tuple[str, ...], int] = {}
        part = np.array([numbers.setdefault(key, len(numbers)) for key in keys])
        for key, number in numbers.items():
            yield key, self.where(part == number)


def shared(a: Ratings, b: Ratings) -> tuple[Floats, Floats]:
    """The ratings of paired conversations where both have one, NaN elsewhere; both of one shape.

    A mean over whichever turns an arm happens to have compares early turns of one with late turns of the
    other.

    Args:
        a: conversations of one arm.
        b: those of the other, row by row the same.
    """
    width = max(a.ratings.shape[1], b.ratings.shape[1])
    first, second = (
        np.pad(one.ratings, ((0, 0), (0, width - one.ratings.shape[1])), constant_values=np.nan)
        for one in (a, b)
    )
    both = np.isfinite(first) & np.isfinite(second)
    return np.where(both, first, np.nan), np.where(both, second, np.nan)


def ratings_of(turns: pd.DataFrame) -> Ratings:
    """The array of a turns table, or of any selection of its rows by conversation.

    The array is as wide as the latest turn that any conversation here owes or has.

    Raises:
        UsageError: A turn stands twice in one conversation, as in tables that were read one by one
            and then joined.
    """
    numbers = turns["conversation"].to_numpy(dtype=np.int64)
    at = turns["turn"].to_numpy(dtype=np.intp) - 1
    distinct, first, row = np.unique(numbers, return_index=True, return_inverse=True)
    conversations = turns.iloc[first][list(OF_CONVERSATION)].reset_index(drop=True)
    owed = np.maximum(conversations["owed"].to_numpy(dtype=np.intp), 1)
    width = int(max(owed.max(initial=1), at.max(initial=0) + 1))
    cells = row * width + at
    if len(np.unique(cells)) < len(cells):
        twice = np.flatnonzero(np.bincount(cells) > 1)[0]
        raise UsageError(
            f"Turn {twice % width + 1} of conversation {distinct[twice // width]} stands twice in the "
            "table. Read all logs in one call, so that every conversation has a number of its own."
        )
    ratings = np.full((len(distinct), width), np.nan)
    ratings[row, at] = turns["rating"].to_numpy(dtype=np.float64)
    ratings[np.arange(width) >= owed[:, None]] = np.nan
    prompts = conversations["prompt_id"].astype(object).to_numpy()
    return Ratings(ratings, owed, prompts, conversations)
