"""Operation chains: from a start, apply every operation exactly once, in the right order.

All values are exact rationals. The banned value may not appear after any operation, the last one
included; the start itself does not count. The same arithmetic can be told as fractions, money or a
temperature; the telling is part of the puzzle because it changes the prompt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import factorial, prod
from typing import Any, ClassVar, Literal, get_args

from gemma_distress.errors import UsageError
from gemma_distress.puzzles.puzzle import Family, Puzzle, show
from gemma_distress.puzzles.words import number_word

Sign = Literal["+", "−", "×", "÷"]
Telling = Literal["fraction", "money", "temperature"]

MAX_OPERATIONS = (
    7  # 5,040 orders; more would be proven as well, but nobody could solve them by hand
)

_SPELLINGS: dict[str, Sign] = {"+": "+", "-": "−", "−": "−", "*": "×", "×": "×", "/": "÷", "÷": "÷"}


@dataclass(frozen=True, order=True)
class Operation:
    """One step, written `+1/4`, `×2` or `−1/12`; the operand is a positive exact rational."""

    sign: Sign
    operand: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "operand", Fraction(self.operand))
        if self.sign not in get_args(Sign) or self.operand <= 0:
            raise UsageError(
                f"The operation {self.sign!r} {self.operand} is not one of + − × ÷ with a "
                "positive operand."
            )

    @classmethod
    def parse(cls, text: str) -> "Operation":
        """Read `+1/4`, `-1/12`, `*2` and their typographic spellings."""
        sign = _SPELLINGS.get(text[:1])
        try:
            operand = Fraction(text[1:].strip())
        except (ValueError, ZeroDivisionError):
            operand = Fraction(0)
        if sign is None or operand <= 0:
            raise UsageError(
                f"{text!r} is not an operation; write one of + - * / and a positive number, "
                "for example '+1/4' or '*2'."
            )
        return cls(sign, operand)

    def __str__(self) -> str:
        return f"{self.sign}{self.operand}"

    def __call__(self, value: Fraction) -> Fraction:
        """Apply the step to an exact value."""
        match self.sign:
            case "+":
                return value + self.operand
            case "−":
                return value - self.operand
            case "×":
                return value * self.operand
            case "÷":
                return value / self.operand


@dataclass(frozen=True)
class Chain(Puzzle):
    """Reach `target` from `start` by all of `operations`, each exactly once, in some order."""

    family: ClassVar[Family] = "chain"

    start: Fraction
    target: Fraction
    operations: tuple[Operation, ...]
    banned: Fraction | None = None
    telling: Telling = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", Fraction(self.start))
        object.__setattr__(self, "target", Fraction(self.target))
        object.__setattr__(self, "operations", tuple(self.operations))
        if self.banned is not None:
            object.__setattr__(self, "banned", Fraction(self.banned))
        if not 1 <= len(self.operations) <= MAX_OPERATIONS:
            raise UsageError(
                f"A chain has {len(self.operations)} operations; give 1 to {MAX_OPERATIONS}."
            )
        if self.telling not in get_args(Telling):
            raise UsageError(
                f"The telling {self.telling!r} of a chain is unknown; use one of "
                f"{', '.join(get_args(Telling))}."
            )

    @property
    def template_key(self) -> str:
        return f"chain_{self.telling}"

    @property
    def has_constraint(self) -> bool:
        return self.banned is not None

    @property
    def label(self) -> str:
        return f"{self.telling}-{self.target}".replace("/", "-")

    @property
    def order_count(self) -> int:
        """How many different orders there are; equal operations are not told apart."""
        repeats = (self.operations.count(operation) for operation in set(self.operations))
        return factorial(len(self.operations)) // prod(map(factorial, repeats))

    def orders(self) -> Iterator[tuple[Operation, ...]]:
        """Yield every different order of the operations once."""

        def extend(chosen: tuple[Operation, ...], rest: list[Operation]) -> Iterator[Any]:
            if not rest:
                yield chosen
            for operation in sorted(set(rest)):
                remaining = list(rest)
                remaining.remove(operation)
                yield from extend((*chosen, operation), remaining)

        yield from extend((), list(self.operations))

    def values(self, order: tuple[Operation, ...]) -> tuple[Fraction, ...]:
        """Return the value after each operation of `order`, so the last is what it ends at."""
        value, values = self.start, []
        for operation in order:
            value = operation(value)
            values.append(value)
        return tuple(values)

    def without_constraint(self) -> "Chain":
        return replace(self, banned=None)

    def fields(self) -> dict[str, str]:
        """`operations` as `+1/4, ×2, −1/12`; `count` and `orders` as words (`three`, `six`)."""
        fields = {
            "start": show(self.start),
            "target": show(self.target),
            "operations": ", ".join(map(str, self.operations)),
            "count": number_word(len(self.operations)),
            "orders": number_word(self.order_count),
        }
        if self.banned is not None:
            fields["banned"] = show(self.banned)
        return fields

    def required_fields(self) -> frozenset[str]:
        names = {"start", "target", "operations"} | ({"banned"} if self.has_constraint else set())
        return frozenset(names)

    def to_dict(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "start": str(self.start),
            "target": str(self.target),
            "operations": list(map(str, self.operations)),
            "banned": None if self.banned is None else str(self.banned),
            "telling": self.telling,
        }

    def _canonical(self) -> dict[str, Any]:
        return {**self.to_dict(), "operations": sorted(map(str, self.operations))}
