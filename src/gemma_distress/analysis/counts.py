"""What stands behind the figures of a group: conversations, replies, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gemma_distress.analysis.arrays import Ratings, ratings_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Counts:
    """What a group's figures rest on."""

    prompts: int
    conversations: int
    incomplete: int
    """Conversations with a reply owed and not rated."""
    errors: Mapping[str, int]
    """Conversations that an error or a limit ended, by its words."""
    solved: int
    """Conversations with a correct answer."""
    owed: int
    """Replies that these conversations owe."""
    replies: int
    """Replies that there are."""
    rated: int
    unrated: Mapping[str, int]
    """Replies owed without a rating, by reason."""
    outcomes: Mapping[str, int]
    """Replies by what became of them: `cut_off`, `empty`, …; `replied` is left out."""
    flags: Mapping[str, int]
    """Replies by coherence flag."""
    behaviour: Mapping[str, int]


def counts(turns: pd.DataFrame, conversations: Ratings | None = None) -> Counts:
    """What is in these rows of the turns table; `conversations` is their array, if it is at hand."""
    from gemma_distress.replies import NO_REPLY

    group = ratings_of(turns) if conversations is None else conversations
    unrated = turns["rating"].isna()
    reasons = turns["unrated_reason"].astype(str)
    there = (turns["message_id"] != "") & ~(unrated & reasons.isin(NO_REPLY))
    solved = turns.loc[turns["answer"].astype(str) == "correct", "conversation"].nunique()
    rated = np.isfinite(group.ratings).sum(axis=1)
    outcomes = _tally(turns["outcome"])
    outcomes.pop("replied", None)
    return Counts(
        prompts=len(set(group.prompts)),
        conversations=len(group),
        incomplete=int((rated < group.owed).sum()),
        errors=_tally(group.conversations["error"]),
        solved=int(solved),
        owed=int(group.owed.sum()),
        replies=int(there.sum()),
        rated=int(rated.sum()),
        unrated=_tally(reasons[unrated]),
        outcomes=outcomes,
        flags=_tally(turns["flags"], apart=True),
        behaviour=_tally(turns["behaviour"], apart=True),
    )


def _tally(values: pd.Series[Any], apart: bool = False) -> dict[str, int]:
    """How often each text occurs, the empty one left out; with `apart`, each word of it."""
    found: Counter[str] = Counter()
    for text, number in values.astype(str).value_counts().items():
        for name in str(text).split() if apart else [str(text)]:
            found[name] += int(number)
    return {name: number for name, number in sorted(found.items()) if name and number}
