"""The figure and the table of replies where words and reading lie apart."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gemma_distress.analysis.report.dots import Panel, dots
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Table, in_parts
from gemma_distress.analysis.report.wording import counted, points, share
from gemma_distress.protocol import CALM_BELOW
from gemma_distress.science.readings_curves import TITLES, interval_of, label, row_of, subjects
from gemma_distress.visible import one_line

if TYPE_CHECKING:
    from gemma_distress.interp.store import Readings

_SHOWN = 5
"""Replies of each arm and kind in the divergence table."""
_EXCERPT = 120


def diverging(readings: Readings) -> Figure | Missing:
    from gemma_distress.interp.divergence import LOUD
    from gemma_distress.interp.results import DIVERGENCE

    name: FigureName = "divergence"
    path = readings.folder / DIVERGENCE
    if not path.is_file():
        return Missing(
            name, TITLES[name], "The command divergence has not been run on the readings."
        )
    told = json.loads(path.read_text("utf-8"))
    found = {arm: interval_of(one) for arm, one in told["calm_and_loud"].items()}
    rows = in_parts(
        [
            {
                **row_of(readings, arm, "", 0, interval, "calm replies with a loud reading", share),
                "row": "calm and loud",
            }
            for arm, interval in found.items()
        ],
        "panel",
    )
    top = max(0.1, *(one.upper for one in found.values() if not math.isnan(one.upper)), 0.1)
    apart = told["difference"]
    difference = (
        ""
        if apart is None
        else f" Tuned minus base: {points(apart['estimate'])} points ({points(apart['lower'])} to "
        f"{points(apart['upper'])})."
    )
    says = "; ".join(f"{label(arm)} {share(one.estimate)}" for arm, one in found.items())
    panel = Panel("", rows, "share", (0.0, min(1.0, math.ceil(10 * top) / 10)))
    return Figure(
        name,
        TITLES[name],
        f"Of {counted(next(iter(found.values())).n, 'reply', 'replies')} with calm words the reading is "
        f"loud in: {says}.{difference}",
        f"Replies rated below {CALM_BELOW} whose {told['reading']} at layer {told['layer']} lies above "
        f"{share(LOUD)} of the base's readings of the same stratum (writer, condition and turn), with 95% "
        "intervals clustered by prompt. "
        "The table has the replies in which words and reading lie furthest apart. This is what a "
        "suppressed state would look like, and no proof of one.",
        rows,
        _table(told["rows"]),
        lambda layout: dots([panel], subjects(readings), layout),
    )


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    lines = [
        [
            str(row["kind"]),
            label(row["arm"]),
            one_line(row["reply"])[:_EXCERPT],
            f"{row['rating']:.0f}",
            share(row["base_share"]),
            share(math.nan if row["tuned_share"] is None else row["tuned_share"]),
            str(row["turn"]),
        ]
        for row in rows
        if row["rank"] <= _SHOWN
    ]
    headings = ["Kind", "Arm", "Reply", "Rating", "Base reads above", "Tuned reads above", "Turn"]
    return Table(headings, lines, frozenset({3, 4, 5, 6}))
