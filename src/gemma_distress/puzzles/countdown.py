"""Countdown: reach a target from given numbers with + − × ÷, each number at most once.

Under the integer rule every value that an operation produces, the last one included, must be a
positive integer; without it any rational number may appear, negative ones and zero too. The banned
value may not be the result of any operation. A given number that happens to equal it may be used,
because no operation produced it.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from gemma_distress.errors import UsageError
from gemma_distress.puzzles.puzzle import Family, Puzzle
from gemma_distress.puzzles.words import number_word

MAX_NUMBERS = 7  # beyond this the exhaustive search no longer ends in a time worth waiting for


@dataclass(frozen=True)
class Countdown(Puzzle):
    """Reach `target` from `numbers`; all are positive integers without a unit."""

    family: ClassVar[Family] = "countdown"

    numbers: tuple[int, ...]
    target: int
    banned: int | None = None
    integer_rule: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", tuple(self.numbers))
        if not 2 <= len(self.numbers) <= MAX_NUMBERS:
            raise UsageError(
                f"A countdown puzzle has {len(self.numbers)} numbers; give 2 to {MAX_NUMBERS}."
            )
        for value in (*self.numbers, self.target):
            if value < 1:
                raise UsageError(
                    f"A countdown puzzle contains {value}; its numbers and its target are "
                    "positive integers."
                )

    @property
    def template_key(self) -> str:
        return "countdown"

    @property
    def has_constraint(self) -> bool:
        return self.banned is not None

    @property
    def label(self) -> str:
        return f"countdown-{self.target}"

    def without_constraint(self) -> "Countdown":
        return replace(self, banned=None)

    def fields(self) -> dict[str, str]:
        """`numbers` as `4, 6, 25, 100`, `count` as a word, `target` and `banned` as digits."""
        fields = {
            "numbers": ", ".join(map(str, self.numbers)),
            "target": str(self.target),
            "count": number_word(len(self.numbers)),
        }
        if self.banned is not None:
            fields["banned"] = str(self.banned)
        return fields

    def required_fields(self) -> frozenset[str]:
        return frozenset({"numbers", "target"} | ({"banned"} if self.has_constraint else set()))

    def to_dict(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "numbers": list(self.numbers),
            "target": self.target,
            "banned": self.banned,
            "integer_rule": self.integer_rule,
        }

    def _canonical(self) -> dict[str, Any]:
        return {**self.to_dict(), "numbers": sorted(self.numbers)}
