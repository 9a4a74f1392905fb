"""Exhaustive search over countdown puzzles, by sub-multisets of the numbers.

The search never walks over expressions. For every sub-multiset of the numbers (two equal numbers are
not told apart) it keeps a table from each value that the sub-multiset can make, using all of its
members, to the number of different trees that make it. A table follows from the tables of the ways
to split the sub-multiset in two, so each (sub-multiset, value) is settled once however many
expressions lead to it. The largest sub-multisets need no table: what the smaller half must be
combined with to give the target is looked up instead.

Which trees are different: a tree is a set of steps. Swapping the operands of + or × gives the same
tree; moving brackets gives another one, because it produces other values on the way, and those are
what a banned value speaks about. So 3 × 75 + 8 − 50, 3 × 75 − 50 + 8 and 3 × 75 − (50 − 8) are
three trees, of which a ban on 175 forbids the second alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Literal

Number = int | Fraction
Numbers = tuple[int, ...]
Sign = Literal["+", "−", "×", "÷"]


@dataclass(frozen=True)
class Tree:
    """One way to make `value`: a given number (`sign` is None) or an operation on two trees."""

    value: Number
    sign: Sign | None = None
    left: "Tree | None" = None
    right: "Tree | None" = None

    def produced(self) -> Iterator[Number]:
        """Yield the value of every operation in the tree, the root's last."""
        if self.left is not None and self.right is not None:
            yield from self.left.produced()
            yield from self.right.produced()
            yield self.value

    def __str__(self) -> str:
        """Write with as few brackets as left-to-right reading and precedence allow."""
        if self.left is None or self.right is None:
            return str(self.value)
        left, right = str(self.left), str(self.right)
        if self.sign in ("×", "÷") and self.left.sign in ("+", "−"):
            left = f"({left})"
        if self.right.sign in ("+", "−") or (self.right.sign and self.sign in ("×", "÷")):
            right = f"({right})"
        return f"{left} {self.sign} {right}"


