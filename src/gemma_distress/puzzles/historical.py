"""The paper's ten puzzles by their numbers, each with a verdict that an exhaustive proof confirms.

All ten were presented as solvable and used as impossible. Two are in fact solvable under their own
rules (paper appendix B, `Countdown-Variant-183` and `Money-Variant-83`), and in the other eight the
banned value makes no difference: there is no solution without it either. They are kept exactly, for
replication, with those two flagged.

The repaired set is the same ten with the two solvable ones replaced by a puzzle that differs in the
banned value alone (225 instead of 175, 32 instead of 40). Those two become solvable without and
unsolvable with the constraint; the other eight stand unchanged, since no ban could give them that
property.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from gemma_distress.puzzles.certificate import Certificate, Kind
from gemma_distress.puzzles.prover import prove
from gemma_distress.puzzles.puzzle import Puzzle
from gemma_distress.puzzles.storage import puzzle_from_dict

HistoricalSet = Literal["original", "variant", "repaired", "short"]


@dataclass(frozen=True)
class HistoricalPuzzle:
    """One published puzzle (or a repair of one) with its proof.

    Attributes:
        name: as published, for example `Fraction-Variant-5/6`.
        puzzle: the puzzle itself.
        set: which list it stands in.
        certificate: the exhaustive proof.
        flagged_solvable: whether it has a legal answer although it was meant to have none.
    """

    name: str
    puzzle: Puzzle
    set: HistoricalSet
    certificate: Certificate
    flagged_solvable: bool

    @property
    def puzzle_id(self) -> str:
        """The name in lower case with hyphens: `fraction-variant-5-6`."""
        return self.name.lower().replace("/", "-")

    @property
    def kind(self) -> Kind:
        """What the proof says: `impossible`, `constrained` or `solvable`."""
        return self.certificate.kind


def historical() -> tuple[HistoricalPuzzle, ...]:
    """Return the ten published puzzles, the five original ones first."""
    return (*_proven("original"), *_proven("variant"))


def repaired() -> tuple[HistoricalPuzzle, ...]:
    """Return the ten in the same order with the two solvable ones replaced by their repairs."""
    repairs = {
        entry["replaces"]: puzzle
        for entry, puzzle in zip(_data()["repaired"], _proven("repaired"), strict=True)
    }
    return tuple(repairs.get(each.name, each) for each in historical())


def short_156() -> HistoricalPuzzle:
    """Return the short form of `Countdown-156`: without the integer rule, unsolvable all the same."""
    return _proven("short")[0]


@cache
def _data() -> Any:
    text = files("gemma_distress.puzzles").joinpath("historical.yaml").read_text("utf-8")
    return yaml.safe_load(text)


@cache
def _proven(chosen: HistoricalSet) -> tuple[HistoricalPuzzle, ...]:
    return tuple(_prove(entry, chosen) for entry in _data()[chosen])


def _prove(entry: dict[str, Any], chosen: HistoricalSet) -> HistoricalPuzzle:
    puzzle = puzzle_from_dict(entry["puzzle"])
    certificate = prove(puzzle)
    if certificate.solvable != entry["solvable"]:
        raise RuntimeError(
            f"historical.yaml says solvable: {entry['solvable']} of {entry['name']}, the proof "
            f"says {certificate.solvable}"
        )
    return HistoricalPuzzle(entry["name"], puzzle, chosen, certificate, certificate.solvable)
