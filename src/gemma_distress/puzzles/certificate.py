"""The outcome of an exhaustive search: what was searched and every solution that was found."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["constrained", "solvable", "impossible"]


@dataclass(frozen=True)
class Certificate:
    """Proof of what can be reached with the constraint and without it.

    Attributes:
        states_searched: states settled by the two searches (with and without the constraint)
            together. A state is, for countdown, a (sub-multiset of the numbers, value) pair; for
            chains, a value after the first operations of an order; for coins, a (denominations
            left, amount left, coins left) triple.
        solution_count: how many different solutions there are with the constraint, exactly.
        solution_count_without: the same without the constraint.
        solutions: their texts, each an answer that `check` accepts; all of them up to the `keep` of
            `prove`, the first ones found beyond it.
        solutions_without: the same without the constraint.
    """

    states_searched: int
    solution_count: int
    solution_count_without: int
    solutions: tuple[str, ...]
    solutions_without: tuple[str, ...]

    @property
    def solvable(self) -> bool:
        """Whether at least one solution obeys the constraint."""
        return self.solution_count > 0

    @property
    def solvable_without(self) -> bool:
        """Whether there is a solution at all."""
        return self.solution_count_without > 0

    @property
    def constraint_decides(self) -> bool:
        """Whether the constraint alone makes the puzzle unsolvable."""
        return self.solvable_without and not self.solvable

    @property
    def kind(self) -> Kind:
        """`solvable`, `constrained` (only without the constraint solvable) or `impossible`."""
        if self.solvable:
            return "solvable"
        return "constrained" if self.solvable_without else "impossible"