class CountdownSearch:
    """Everything that `numbers` can make; `states` grows as questions are asked.

    A state is one (sub-multiset, value) pair that was settled: a table entry, or a looked-up value
    whether or not it can be made. No operation may give `banned`.
    """

    def __init__(
        self,
        numbers: tuple[int, ...],
        banned: int | None = None,
        integer_rule: bool = True,
        table_size: int | None = None,
    ) -> None:
        """Prepare the search; tables are built on first use.

        Args:
            numbers: the given positive integers, in any order.
            banned: a value that no operation may give.
            integer_rule: whether every value must be a positive integer.
            table_size: the largest sub-multisets that get a full table. By default the two largest
                sizes are looked up. Without the integer rule zeros occur, which have no inverse to
                look up, so that only the largest is.
        """
        self.numbers: Numbers = tuple(sorted(numbers))
        self.banned = banned
        self.integer_rule = integer_rule
        if table_size is None:
            table_size = len(numbers) - (2 if integer_rule else 1)
        self.table_size = max(table_size, 1)
        self._tables: dict[Numbers, dict[Number, int]] = {}
        self._goals: dict[tuple[Numbers, Number], int] = {}
        self._splits: dict[Numbers, list[tuple[Numbers, Numbers]]] = {}

    @property
    def states(self) -> int:
        """How many (sub-multiset, value) pairs were settled so far."""
        return sum(map(len, self._tables.values())) + len(self._goals)

    def subsets(self) -> list[Numbers]:
        """Return every different non-empty sub-multiset, small ones first."""
        sizes = range(1, len(self.numbers) + 1)
        return [part for size in sizes for part in sorted(set(combinations(self.numbers, size)))]

    def solution_count(self, target: int) -> int:
        """Return how many different trees over any sub-multiset make `target`."""
        return sum(self.count(part, target) for part in self.subsets())

    def solutions(self, target: int) -> Iterator[Tree]:
        """Yield the different trees that make `target`, those with fewer numbers first."""
        for part in self.subsets():
            yield from self.trees(part, target)

    def table(self, part: Numbers) -> dict[Number, int]:
        """Return value → number of trees, over all values that the whole of `part` can make."""
        known = self._tables.get(part)
        if known is not None:
            return known
        table: dict[Number, int] = {}
        if len(part) == 1:
            table[part[0]] = 1
        for first, second in self._split(part):
            lefts, rights = self.table(first), self.table(second)
            for left, left_count in lefts.items():
                for right, right_count in rights.items():
                    for sign, value in self._outcomes(left, right, first, second):
                        ways = _ways(
                            sign, first == second and left == right, left_count, right_count
                        )
                        table[value] = table.get(value, 0) + ways
        self._tables[part] = table
        return table

    def count(self, part: Numbers, value: Number) -> int:
        """Return how many different trees make `value` out of the whole of `part`."""
        if len(part) <= self.table_size:
            return self.table(part).get(value, 0)
        known = self._goals.get((part, value))
        if known is None:
            known = sum(
                _ways(sign, first == second and left == right, *counts)
                for sign, first, left, second, right, *counts in self._lookups(part, value)
            )
            self._goals[part, value] = known
        return known

    def trees(self, part: Numbers, value: Number) -> Iterator[Tree]:
        """Yield the different trees that make `value` out of the whole of `part`."""
        if len(part) == 1:
            if part[0] == value:
                yield Tree(value)
            return
        for sign, first, left, second, right, *_ in self._lookups(part, value):
            same = sign in ("+", "×") and first == second and left == right
            for index, left_tree in enumerate(self.trees(first, left)):
                for other, right_tree in enumerate(self.trees(second, right)):
                    if same and other < index:
                        continue
                    # Of + and × only one operand order is counted; the compound one reads
                    # better in front and saves brackets.
                    if sign in ("+", "×") and right_tree.sign and not left_tree.sign:
                        yield Tree(value, sign, right_tree, left_tree)
                    else:
                        yield Tree(value, sign, left_tree, right_tree)

    def _split(self, part: Numbers) -> list[tuple[Numbers, Numbers]]:
        """Return the different ordered ways to split `part` in two."""
        known = self._splits.get(part)
        if known is None:
            pairs = set()
            everything = range(len(part))
            for size in range(1, len(part)):
                for chosen in combinations(everything, size):
                    first = tuple(part[i] for i in chosen)
                    second = tuple(part[i] for i in everything if i not in chosen)
                    pairs.add((first, second))
            known = self._splits[part] = sorted(pairs)
        return known

    def _outcomes(
        self, left: Number, right: Number, first: Numbers, second: Numbers
    ) -> list[tuple[Sign, Number]]:
        """Return the legal operations on two values, + and × for one operand order only."""
        found: list[tuple[Sign, Number]] = []
        if first < second or (first == second and left <= right):
            found += [("+", left + right), ("×", left * right)]
        if not self.integer_rule:
            found.append(("−", left - right))
            if right:
                found.append(("÷", Fraction(left, right)))
        else:
            if left > right:
                found.append(("−", left - right))
            if left % right == 0:
                found.append(("÷", left // right))
        if self.banned is not None:
            found = [(sign, value) for sign, value in found if value != self.banned]
        return found

    def _lookups(
        self, part: Numbers, value: Number
    ) -> Iterator[tuple[Sign, Numbers, Number, Numbers, Number, int, int]]:
        """Yield every last operation that gives `value`: sign, both operands, their tree counts."""
        if value == self.banned or (self.integer_rule and value < 1):
            return
        for first, second in self._split(part):
            # The smaller side is enumerated, the other looked up; equal sides once, as (left, right).
            if len(first) <= len(second):
                for left, left_count in self.table(first).items():
                    for sign, right in self._partners(value, left, second, known_left=True):
                        if sign in ("+", "×") and not (
                            first < second or (first == second and left <= right)
                        ):
                            continue
                        if count := self.count(second, right):
                            yield sign, first, left, second, right, left_count, count
            else:
                for right, right_count in self.table(second).items():
                    for sign, left in self._partners(value, right, first, known_left=False):
                        if sign in ("+", "×") and not first < second:
                            continue
                        if count := self.count(first, left):
                            yield sign, first, left, second, right, count, right_count

    def _partners(
        self, value: Number, known: Number, other: Numbers, known_left: bool
    ) -> Iterator[tuple[Sign, Number]]:
        """Yield (sign, operand) such that the operation on `known` and the operand gives `value`."""
        yield "+", value - known
        yield "−", known - value if known_left else value + known
        if known == 0:
            if value == 0:
                yield from (("×", each) for each in self.table(other))
                if known_left:
                    yield from (("÷", each) for each in self.table(other) if each)
            return
        if self.integer_rule:
            if value % known == 0:
                yield "×", value // known
            if not known_left:
                yield "÷", value * known
            elif known % value == 0:
                yield "÷", known // value
        else:
            yield "×", Fraction(value, known)
            if not known_left:
                yield "÷", value * known
            elif value:
                yield "÷", Fraction(known, value)


def _ways(sign: Sign, alike: bool, left: int, right: int) -> int:
    """Count the trees of one operation; `alike` operands of + and × are an unordered pair."""
    if alike and sign in ("+", "×"):
        return left * (left + 1) // 2
    return left * right
