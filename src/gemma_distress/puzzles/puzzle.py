"""What every puzzle family shares: identity by content, the strings a prompt shows, a JSON form.

A puzzle is a small frozen value. Its *constraint* is the optional `banned` value; the puzzle without
it is another puzzle. Two puzzles with the same content (numbers in any order) have the same
`content_hash`, whatever they were called where they came from.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Any, ClassVar, Literal, Self

Family = Literal["countdown", "chain", "coins"]


class Puzzle(ABC):
    """One puzzle: something to reach, what it may be reached with, and perhaps a banned value."""

    family: ClassVar[Family]

    @property
    @abstractmethod
    def template_key(self) -> str:
        """Which prompt template tells this puzzle, for example `countdown` or `chain_money`."""

    @property
    @abstractmethod
    def has_constraint(self) -> bool:
        """Whether a value is banned."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Readable start of an identifier, for example `countdown-183` or `fraction-5-6`."""

    @abstractmethod
    def without_constraint(self) -> Self:
        """Return the same puzzle with nothing banned."""

    @abstractmethod
    def fields(self) -> dict[str, str]:
        """Return the strings for a prompt template; `banned` is absent when nothing is banned."""

    @abstractmethod
    def required_fields(self) -> frozenset[str]:
        """Return the names among `fields()` without which a prompt would not state the puzzle."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready form that `puzzle_from_dict` reads back to an equal puzzle."""

    @abstractmethod
    def _canonical(self) -> dict[str, Any]:
        """Return `to_dict()` with everything whose order does not matter sorted."""

    @property
    def content_hash(self) -> str:
        """Twelve hex characters of SHA-256 over the canonical content."""
        text = json.dumps(self._canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def puzzle_id(self) -> str:
        """Label and the first six characters of the content hash: `countdown-183-3fa2c1`."""
        return f"{self.label}-{self.content_hash[:6]}"


def show(value: Fraction | int) -> str:
    """Write an exact number as a prompt or an answer would: `7`, `5/6`, `−1/12`."""
    sign = "−" if value < 0 else ""
    return f"{sign}{abs(value)}"
