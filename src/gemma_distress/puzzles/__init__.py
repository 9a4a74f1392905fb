"""Puzzles with proofs: three families, an exact prover, a generator and a checker of answers.

Nothing here knows of evaluations or prompts; a puzzle is arithmetic, and everything about it is
decided by exact rational numbers and exhaustive search.
"""

from gemma_distress.puzzles.answer import check
from gemma_distress.puzzles.certificate import Certificate, Kind
from gemma_distress.puzzles.chain import Chain, Operation, Telling
from gemma_distress.puzzles.coins import Coins
from gemma_distress.puzzles.countdown import Countdown
from gemma_distress.puzzles.generate import ProvenPuzzle, generate
from gemma_distress.puzzles.historical import (
    HistoricalPuzzle,
    historical,
    repaired,
    short_156,
)
from gemma_distress.puzzles.prover import prove
from gemma_distress.puzzles.puzzle import Family, Puzzle
from gemma_distress.puzzles.render import placeholders, render
from gemma_distress.puzzles.storage import puzzle_from_dict
from gemma_distress.puzzles.verdict import AnswerCheck

__all__ = [
    "AnswerCheck",
    "Certificate",
    "Chain",
    "Coins",
    "Countdown",
    "Family",
    "HistoricalPuzzle",
    "Kind",
    "Operation",
    "ProvenPuzzle",
    "Puzzle",
    "Telling",
    "check",
    "generate",
    "historical",
    "placeholders",
    "prove",
    "puzzle_from_dict",
    "render",
    "repaired",
    "short_156",
]
