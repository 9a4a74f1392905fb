"""Internal readings in four figures: along a conversation, by layer, around the onset, and against the words.

from gemma_distress.science.readings import figures
figures(Path("readings"))
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gemma_distress.analysis.report.figure import Figure, Missing
from gemma_distress.errors import UsageError
from gemma_distress.science.readings_along_turns import along_turns
from gemma_distress.science.readings_around_onset import around_onset
from gemma_distress.science.readings_by_layer import by_layer
from gemma_distress.science.readings_curves import TITLES
from gemma_distress.science.readings_divergence import diverging

if TYPE_CHECKING:
    from gemma_distress.interp.results import Results


def figures(folder: Path) -> list[Figure | Missing]:
    """The four figures, each or the reason that there is none."""
    from gemma_distress.interp.results import read_directions
    from gemma_distress.interp.store import read_readings

    try:
        readings = read_readings(folder)
    except UsageError as error:
        return [Missing(name, title, str(error)) for name, title in TITLES.items()]
    try:
        found: Results | None = read_directions(folder)
    except UsageError:
        found = None
    return [
        along_turns(readings, found),
        by_layer(readings, found),
        around_onset(readings),
        diverging(readings),
    ]
