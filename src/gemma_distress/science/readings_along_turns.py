"""The figure of readings along a conversation: emotions by quarter of each reply, the direction by reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gemma_distress.analysis.report.figure import Figure, Missing, Row
from gemma_distress.analysis.report.lines import Curves
from gemma_distress.science.readings_curves import (
    COLUMNS,
    DIRECTION,
    drawn_curves,
    means,
    row_of,
    there,
    with_negative,
)

if TYPE_CHECKING:
    import pandas as pd

    from gemma_distress.interp.results import Results
    from gemma_distress.interp.store import Readings


def along_turns(readings: Readings, found: Results | None) -> Figure | Missing:
    prompts = readings.replies[["conversation", "turn", "prompt_id"]]
    quarters = readings.by_quarter.merge(prompts, on=["conversation", "turn"])
    quarters = with_negative(readings, quarters)
    quarters["at"] = quarters["turn"] + (quarters["quarter"] - 1) / 4
    rows = [
        row
        for panel, column in COLUMNS.items()
        if panel != DIRECTION
        for row in _rows(readings, quarters, panel, column)
    ]
    if found is not None:
        scores = _scores(readings, found).merge(prompts, on=["conversation", "turn"])
        rows += _rows(readings, scores.assign(at=scores["turn"]), DIRECTION, "score")
    first, last = readings.facts["band"]
    note = (
        "Mean over the tokens of each quarter of a reply, and over replies; a turn's number stands at its "
        f"first quarter. Emotions are the mean over the layers {first} to {last}, in standard deviations of "
        "a word's logit over calm replies, less what random words share; the direction is of whole replies "
        "and that of the layer that tells distressed from calm replies best, read on prompts it was not "
        "fitted on. Later turns are of longer conversations only. Bands are pointwise 95% intervals, "
        "clustered by prompt."
    )
    return drawn_curves(
        "readings-turns",
        readings,
        rows,
        note,
        Curves("turn", "rating", numbers="~g"),
        _highest(rows),
    )


def _rows(readings: Readings, table: pd.DataFrame, panel: str, column: str) -> list[Row]:
    """Of one panel, with `at` as x."""
    if not there(table, column):
        return []
    return [
        row_of(readings, arm, panel, at, interval, _told(at, panel))
        for arm in readings.arms
        for at, interval in means(table[table["arm"] == arm], "at", column)
    ]


def _highest(rows: Sequence[Row]) -> str:
    """For the first panel, where each arm reads highest."""
    if not rows:
        return ""
    first = [row for row in rows if row["panel"] == rows[0]["panel"]]
    told = []
    for subject in dict.fromkeys(str(row["subject"]) for row in first):
        own = [row for row in first if row["subject"] == subject]
        most = max(own, key=lambda row: float(row["estimate"]))
        told.append(f"{subject} in {most['where']} ({most['number']}; {most['range']})")
    return f"{str(first[0]['panel']).capitalize()} read highest: {'; '.join(told)}."


def _told(at: float, panel: str) -> str:
    turn, quarter = int(at), int(4 * (at % 1)) + 1
    return f"turn {turn}" if panel == DIRECTION else f"turn {turn}, quarter {quarter}"


def _scores(readings: Readings, found: Results) -> pd.DataFrame:
    import pandas as pd

    from gemma_distress.interp.results import SCORES

    scores = pd.read_parquet(readings.folder / SCORES)
    return scores[(scores["layer"] == found.strongest) & (scores["part"] == "reply")]
