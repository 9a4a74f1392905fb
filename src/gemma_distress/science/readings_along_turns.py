"""The figure of readings turn by turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gemma_distress.analysis.report.figure import Figure, Missing
from gemma_distress.analysis.report.lines import Curves
from gemma_distress.science.readings_curves import (
    COLUMNS,
    drawn_curves,
    ends,
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
    tables = _replies_in_band(readings)
    if found is not None:
        tables = tables.merge(_scores(readings, found), on=["arm", "conversation", "turn"])
    panels = [panel for panel in COLUMNS if there(tables, COLUMNS[panel])]
    rows = [
        row_of(readings, arm, panel, turn, interval, f"turn {turn}")
        for panel in panels
        for arm in readings.arms
        for turn, interval in means(tables[tables["arm"] == arm], "turn", COLUMNS[panel])
    ]
    first, last = readings.facts["band"]
    note = (
        f"Mean over the replies of each turn. Emotions are the mean over the layers {first} to {last}, in "
        "standard deviations of a word's logit over calm replies, less what random words share; the "
        "direction is that of the layer that tells distressed from calm replies best, read on prompts it "
        "was not fitted on. Later turns are of longer conversations only. Bands are pointwise 95% "
        "intervals, clustered by prompt."
    )
    return drawn_curves(
        "readings-turns", readings, rows, note, Curves("turn", "rating", numbers="~g"), ends(rows)
    )


def _replies_in_band(readings: Readings) -> pd.DataFrame:
    """Emotions of whole replies by arm, as the mean over the band of layers, with their prompts."""
    first, last = readings.facts["band"]
    rows = readings.by_layer
    rows = rows[rows["layer"].between(first, last) & (rows["part"] == "reply")]
    columns = [name for name in rows.columns if rows[name].dtype == np.float32]
    means = (
        rows.groupby(["arm", "conversation", "turn"], observed=True)[columns].mean().reset_index()
    )
    keys = readings.replies[["conversation", "turn", "prompt_id"]]
    return with_negative(readings, means.merge(keys, on=["conversation", "turn"]))


def _scores(readings: Readings, found: Results) -> pd.DataFrame:
    import pandas as pd

    from gemma_distress.interp.results import SCORES

    scores = pd.read_parquet(readings.folder / SCORES)
    own = scores[(scores["layer"] == found.strongest) & (scores["part"] == "reply")]
    return own[["arm", "conversation", "turn", "score"]].rename(columns={"score": "direction"})
