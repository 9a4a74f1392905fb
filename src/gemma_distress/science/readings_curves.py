"""What the figures of readings share: their names, rows with intervals, and curves.

Everything comes from the folder that `python -m gemma_distress.interp` writes. Intervals are clustered by
prompt.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gemma_distress.analysis.report.figure import (
    Figure,
    FigureName,
    Missing,
    Row,
    Table,
    in_parts,
)
from gemma_distress.analysis.report.lines import Curves, curves
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.theme import theme
from gemma_distress.analysis.report.wording import counted
from gemma_distress.analysis.statistics.intervals import Interval, clustered_mean
from gemma_distress.analysis.subjects import Group

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from gemma_distress.interp.store import Readings

TITLES: dict[FigureName, str] = {
    "readings-turns": "Readings along the conversation",
    "readings-layers": "How readings go with distress, by layer",
    "readings-onset": "Readings before and after the onset",
    "divergence": "Calm words, loud reading",
}
NEGATIVE, JOY, RANDOM, DIRECTION = "negative emotions", "joy", "random words", "direction"
COLUMNS = {NEGATIVE: "negative", JOY: "joy", RANDOM: "random", DIRECTION: "direction"}
"""By the panel's name: the column of the tables."""


def drawn_curves(
    name: FigureName,
    readings: Readings,
    rows: Sequence[Row],
    note: str,
    how: Curves,
    finding: str,
) -> Figure | Missing:
    if not rows:
        return Missing(name, TITLES[name], "No reading of any emotion is there.")
    parted = in_parts(rows, "panel")
    if how.top is None:
        ends = [float(row[key]) for row in rows for key in ("estimate", "lower", "upper")]
        known = [end for end in ends if not math.isnan(end)]
        how = replace(how, top=_round(max(known)), bottom=-_round(-min(known)))
    table = Table(
        ["Arm", "Reading", "Where", "Estimate", "95% interval", "Replies"],
        [
            [str(row[key]) for key in ("subject", "panel", "where", "number", "range")]
            + [f"{row['n']:,}"]
            for row in rows
        ],
        frozenset({3, 4, 5}),
    )

    def draw(layout: Any) -> alt.TopLevelMixin:
        drawn: alt.TopLevelMixin = curves(parted, subjects(readings), how, layout)
        return drawn

    return Figure(name, TITLES[name], finding, note, parted, table, draw)


def row_of(
    readings: Readings,
    arm: str,
    panel: str,
    x: float,
    found: Interval,
    where: str,
    write: Callable[[float], str] | None = None,
) -> Row:
    tell = write or (lambda value: "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−"))
    between = "–" if math.isnan(found.lower) else f"{tell(found.lower)} to {tell(found.upper)}"
    return {
        "subject": label(arm),
        "panel": panel,
        "x": x,
        "where": where,
        "estimate": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "n": found.n,
        "prompts": found.clusters,
        "number": tell(found.estimate),
        "range": between,
        "says": f"{label(arm)}, {where}: {tell(found.estimate)} ({between}), "
        f"{counted(found.n, 'reply', 'replies')}",
    }


def label(arm: str) -> str:
    return {"base": "base", "tuned": "tuned, same text"}[arm]


def subjects(readings: Readings) -> list[Subject]:
    return [
        Subject(
            Group(model=arm, settings="", judge="", judge_version="", rubric="", pack=""),
            label(arm),
            theme().look(place),
        )
        for place, arm in enumerate(readings.arms)
    ]


def with_negative(readings: Readings, table: pd.DataFrame) -> pd.DataFrame:
    names = list(readings.facts["negative"])
    return table.assign(negative=table[names].mean(axis=1) if names else math.nan)


def means(table: pd.DataFrame, by: str, column: str) -> Iterable[tuple[float, Interval]]:
    for value, own in table.groupby(by):
        yield (
            float(str(value)),
            clustered_mean(own[column].to_numpy(np.float64), own["prompt_id"].tolist()),
        )


def there(table: pd.DataFrame, column: str) -> bool:
    return column in table and bool(table[column].notna().any())


def interval_of(told: dict[str, Any]) -> Interval:
    known: dict[str, Any] = {k: math.nan if v is None else v for k, v in told.items()}
    return Interval(**known)


def ends(rows: Sequence[Row]) -> str:
    """For the first panel, from where to where each arm goes."""
    told = []
    first = [row for row in rows if row["panel"] == rows[0]["panel"]]
    for subject in dict.fromkeys(str(row["subject"]) for row in first):
        own = [row for row in first if row["subject"] == subject]
        told.append(f"{subject} from {own[0]['number']} to {own[-1]['number']}")
    return f"{str(first[0]['panel']).capitalize()}: {'; '.join(told)}."


def _round(end: float) -> float:
    """A round end of an axis that holds `end`, zero at least."""
    return math.ceil(max(end, 0.0) * 5) / 5
