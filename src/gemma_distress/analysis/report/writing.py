"""The report as files: the page, and beside it each figure as SVG, PNG, Vega-Lite specification and CSV."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from gemma_distress.analysis.report.csv_files import csv_text
from gemma_distress.analysis.report.figure import FIGURE_NAMES, WIDE, Drawing, Figure
from gemma_distress.errors import UsageError

Ending = Literal["svg", "png", "vl.json", "csv"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)
"""Of the files of each figure."""


def write_page(path: Path, html: str) -> None:
    """Write the page whole or not at all.

    Raises:
        UsageError: The place cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".part")
        draft.write_text(html, "utf-8", newline="\n")
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"The report cannot be written to {path}: {error.strerror}.") from error


def remove_others(folder: Path, written: Sequence[Path]) -> None:
    """Remove the files that an earlier report left here for figures that this one does not have.

    Only files with a figure's name and ending are removed, whatever else the folder holds.

    Raises:
        UsageError: A file cannot be removed.
    """
    files = [folder / f"{name}.{ending}" for name in FIGURE_NAMES for ending in ENDINGS]
    for path in files:
        if path not in written and path.is_file():
            try:
                path.unlink()
            except OSError as error:
                raise UsageError(
                    f"{path}, a figure of an earlier report, cannot be removed: {error.strerror}."
                ) from error


def write_figure(folder: Path, figure: Figure, drawings: Sequence[Drawing]) -> list[Path]:
    """Write one figure's files, and return them."""
    wide = next(one for one in drawings if one.layout == WIDE)
    contents: dict[Ending, bytes] = {
        "svg": wide.svg.encode(),
        "png": wide.png(),
        "vl.json": (json.dumps(wide.spec, indent=1, sort_keys=True) + "\n").encode(),
        "csv": csv_text(figure.rows).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for ending, content in contents.items():
            path = folder / f"{figure.name}.{ending}"
            path.write_bytes(content)
            written.append(path)
    except OSError as error:
        raise UsageError(f"The figures cannot be written to {folder}: {error.strerror}.") from error
    return written
