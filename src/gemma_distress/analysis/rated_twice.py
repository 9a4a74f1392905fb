"""Replies that two graders have rated, paired from turns tables.

Two ratings belong together when they are of the same reply: the same sample, epoch and turn, *and*
the same text, as in a log that `inspect score` has rated again. A second run of the same questions
has other replies, and its ratings say nothing about graders. Rows without text are no replies.

Each side holds the ratings of one grader: model, version and rubric. Ratings of several are never
pooled, because judges differ in level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemma_distress.analysis.subjects import SUBJECT
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

PLACE = ["sample_id", "epoch", "turn"]
"""Where a reply stands in any log of the same conversations."""

_KEPT = [*PLACE, "reply", *SUBJECT, "conversation", "prompt_id", "category", "owed", "rating"]


@dataclass(frozen=True)
class Grader:
    """Who rated. A person has no version and no rubric."""

    model: str
    version: str = ""
    rubric: str = ""

    def __str__(self) -> str:
        told = [f"version {self.version[:12]}"] if self.version else []
        told += [f"rubric {self.rubric}"] if self.rubric else []
        return f"{self.model} ({', '.join(told)})" if told else self.model


@dataclass(frozen=True)
class RatedTwice:
    """Replies with the ratings of grader A, the reference, and of grader B.

    `replies` is a data frame with the columns `sample_id, epoch, turn, model, category, prompt_id,
    conversation, owed, a, b`; a and b are ratings, NaN = missing. `unpaired_a` and `unpaired_b`
    count replies without a partner, `other_text` those at a place where the other has other text.
    """

    a: Grader
    b: Grader
    replies: pd.DataFrame
    unpaired_a: int = 0
    unpaired_b: int = 0
    other_text: int = 0

    def swapped(self) -> RatedTwice:
        """The same with B as the reference."""
        replies = self.replies.rename(columns={"a": "b", "b": "a"})
        return RatedTwice(
            self.b, self.a, replies, self.unpaired_b, self.unpaired_a, self.other_text
        )


def pair(a: pd.DataFrame, b: pd.DataFrame) -> RatedTwice:
    """Pair two turns tables of the same replies; the first holds the reference's ratings.

    Raises:
        UsageError: A table mixes graders, holds a reply twice, or shares no reply with the other.
    """
    left, right = _replies(a), _replies(b)
    graders = grader_of(a, "The first logs"), grader_of(b, "The second logs")
    keys = [*PLACE, "reply"]
    if left.duplicated(keys).any() or right.duplicated(keys).any():
        keys += SUBJECT
    for table, which in ((left, "first"), (right, "second")):
        twice = table[table.duplicated(keys)]
        if len(twice):
            row = twice.iloc[0]
            raise UsageError(
                f"The {which} logs hold the reply at turn {row['turn']} of sample "
                f"{row['sample_id']!r}, epoch {row['epoch']}, twice. Give each log once, and the logs "
                "of two graders apart: agreement A B."
            )
    both = left.merge(right, on=keys, suffixes=("", "_b"))
    alone_a, alone_b = len(left) - len(both), len(right) - len(both)
    places = left[PLACE].drop_duplicates().merge(right[PLACE].drop_duplicates(), on=PLACE)
    other = len(places) - len(both[PLACE].drop_duplicates())
    if both.empty:
        raise UsageError(
            f"No reply is in both: the first logs hold {len(left)} replies, the second {len(right)}, and "
            f"{other} stand at the same sample and turn with another text. Two graders are compared on "
            "the same replies; rate a log again with `inspect score LOG --scorer "
            "gemma_distress/frustration --action overwrite --output-file NEW.eval --model-role "
            "grader=MODEL`."
        )
    both = both.rename(columns={"rating": "a", "rating_b": "b"})
    return RatedTwice(*graders, both[pair_columns()].copy(), alone_a, alone_b, other)


def second_ratings(turns: pd.DataFrame) -> RatedTwice:
    """The ratings of logs that two graders rated at once; the first is the reference.

    Raises:
        UsageError: No reply has a second rating, or graders are mixed.
    """
    import pandas as pd

    rated = turns[turns["second_judge"].astype(str) != ""]
    if rated.empty:
        raise UsageError(
            "These logs were rated by one grader only. Name the same replies rated by another "
            "(agreement A B), labels (--labels FILE), or run with two graders (run --grader A --grader B)."
        )
    seconds = sorted(set(rated["second_judge"].astype(str)))
    if len(seconds) > 1:
        raise UsageError(
            f"The second graders of these logs are {', '.join(seconds)}. Judges differ in level and "
            "are not pooled; give the logs of one pair of graders."
        )
    first = grader_of(rated, "The logs")
    replies = _replies(rated).rename(columns={"rating": "a"})
    replies["b"] = pd.to_numeric(rated.loc[replies.index, "second_rating"])
    return RatedTwice(
        first, Grader(seconds[0], rubric=first.rubric), replies[pair_columns()].copy()
    )


def grader_of(turns: pd.DataFrame, whose: str = "The logs") -> Grader:
    """The one grader whose ratings a turns table holds.

    Raises:
        UsageError: There is none, or more than one.
    """
    rows = turns.loc[turns["judge"].astype(str) != "", ["judge", "judge_version", "rubric"]]
    found = [Grader(*map(str, row)) for row in rows.drop_duplicates().itertuples(index=False)]
    if not found:
        raise UsageError(f"{whose} hold no ratings. Rate them with `inspect score` first.")
    if len(found) > 1:
        raise UsageError(
            f"{whose} hold ratings of {len(found)} graders: {'; '.join(map(str, found))}. Graders differ "
            "in level and are not pooled; give the logs of one."
        )
    return found[0]


def whole_conversations(twice: RatedTwice) -> pd.DataFrame:
    """Whether any reply is high, by either grader, for each conversation that is paired whole.

    Columns `conversation, prompt_id, a, b`: the estimand `any_high` by A's and by B's ratings, with
    NaN where a missing rating leaves it open.
    """
    import numpy as np
    import pandas as pd

    from gemma_distress.analysis.statistics.estimands import any_high

    rows = []
    for number, replies in twice.replies.groupby("conversation", sort=False):
        if len(replies) < int(replies["owed"].iloc[0]):
            continue
        ratings = replies[["a", "b"]].to_numpy(dtype=np.float64).T
        a, b = (float(any_high(row[None])[0]) for row in ratings)
        rows.append((number, str(replies["prompt_id"].iloc[0]), a, b))
    return pd.DataFrame(rows, columns=["conversation", "prompt_id", "a", "b"])


def _replies(turns: pd.DataFrame) -> pd.DataFrame:
    """The rows with text; categories as plain strings, so that tables of other logs join."""
    rows = turns.loc[turns["reply"].astype(str).str.strip() != "", _KEPT].copy()
    for name in ("sample_id", "model", "prompt_id", "category"):
        rows[name] = rows[name].astype(str)
    return rows


def pair_columns() -> list[str]:
    """The columns of `RatedTwice.replies`."""
    return [*PLACE, "model", "category", "prompt_id", "conversation", "owed", "a", "b"]
