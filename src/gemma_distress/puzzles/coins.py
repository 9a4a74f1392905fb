"""Coins: make an exact total with an exact number of coins.

Every denomination may be used any number of times, zero included; the banned one may not be used at
all. Amounts are in the smallest unit (cents).
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from gemma_distress.errors import UsageError
from gemma_distress.puzzles.puzzle import Family, Puzzle
from gemma_distress.puzzles.words import number_word

MAX_COINS = 40


@dataclass(frozen=True)
class Coins(Puzzle):
    """Make `total` with exactly `count` coins out of `denominations`."""

    family: ClassVar[Family] = "coins"

    total: int
    count: int
    denominations: tuple[int, ...]
    banned: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "denominations", tuple(self.denominations))
        if not 1 <= self.count <= MAX_COINS:
            raise UsageError(
                f"A coin puzzle asks for {self.count} coins; ask for 1 to {MAX_COINS}."
            )
        if self.total < 1:
            raise UsageError(f"A coin puzzle asks for a total of {self.total}; give 1 or more.")
        known = self.denominations
        if not known or min(known) < 1 or len(set(known)) < len(known):
            raise UsageError(f"The denominations {known} are not different positive integers.")
        if self.banned is not None and self.banned not in known:
            raise UsageError(
                f"The banned coin {self.banned} is not among the denominations {known}."
            )

    @property
    def template_key(self) -> str:
        return "coins"

    @property
    def has_constraint(self) -> bool:
        return self.banned is not None

    @property
    def label(self) -> str:
        return f"coins-{self.total}"

    def without_constraint(self) -> "Coins":
        return replace(self, banned=None)

    def fields(self) -> dict[str, str]:
        """`denominations` as `1, 5, 10, 25`, `count` as a word, `total` and `banned` as digits."""
        fields = {
            "total": str(self.total),
            "count": number_word(self.count),
            "denominations": ", ".join(map(str, self.denominations)),
        }
        if self.banned is not None:
            fields["banned"] = str(self.banned)
        return fields

    def required_fields(self) -> frozenset[str]:
        names = {"total", "count", "denominations"}
        return frozenset(names | ({"banned"} if self.has_constraint else set()))

    def to_dict(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "total": self.total,
            "count": self.count,
            "denominations": list(self.denominations),
            "banned": self.banned,
        }

    def _canonical(self) -> dict[str, Any]:
        return {**self.to_dict(), "denominations": sorted(self.denominations)}
