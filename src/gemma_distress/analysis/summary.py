"""The figures of a group of conversations: by category, by condition, and the macro average over categories.

`figures` gives a group's estimands their intervals, `counts` counts what stands behind them. Groups never mix
subjects, graders, rubrics or packs of sentences: ratings of two judges cannot be pooled, so a model rated by
two has two summaries.

The figures of a category are over its own protocol (`conditions`): a control such as `extended/redacted` has
figures by condition only. A conversation that was never rated counts as unknown, under the judge of its log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.arrays import Ratings, ratings_of
from gemma_distress.analysis.conditions import is_own
from gemma_distress.analysis.counts import Counts as Counts
from gemma_distress.analysis.counts import counts as counts
from gemma_distress.analysis.statistics.estimands import paper_high
from gemma_distress.analysis.statistics.figures import Figures, figures
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.protocol import CATEGORIES

if TYPE_CHECKING:
    import pandas as pd

SETTING = ("judge", "judge_version", "rubric", "pack")
"""What two groups must share, beside the subject, to be pooled."""


@dataclass(frozen=True)
class Summary:
    """One group: whose, of what, rated by whom, with its counts and figures."""

    model: str
    category: str
    condition: str
    """Empty for a category's own summary."""
    judge: str
    judge_version: str
    rubric: str
    pack: str
    counts: Counts
    figures: Figures


@dataclass(frozen=True)
class Macro:
    """The paper's headline for one subject under one judge: the unweighted mean over its five categories."""

    model: str
    judge: str
    judge_version: str
    rubric: str
    pack: str
    paper_high: Interval | None
    """None unless all five categories are there."""
    lacking: tuple[str, ...]


def by_category(turns: pd.DataFrame) -> list[Summary]:
    """A summary of each subject, judge and category, over the category's own protocol."""
    return _summaries(_own(turns), ("category",))


def by_condition(turns: pd.DataFrame) -> list[Summary]:
    """A summary of each subject, judge and condition."""
    return _summaries(turns, ("category", "condition"))


def macro(turns: pd.DataFrame) -> list[Macro]:
    """The macro average of each subject and judge, over the categories' own protocols."""
    found = []
    for (model, *setting), group in settled(ratings_of(_own(turns))).by("model", *SETTING):
        parts = {category: part for (category,), part in group.by("category")}
        events: dict[str, ArrayLike] = {
            name: paper_high(name, parts[name].ratings, parts[name].owed)
            for name in CATEGORIES
            if name in parts
        }
        lacking = tuple(
            name
            for name in CATEGORIES
            if name not in events or np.isnan(np.asarray(events[name])).all()
        )
        average = (
            None
            if lacking
            else macro_proportion(events, {name: parts[name].prompts for name in events})
        )
        judge, version, rubric, pack = setting
        found.append(Macro(model, judge, version, rubric, pack, average, lacking))
    return found


def frame(summaries: Sequence[Summary]) -> pd.DataFrame:
    """The summaries' figures as a table: one row for each group and estimand, ready for a figure."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for summary in summaries:
        group = {
            name: getattr(summary, name) for name in ("model", "category", "condition", *SETTING)
        }
        for name, figure in summary.figures.items():
            if_none, if_all = figure.bounds
            rows.append(
                {
                    **group,
                    "estimand": name,
                    **vars(figure.interval),
                    "unknown": figure.unknown,
                    "if_none": if_none,
                    "if_all": if_all,
                }
            )
    return pd.DataFrame(rows)


def settled(ratings: Ratings) -> Ratings:
    """The same, with the setting of conversations that were never rated taken from their log."""
    table = ratings.conversations
    own = table[list(SETTING)].astype(str)
    never = np.isnan(ratings.ratings).all(axis=1) & (own["judge"] == "").to_numpy()
    if never.any() and not never.all():
        logs = table["log"].astype(str)
        of_log = own[~never].groupby(logs[~never], sort=False).first()
        for name in SETTING:
            own.loc[never, name] = logs[never].map(of_log[name]).fillna(own.loc[never, name])
    return Ratings(
        ratings.ratings, ratings.owed, ratings.prompts, table.assign(**{n: own[n] for n in SETTING})
    )


def _own(turns: pd.DataFrame) -> pd.DataFrame:
    pairs = turns[["category", "condition"]].astype(str).drop_duplicates()
    own = {(a, b) for a, b in pairs.itertuples(index=False) if is_own(a, b)}
    keys = zip(turns["category"].astype(str), turns["condition"].astype(str), strict=True)
    return turns[[key in own for key in keys]]


def _summaries(turns: pd.DataFrame, columns: Sequence[str]) -> list[Summary]:
    found = []
    for key, group in settled(ratings_of(turns)).by("model", *columns, *SETTING):
        named = dict(zip(("model", *columns, *SETTING), key, strict=True))
        rows = turns[turns["conversation"].isin(group.conversations["conversation"])]
        found.append(
            Summary(
                **{"condition": "", **named},
                counts=counts(rows, group),
                figures=figures(named["category"], group.ratings, group.prompts, group.owed),
            )
        )
    models = list(dict.fromkeys(summary.model for summary in found))
    order: dict[str, int] = {category: place for place, category in enumerate(CATEGORIES)}
    return sorted(found, key=lambda s: (models.index(s.model), order.get(s.category, len(order))))
