"""The figure of how readings go with the level or the rating, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row
from gemma_distress.analysis.report.lines import Curves
from gemma_distress.science.readings_curves import (
    COLUMNS,
    RANDOM,
    TITLES,
    drawn_curves,
    interval_of,
    row_of,
)

if TYPE_CHECKING:
    from gemma_distress.interp.results import Results
    from gemma_distress.interp.store import Readings


def by_layer(readings: Readings, found: Results | None) -> Figure | Missing:
    name: FigureName = "readings-layers"
    if found is None:
        return Missing(
            name, TITLES[name], "The command directions has not been run on the readings."
        )
    against = "level" if any(one["against"] == "level" for one in found.correlations) else "rating"
    own = [
        one for one in found.correlations if one["part"] == "reply" and one["against"] == against
    ]
    rows = [
        row_of(
            readings,
            one["arm"],
            panel,
            one["layer"],
            interval_of(one["within_strata"]),
            f"layer {one['layer']}",
        )
        for panel, column in COLUMNS.items()
        for arm in readings.arms
        for one in own
        if one["reading"] == column and one["arm"] == arm
    ]
    truth = "the true level of the organism's grammar" if against == "level" else "the rating"
    note = (
        "Correlation of ranks, within strata (replies of one writer, condition and turn), of each reading of "
        f"a reply with {truth}, by layer; random words are the control. Bands are 95% intervals, clustered "
        "by prompt."
    )
    return drawn_curves(
        name,
        readings,
        rows,
        note,
        Curves("layer", "rating", numbers="~g", top=1.0, bottom=-1.0),
        _most(rows, truth),
    )


def _most(rows: Sequence[Row], truth: str) -> str:
    """Each arm's strongest correlation, and how far the control goes."""
    told = []
    for subject in dict.fromkeys(str(row["subject"]) for row in rows):
        own = [row for row in rows if row["subject"] == subject]
        read = [row for row in own if row["panel"] != RANDOM]
        control = max(
            (abs(float(row["estimate"])) for row in own if row["panel"] == RANDOM), default=0
        )
        best = max(read, key=lambda row: abs(float(row["estimate"])))
        told.append(
            f"{subject}: {best['panel']} at layer {best['x']} goes with {truth} by {best['number']} "
            f"({best['range']}), the control by at most {control:.2f} either way."
        )
    return " ".join(told)
