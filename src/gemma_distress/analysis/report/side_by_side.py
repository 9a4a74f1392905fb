"""Conversations of two subjects side by side: the same messages of the user, and what each of them replied.

By a rule and not by hand: of each category the conversation with the highest peak in A that B had as well;
among equal peaks the first prompt, id and epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemma_distress.analysis.report.transcripts import Exchange, Transcript, telling

if TYPE_CHECKING:
    import pandas as pd

RULE = (
    "Of each category the conversation in which the first had the highest rating, and the same conversation "
    "with the second."
)


@dataclass(frozen=True)
class SideBySide:
    """One conversation as both had it."""

    a: Transcript
    b: Transcript

    @property
    def turns(self) -> list[tuple[Exchange | None, Exchange | None]]:
        """Turn by turn; None where one of them had ended."""
        length = max(len(self.a.turns), len(self.b.turns))
        return [
            (
                self.a.turns[number] if number < len(self.a.turns) else None,
                self.b.turns[number] if number < len(self.b.turns) else None,
            )
            for number in range(length)
        ]


def side_by_side(a: pd.DataFrame, b: pd.DataFrame) -> Sequence[SideBySide]:
    """The conversations of the module's rule; arguments are the subjects' rows of the turns table."""
    place = ["category", "sample_id", "epoch"]
    keys = set(map(tuple, b[place].astype(str).drop_duplicates().itertuples(index=False)))
    both = a[[key in keys for key in a[place].astype(str).itertuples(index=False, name=None)]]
    found = []
    for one in telling(both) if len(both) else []:
        if one.why != "highest rating":
            continue
        same = b[
            (b["sample_id"].astype(str) == one.key[0])
            & (b["epoch"] == one.key[1])
            & (b["category"].astype(str) == one.key[2])
        ]
        others = telling(same)
        if others:
            found.append(SideBySide(one, others[0]))
    return found
