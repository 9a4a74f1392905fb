"""In what two sides that are to be compared are not alike: questions, judge, rubric. Each with its counts.

A user message that only one side reached is no difference: where one conversation ended early, only the
turns that both have can be compared. Nor is a judge or rubric that a conversation lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from gemma_distress.analysis.logs.runs import Run

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, str, int]
"""Category, sample id and epoch of a conversation."""

Allowed = Literal["questions", "judge", "rubric"]
ALLOWED: tuple[Allowed, ...] = get_args(Allowed)
"""What may differ if it is allowed by name."""

FACTS: dict[str, Allowed] = {
    "prompt_id": "questions",
    "condition": "questions",
    "n_turns": "questions",
    "history": "questions",
    "pack": "questions",
    "judge": "judge",
    "judge_version": "judge",
    "rubric": "rubric",
}
"""Columns that must be equal in every pair, and what a difference in them is a difference of."""

NAMES = {"n_turns": "number of turns", "prompt_id": "prompt", "judge_version": "judge version"}


@dataclass(frozen=True)
class Side:
    """One arm: its turns table and what is known of the runs behind it."""

    name: str
    """A or B."""
    turns: pd.DataFrame
    runs: Sequence[Run]
    lost: Mapping[str, int]
    """By category, conversations of its own protocol that were planned and are in no log."""
    unfinished: Mapping[str, int]
    """The same with those of controls."""


@dataclass(frozen=True)
class Unlike:
    """One respect in which the two sides are not alike."""

    of: Allowed
    sentence: str
    """With counts and values."""


def unlike(
    a: Side,
    b: Side,
    index_a: Mapping[Key, int],
    index_b: Mapping[Key, int],
    first: pd.DataFrame,
    second: pd.DataFrame,
) -> list[Unlike]:
    """Every respect in which the sides differ.

    Args:
        a: The one side.
        b: The other.
        index_a: Each conversation of A, and its row.
        index_b: The same of B.
        first: The conversations of A that have a pair, one row each.
        second: The same of B, in the same order.
    """
    found = _ids(a, b, index_a, index_b)
    found += _words(a.turns, b.turns, first, second)
    for column, of in FACTS.items():
        found += _fact(column, of, first, second)
    return found


def _ids(a: Side, b: Side, index_a: Mapping[Key, int], index_b: Mapping[Key, int]) -> list[Unlike]:
    found = []
    for category in sorted({key[0] for key in index_a} & {key[0] for key in index_b}):
        only_a = [key for key in index_a if key[0] == category and key not in index_b]
        only_b = [key for key in index_b if key[0] == category and key not in index_a]
        # What one side holds alone is no other question where the other side lost as many.
        explained = len(only_a) <= b.unfinished.get(category, 0) and len(
            only_b
        ) <= a.unfinished.get(category, 0)
        if only_a and only_b and not explained:
            found.append(
                Unlike(
                    "questions",
                    f"{category} has {len(only_a)} conversations that only A holds (as {only_a[0][1]}) "
                    f"and {len(only_b)} that only B holds (as {only_b[0][1]})",
                )
            )
    return found


def _words(
    turns_a: pd.DataFrame, turns_b: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame
) -> list[Unlike]:
    """Pairs with a user message that differs, among the turns that both have."""
    place_a = {number: row for row, number in enumerate(first["conversation"])}
    place_b = {number: row for row, number in enumerate(second["conversation"])}
    sent: dict[tuple[int, int], str] = {}
    for number, turn, user in zip(
        turns_a["conversation"], turns_a["turn"], turns_a["user"], strict=True
    ):
        if number in place_a and user:
            sent[place_a[number], turn] = user
    unlike: dict[int, tuple[str, str]] = {}
    for number, turn, user in zip(
        turns_b["conversation"], turns_b["turn"], turns_b["user"], strict=True
    ):
        if number in place_b and user:
            row = place_b[number]
            if sent.get((row, turn), user) != user:
                unlike.setdefault(row, (sent[row, turn], user))
    if not unlike:
        return []
    row, (ours, theirs) = min(unlike.items())
    return [
        Unlike(
            "questions",
            f"user messages differ in {len(unlike)} of {len(first)} pairs (in "
            f"{first['sample_id'].iloc[row]} A says {_short(ours)}, B says {_short(theirs)})",
        )
    ]


def _fact(column: str, of: Allowed, first: pd.DataFrame, second: pd.DataFrame) -> list[Unlike]:
    values = Counter(
        (ours, theirs)
        for ours, theirs in zip(first[column].astype(str), second[column].astype(str), strict=True)
        # Without a value (a conversation nobody rated) there is nothing to compare.
        if ours and theirs and ours != theirs
    )
    if not values:
        return []
    (ours, theirs), _ = values.most_common(1)[0]
    return [
        Unlike(
            of,
            f"the {NAMES.get(column, column)} differs in {values.total()} of {len(first)} pairs "
            f"({ours} in A, {theirs} in B{', and others' if len(values) > 1 else ''})",
        )
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line[:60]}…”" if len(line) > 60 else f"“{line}”"
