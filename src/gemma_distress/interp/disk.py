"""How much disk the readings of a text take, told before they are made.

Readings are numbers that hardly compress, so that their files are about as large as the numbers: almost all
of it mean streams (4 bytes × width × layers, for each arm and part of a reply).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gemma_distress.errors import UsageError
from gemma_distress.interp.batch import pieces_of
from gemma_distress.interp.rendered import Rendered

if TYPE_CHECKING:
    from gemma_distress.interp.arms import Reader

_NUMBER, _KEYS = 4, 8
"""Bytes of a number, and about those of the keys of a row."""


def estimated_bytes(
    conversations: Sequence[Rendered], arms: int, layers: int, width: int, names: int, window: int
) -> int:
    """About what the files will take.

    Args:
        conversations: that are read.
        arms: that read them.
        layers: of the model.
        width: of its residual stream.
        names: of the readings.
        window: tokens of a window at an onset.
    """
    whole, windows = pieces_of(conversations, window)
    tokens = sum(span.end - span.first for one in conversations for span in one.spans)
    readings = layers * (len(whole) + len(windows)) + tokens
    return arms * (
        layers * len(whole) * (_NUMBER * width + _KEYS) + readings * (_NUMBER * names + _KEYS)
    )


def check_disk(
    folder: Path,
    conversations: Sequence[Rendered],
    reader: Reader,
    names: int,
    window: int,
    tell: Callable[[str], None],
) -> None:
    """Tell how much the readings will take where, and see that it is free.

    Raises:
        UsageError: It is not.
    """
    text = reader.plain.config.get_text_config()
    wanted = estimated_bytes(
        conversations,
        len(reader.arms),
        text.num_hidden_layers,
        text.hidden_size,
        names,
        window,
    )
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    # What a broken-off pass has left is written over.
    own = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
    free = shutil.disk_usage(there).free + own
    told = f"The readings will take about {_size(wanted)}; {folder} has {_size(free)} free."
    if wanted > free:
        number = len(conversations)
        raise UsageError(
            f"{told} Name another --output, or read some of the {number:,} conversations by "
            f"--conversations {max(int(0.9 * number * free / wanted), 1)}."
        )
    tell(told)


def _size(number: int) -> str:
    size, units = number / 1e6, ["MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:,.1f} {units[0]}"
