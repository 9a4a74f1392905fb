"""The figure of readings before and after emotion begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemma_distress.analysis.report.figure import Figure, FigureName, Missing
from gemma_distress.analysis.report.lines import Curves
from gemma_distress.protocol import HIGH
from gemma_distress.science.readings_curves import (
    TITLES,
    drawn_curves,
    ends,
    means,
    row_of,
    there,
    with_negative,
)

if TYPE_CHECKING:
    from gemma_distress.interp.store import Readings

_PARTS = {
    "prompt": "before the reply",
    "far before": "long before the onset",
    "before": "just before the onset",
    "after": "from the onset on",
}


def around_onset(readings: Readings) -> Figure | Missing:
    name: FigureName = "readings-onset"
    table = readings.by_layer.merge(
        readings.replies[["conversation", "turn", "prompt_id", "rating", "onset_token"]],
        on=["conversation", "turn"],
    )
    table = table[(table["rating"] >= HIGH) & table["onset_token"].notna()]
    table = with_negative(readings, table)
    if table.empty or not there(table, "negative"):
        return Missing(
            name, TITLES[name], "No high reply with a quote and a reading of a negative emotion."
        )
    rows = [
        row_of(readings, arm, told, layer, interval, f"layer {layer:g}")
        for part, told in _PARTS.items()
        for arm in readings.arms
        for layer, interval in means(
            table[(table["arm"] == arm) & (table["part"] == part)], "layer", "negative"
        )
    ]
    window = readings.facts["window"]
    note = (
        f"Mean reading of negative emotions in replies rated {HIGH} or higher: at the last token before the "
        f"reply, {2 * window} to {window} tokens before emotion begins (by the grader's quote, or by an "
        f"earlier expression that the lexical grader finds), the {window} before it, and the {window} from "
        "it on, all within the reply. Where replies begin with their onset, few tokens lie before it. "
        "Bands are pointwise 95% intervals, clustered by prompt."
    )
    return drawn_curves(
        name, readings, rows, note, Curves("layer", "rating", numbers="~g"), ends(rows)
    )
