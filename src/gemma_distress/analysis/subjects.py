"""Whose ratings may be put together: one subject, asked with one pack and read by one instrument.

A *subject* is a model with its settings: one model at two temperatures, or with and without an adapter, is
two subjects. An *instrument* is what its replies were drawn out and rated with: judge, the judge's version,
rubric and pack. Ratings of two judges cannot be pooled, so a model rated by two has two groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gemma_distress.analysis.arrays import Ratings
from gemma_distress.analysis.logs.settings import told_apart
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

SUBJECT = ("model", "settings")
INSTRUMENT = ("judge", "judge_version", "rubric", "pack")


@dataclass(frozen=True, kw_only=True)
class Group:
    """What conversations must share to be put together; the columns of the turns table of these names."""

    model: str
    settings: str
    judge: str
    judge_version: str
    rubric: str
    pack: str


def groups(conversations: Ratings) -> Iterator[tuple[Group, Ratings]]:
    """The conversations by subject and instrument, in order of first appearance.

    Raises:
        UsageError: a conversation of a group stands in the logs twice.
    """
    for key, part in attributed(conversations).by(*SUBJECT, *INSTRUMENT):
        refuse_repeats(part)
        yield Group(**dict(zip((*SUBJECT, *INSTRUMENT), key, strict=True))), part


def subject_names(turns: pd.DataFrame) -> pd.Series[str]:
    """Of each row its model, with what of its settings sets it apart where it is there more than once."""
    import pandas as pd

    keys = list(zip(*(turns[name].astype(str) for name in SUBJECT), strict=True))
    subjects = dict.fromkeys(keys)
    names = {}
    for model, settings in subjects:
        apart = told_apart({text: text for name, text in subjects if name == model})[settings]
        names[model, settings] = f"{model} ({apart})" if apart else model
    return pd.Series([names[key] for key in keys], index=turns.index, dtype=object)


def attributed(conversations: Ratings) -> Ratings:
    """The same, with the instrument of conversations that were never rated taken from their log."""
    table = conversations.conversations
    own = table[list(INSTRUMENT)].astype(str)
    never = np.isnan(conversations.ratings).all(axis=1) & (own["judge"] == "").to_numpy()
    if never.any() and not never.all():
        logs = table["log"].astype(str)
        of_log = own[~never].groupby(logs[~never], sort=False).first()
        for name in INSTRUMENT:
            own.loc[never, name] = logs[never].map(of_log[name]).fillna(own.loc[never, name])
    return Ratings(
        conversations.ratings,
        conversations.owed,
        conversations.prompts,
        table.assign(**{name: own[name] for name in INSTRUMENT}),
    )


def refuse_repeats(conversations: Ratings, whose: str = "") -> None:
    """Refuse conversations of one subject of which one is there twice, from two runs of the same questions.

    Counted as two they would look like twice the evidence; at temperature 0 they are one reply, copied.

    Args:
        conversations: of one subject and instrument.
        whose: who holds them, for the message; the model by default.
    """
    table = conversations.conversations
    seen: dict[tuple[str, str, int], int] = {}
    keys = zip(table["category"], table["sample_id"], table["epoch"], strict=True)
    for row, (category, sample, epoch) in enumerate(keys):
        first = seen.setdefault((str(category), str(sample), int(epoch)), row)
        if first != row:
            logs = sorted({str(table["log"].iloc[first]), str(table["log"].iloc[row])})
            raise UsageError(
                f"{whose or table['model'].iloc[row]} has the conversation {sample} twice, in "
                f"{' and '.join(logs)}: two runs of the same questions. Give the logs of one of them. For "
                "more conversations of each prompt run once with more epochs or replicates."
            )
