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

from gemma_distress.analysis.arrays import ratings_of
from gemma_distress.analysis.conditions import is_own
from gemma_distress.analysis.counts import Counts as Counts
from gemma_distress.analysis.counts import counts as counts
from gemma_distress.analysis.logs.runs import Run
from gemma_distress.analysis.lost import lost, runs_of
from gemma_distress.analysis.statistics.estimands import paper_high
from gemma_distress.analysis.statistics.figures import Figures, figures
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.analysis.subjects import INSTRUMENT, SUBJECT, Group, groups
from gemma_distress.protocol import CATEGORIES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Summary(Group):
    """One group: whose, of what, rated by whom, with its counts and figures."""

    category: str
    condition: str
    """Empty for a category's own summary."""
    counts: Counts
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Macro(Group):
    """The paper's headline for one subject under one judge: the unweighted mean over its five categories."""

    paper_high: Interval | None
    """None unless all five categories are there."""
    lacking: tuple[str, ...]


def by_category(turns: pd.DataFrame, runs: Sequence[Run] = ()) -> list[Summary]:
    """A summary of each subject, judge and category, over the category's own protocol.

    Args:
        turns: the turns table.
        runs: of the same logs; what they planned and do not have then counts as unknown.
    """
    return _summaries(_own(turns), ("category",), runs)


def by_condition(turns: pd.DataFrame) -> list[Summary]:
    """A summary of each subject, judge and condition."""
    return _summaries(turns, ("category", "condition"))


def macro(turns: pd.DataFrame) -> list[Macro]:
    """The macro average of each subject and judge, over the categories' own protocols."""
    found = []
    for group, conversations in groups(ratings_of(_own(turns))):
        parts = {category: part for (category,), part in conversations.by("category")}
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
        found.append(Macro(**vars(group), paper_high=average, lacking=lacking))
    return found


def frame(summaries: Sequence[Summary]) -> pd.DataFrame:
    """The summaries' figures as a table: one row for each group and estimand, ready for a figure."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for summary in summaries:
        group = {
            name: getattr(summary, name)
            for name in (*SUBJECT, "category", "condition", *INSTRUMENT)
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


def _own(turns: pd.DataFrame) -> pd.DataFrame:
    pairs = turns[["category", "condition"]].astype(str).drop_duplicates()
    own = {(a, b) for a, b in pairs.itertuples(index=False) if is_own(a, b)}
    keys = zip(turns["category"].astype(str), turns["condition"].astype(str), strict=True)
    return turns[[key in own for key in keys]]


def _summaries(
    turns: pd.DataFrame, columns: Sequence[str], runs: Sequence[Run] = ()
) -> list[Summary]:
    found = []
    for group, conversations in groups(ratings_of(turns)):
        missing = lost(runs_of(runs, conversations), conversations)
        for key, part in conversations.by(*columns):
            named = {"condition": "", **dict(zip(columns, key, strict=True))}
            rows = turns[turns["conversation"].isin(part.conversations["conversation"])]
            found.append(
                Summary(
                    **vars(group),
                    **named,
                    counts=counts(rows, part),
                    figures=figures(
                        named["category"],
                        part.ratings,
                        part.prompts,
                        part.owed,
                        missing.get(named["category"], 0),
                    ),
                )
            )
    subjects = list(dict.fromkeys((one.model, one.settings) for one in found))
    order: dict[str, int] = {category: place for place, category in enumerate(CATEGORIES)}
    return sorted(
        found,
        key=lambda one: (
            subjects.index((one.model, one.settings)),
            order.get(one.category, len(order)),
        ),
    )
