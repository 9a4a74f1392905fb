"""What commands find in readings, as files beside them.

`directions.json`, `scores.parquet` and `divergence.json` are made from the dataclasses of `directions`,
`shifts` and `divergence`, in JSON with NaN as null. Figures are drawn from them and the readings alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.commands.shown import plain
from gemma_distress.errors import UsageError
from gemma_distress.interp.batch import REPLY
from gemma_distress.interp.directions import DIRECTION, NEGATIVE_MEAN, directions, emotion_tables
from gemma_distress.interp.divergence import Divergence, divergence
from gemma_distress.interp.shifts import shifts, strongest
from gemma_distress.interp.store import Readings
from gemma_distress.interp.words import EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

DIRECTIONS, SCORES, DIVERGENCE = "directions.json", "scores.parquet", "divergence.json"
READINGS = (DIRECTION, NEGATIVE_MEAN, *EMOTIONS)
"""What can be held against the rating."""
_ORGANISM = "gemma_distress/organism"
"""How the models begin whose replies have a true level."""


@dataclass(frozen=True)
class Results:
    """What `directions.json` holds."""

    distressed: int
    calm: int
    alone: int
    prompts: int
    strongest: int
    """The layer of the direction that tells the base's replies apart best."""
    separations: Sequence[dict[str, Any]]
    correlations: Sequence[dict[str, Any]]
    shifts: Sequence[dict[str, Any]]


def make_directions(
    readings: Readings, seed: int = 0, tell: Callable[[str], None] = lambda _: None
) -> Results:
    """Fit, read, and write `directions.json` and `scores.parquet` into the folder of the readings.

    Raises:
        UsageError: Too few replies are distressed or calm.
    """
    found = directions(readings, _truth(readings.replies), seed, tell)
    results = Results(
        found.distressed,
        found.calm,
        found.alone,
        found.prompts,
        strongest(found, REPLY),
        [asdict(one) for one in found.separations],
        [asdict(one) for one in found.correlations],
        [asdict(one) for one in shifts(readings, found)],
    )
    found.scores.to_parquet(readings.folder / SCORES, index=False)
    _write(readings.folder / DIRECTIONS, vars(results))
    return results


def read_directions(folder: Path) -> Results:
    """
    Raises:
        UsageError: There are none in the folder.
    """
    path = folder / DIRECTIONS
    if not path.is_file():
        raise UsageError(
            f"{folder} holds no {DIRECTIONS}. Make it: python -m gemma_distress.interp directions {folder}"
        )
    return Results(**json.loads(path.read_text("utf-8"), object_hook=_with_nan))


def make_divergence(
    readings: Readings, reading: str = DIRECTION, layer: int | None = None, top: int = 20
) -> tuple[Divergence, int]:
    """Rank replies and write `divergence.json`; also gives the layer.

    Args:
        readings: of a folder.
        reading: one of `READINGS`.
        layer: of the model; None for the one whose direction tells the base's replies apart best.
        top: rows of each arm and kind.

    Raises:
        UsageError: The reading is missing, or there is no such layer.
    """
    if layer is None:
        layer = read_directions(readings.folder).strongest
    if not 0 <= layer < readings.layers:
        raise UsageError(f"The readings are of the layers 0 to {readings.layers - 1}, not {layer}.")
    found = divergence(readings, _values(readings, reading, layer), top)
    told = asdict(found) | {"reading": reading, "layer": layer}
    _write(readings.folder / DIVERGENCE, told)
    return found, layer


def _values(readings: Readings, reading: str, layer: int) -> dict[str, Floats]:
    if reading == DIRECTION:
        import pandas as pd

        read_directions(readings.folder)
        scores = pd.read_parquet(readings.folder / SCORES)
        scores = scores[(scores["layer"] == layer) & (scores["part"] == REPLY)]
        return {
            arm: scores[scores["arm"] == arm]["score"].to_numpy(np.float64) for arm in readings.arms
        }
    tables = emotion_tables(readings, layer)
    values: dict[str, Floats] = {
        arm: tables[arm, REPLY][reading].to_numpy(np.float64) for arm in readings.arms
    }
    if np.isnan(values["base"]).all():
        raise UsageError(
            f"There is no reading of {reading}: the vocabulary of {readings.facts['model']} has no such "
            f"words. Name another of {', '.join(READINGS)}."
        )
    return values


def _truth(replies: pd.DataFrame) -> list[float] | None:
    """The level of the organism's grammar in each reply that the organism wrote; None where it wrote none."""
    from gemma_distress.organism import level_of

    levels = [
        level_of(reply) if model.startswith(_ORGANISM) else None
        for model, reply in zip(replies["model"], replies["reply"], strict=True)
    ]
    if all(level is None for level in levels):
        return None
    return [math.nan if level is None else float(level) for level in levels]


def _with_nan(found: dict[str, Any]) -> dict[str, Any]:
    return {key: math.nan if value is None else value for key, value in found.items()}


def _write(path: Path, what: Any) -> None:
    beside = path.with_name(f".{path.name}")
    beside.write_text(
        json.dumps(plain(what), ensure_ascii=True, allow_nan=False, indent=1) + "\n", "utf-8"
    )
    beside.replace(path)
