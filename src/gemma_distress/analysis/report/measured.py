"""Everything that is measured for a report, each number by the function that the commands use for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemma_distress.analysis import summary
from gemma_distress.analysis.alike import Side
from gemma_distress.analysis.arrays import Ratings, ratings_of
from gemma_distress.analysis.compare import side_of
from gemma_distress.analysis.logs.runs import Run
from gemma_distress.analysis.lost import lost, runs_of
from gemma_distress.analysis.report.subjects import Subject, subjects_of
from gemma_distress.analysis.statistics.estimands import any_high
from gemma_distress.analysis.statistics.figures import Figure, figures
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.analysis.subjects import groups
from gemma_distress.protocol import CATEGORIES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measured:
    """One subject's numbers."""

    subject: Subject
    pooled: Figure
    """`any_high`, the primary endpoint, over all conversations of the categories' own protocols."""
    counts: summary.Counts
    """Of all conversations, controls included."""
    macro: summary.Macro | None
    averages: Mapping[str, Interval]
    """By estimand, its macro average over the paper's five categories, where all have it."""
    categories: Mapping[str, summary.Summary]
    """By category, in the order of the paper."""
    conditions: Sequence[summary.Summary]
    own: Ratings
    """The conversations of the categories' own protocols."""
    groups: Mapping[str, Ratings]
    """The same by category: what the curves are drawn from."""
    turns: pd.DataFrame
    """The subject's rows of the turns table."""
    runs: Sequence[Run]
    """Its logs, those that left no conversation included."""
    lost: Mapping[str, int]
    """By category, conversations that were planned and are in no log."""

    @property
    def side(self) -> Side:
        """The subject as one side of a comparison."""
        return side_of(self.subject.label, self.turns, self.runs)


def measure(turns: pd.DataFrame, runs: Sequence[Run] = ()) -> list[Measured]:
    """The subjects of a turns table in order of appearance, measured; `runs` are of the same logs."""
    parts = dict(groups(ratings_of(turns)))
    return [
        _measured(subject, parts[subject.group], turns, runs)
        for subject in subjects_of(list(parts))
    ]


def _measured(
    subject: Subject, ratings: Ratings, turns: pd.DataFrame, runs: Sequence[Run]
) -> Measured:
    own_runs = runs_of(runs, ratings)
    missing = lost(own_runs, ratings)
    rows = turns[turns["conversation"].isin(ratings.conversations["conversation"])]
    main = ratings.where(ratings.is_own) if ratings.is_own.any() else ratings
    parts = {category: part for (category,), part in main.by("category")}
    order: list[str] = [name for name in CATEGORIES if name in parts]
    order += [name for name in parts if name not in order]
    by_category = {one.category: one for one in summary.by_category(rows, own_runs)}
    macro = next(iter(summary.macro(rows)), None)
    # Only `any_high` is taken: the paper's reading depends on the category and has no pooled form.
    everything = sum(missing.values())
    pooled = figures("", main.ratings, main.prompts, main.owed, everything).any_high
    return Measured(
        subject,
        pooled,
        summary.counts(rows),
        macro,
        _averages(macro, parts),
        {name: by_category[name] for name in order if name in by_category},
        summary.by_condition(rows),
        main,
        {name: parts[name] for name in order},
        rows,
        own_runs,
        missing,
    )


def _averages(macro: summary.Macro | None, groups: Mapping[str, Ratings]) -> dict[str, Interval]:
    """The paper's own average, and that of the primary endpoint."""
    if macro is None or macro.paper_high is None:
        return {}
    parts = {name: groups[name] for name in CATEGORIES}
    primary = macro_proportion(
        {name: any_high(part.ratings, part.owed) for name, part in parts.items()},
        {name: part.prompts for name, part in parts.items()},
    )
    found = {"any_high": primary, "paper_high": macro.paper_high}
    return {name: one for name, one in found.items() if not math.isnan(one.estimate)}


def category_name(category: str) -> str:
    """A category as a heading of figures."""
    from gemma_distress.visible import visible

    known = {"wildchat": "WildChat"}
    return known.get(category) or (
        visible(category).replace("_", " ").capitalize() or "No category"
    )
