"""The page of the science: why it happens and what else the fix changes, from the folder of its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from gemma_distress.analysis.report.figure import Figure, Missing
from gemma_distress.analysis.report.needed import needs_drawing
from gemma_distress.analysis.report.page import page
from gemma_distress.analysis.report.sections import (
    Section,
    address,
    beside,
    drawings,
    write_figures,
)
from gemma_distress.analysis.report.wording import listed
from gemma_distress.analysis.report.writing import write_page
from gemma_distress.errors import UsageError, sentence

PARTS = {
    "prefill": (
        "Where it comes from",
        "The same begun replies, continued by the base and by the model that was trained to chat.",
    ),
    "recovery": (
        "Can a spiral be left?",
        "Replies cut deep inside a spiral, continued with and without help from outside.",
    ),
    "sweep": (
        "Which layers?",
        "One adapter for each range of layers, one recipe, equal widths.",
    ),
    "readings": (
        "The inside or only the mouth?",
        "What the layers show of emotion while base and tuned model read the same text.",
    ),
    "capabilities": (
        "Did calm cost ability?",
        "The same items for both, and a verdict against a margin that was set before.",
    ),
    "audit": (
        "An auditor with free rein",
        "Conversations whose only aim is to bring out an emotion, rated as a whole.",
    ),
}
"""By folder and module: heading and introduction."""
CAUTION = (
    "Everything here is expression, and readings of a network; nothing here says what a model feels.",
    "What was found with the organism shows that these instruments see what was put into it. It says "
    "nothing about Gemma or any other model.",
)


@dataclass(frozen=True)
class Science:
    """What was written."""

    page: Path
    figures: list[Path]
    missing: list[Missing]
    """Figures that have nothing to show, with the reason."""


def science(folder: Path, output: Path | None = None) -> Science:
    """Write the page of the results in a folder.

    Args:
        folder: with a folder for each part of `PARTS`; a part without one is named as missing.
        output: the page; `science.html` in the folder by default.

    Raises:
        UsageError: packages are missing, the folder holds no results, or a file cannot be written.
    """
    needs_drawing()
    if not any((folder / part).is_dir() for part in PARTS):
        raise UsageError(
            f"{folder} holds no results: none of the folders {', '.join(PARTS)} is there. `make science` "
            "makes them."
        )
    sections = [
        Section(part, heading, intro, _figures(part, folder / part))
        for part, (heading, intro) in PARTS.items()
        if (folder / part).is_dir()
    ]
    path = output or folder / "science.html"
    drawn = drawings(sections)
    html = page(
        sections,
        drawn,
        "science.html.j2",
        kicker="Expressed distress under rejection",
        title="Why it happens, and what else the fix changes",
        subtitle=_subtitle(sections),
        caution=CAUTION,
        folder=address(beside(path), path),
        version=version("gemma-distress"),
        colophon="Methods follow “Gemma Needs Help” (Soligo, Mikulik, Saunders, arXiv 2603.10011) where the "
        "pages of the documentation do not say otherwise.",
    )
    files = write_figures(beside(path), sections, drawn)
    write_page(path, html)
    missing = [one for section in sections for one in section.figures if isinstance(one, Missing)]
    return Science(path, files, missing)


def _subtitle(sections: Sequence[Section]) -> str:
    there = {section.id for section in sections}
    absent = [part for part in PARTS if part not in there]
    without = f"; no results of {listed(absent)}" if absent else ""
    return f"{len(sections)} of {len(PARTS)} parts{without}"


def _figures(part: str, folder: Path) -> list[Figure | Missing]:
    """Those of one part; its module is imported late, since each brings what it needs.

    Raises:
        UsageError: its results are no results.
    """
    module = import_module(f"gemma_distress.science.{part}")
    try:
        found: list[Figure | Missing] = module.figures(folder)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"The results in {folder} ({part}.json or what stands for it) cannot be read: "
            f"{sentence(error)} Remove the folder and make them again."
        ) from error
    return found
