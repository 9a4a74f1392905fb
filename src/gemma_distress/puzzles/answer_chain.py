"""Verifying an answer to an operation chain, in any notation that says the order.

Steps (`20 + 12 = 32, 32 × 2 = 64, …`), one expression (`(20 + 12) × 2 + 19`), a running line
(`20 → +12 → 32 → ×2 → 64 …`) and the bare order (`+12, ×2, +19`) are all accepted. Whatever is stated
on the way must be true.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import zip_longest

from gemma_distress.puzzles.chain import Chain
from gemma_distress.puzzles.expression import Node, Segment, segments
from gemma_distress.puzzles.puzzle import show
from gemma_distress.puzzles.tokens import Token, Unreadable
from gemma_distress.puzzles.verdict import WrongAnswer

# An operation by what it does: adding −1/12 and subtracting 1/12 are one, ×1/2 and ÷2 as well.
Effect = tuple[str, Fraction]


def verify_chain(puzzle: Chain, tokens: Sequence[Token]) -> Fraction:
    """Return the value reached, which is the target; raises `WrongAnswer` or `Unreadable`.

    `1/4` is first read as one operand and, where that leads nowhere, as a division.
    """
    try:
        return _Walk(puzzle).take(segments(tokens, steps=True, tight=True))
    except (WrongAnswer, Unreadable) as first:
        try:
            return _Walk(puzzle).take(segments(tokens, steps=True))
        except (WrongAnswer, Unreadable):
            raise first from None


class _Walk:
    def __init__(self, puzzle: Chain) -> None:
        self.puzzle = puzzle
        self.value = puzzle.start
        self.remaining = Counter(effect(each.sign, each.operand) for each in puzzle.operations)
        self.passed: list[Fraction] = []

    def take(self, pieces: list[Segment]) -> Fraction:
        puzzle = self.puzzle
        if len(pieces) > 1 and pieces[1].lead == "=" and pieces[1].op is None:
            announced, rest = pieces[0].node, pieces[1:]
            if announced.right is None and announced.value == puzzle.target != puzzle.start:
                pieces = rest  # "83 = (20 + 12) × 2 + 19"
        for piece, after in zip_longest(pieces, pieces[1:]):
            # In "…, −1/6 × 2 = −1/3" the first piece is the value that the step starts from.
            continued = after is not None and after.op is not None and after.lead == "start"
            self._take(piece, continued)
        if puzzle.banned in self.passed:
            raise WrongAnswer(
                "banned_value",
                f"The answer passes through the banned {show(puzzle.banned or Fraction(0))}.",
                self.value,
            )
        if self.remaining:
            (sign, operand), *_ = self.remaining
            missing = self.remaining.total()
            raise WrongAnswer(
                "operations_missing",
                f"The answer leaves out {missing} of the operations, {sign}{operand} for one.",
                self.value,
            )
        if self.value != puzzle.target:
            raise WrongAnswer(
                "wrong_value",
                f"The answer comes to {show(self.value)}, not {show(puzzle.target)}.",
                self.value,
            )
        return self.value

    def _take(self, piece: Segment, continued: bool) -> None:
        node = piece.node
        if piece.op is not None:
            each = effect(piece.op, node.value)
            says_again = piece.op in "+−" and each[1] == self.value  # "= −1/6" is a value
            value_stands = piece.lead == "=" or continued or not self.remaining[each]
            if not (says_again and value_stands):
                self._apply([each])
            return
        readings = [reading for reading in _readings(node, self.value) if reading]
        for reading in readings:
            if not Counter(reading) - self.remaining:
                self._apply(reading)
                return
        if node.value == self.value:
            return  # the value so far, said again
        if readings:
            self._apply(readings[0])  # raises, and says which operation is at fault
        if node.right is not None and next(node.leaves()) == self.value:
            raise WrongAnswer(
                "order_unclear",
                f"The answer does not apply the operations one after the other to "
                f"{show(self.value)}; it needs brackets or steps.",
                node.value,
            )
        begun = bool(self.passed)
        raise WrongAnswer(
            "false_equality" if begun else "wrong_start",
            f"The answer states {show(node.value)} where the value is {show(self.value)}."
            if begun
            else f"The answer does not start from {show(self.value)}.",
            self.value,
        )

    def _apply(self, effects: Sequence[Effect]) -> None:
        for each in effects:
            sign, operand = each
            if not self.remaining[each]:
                given = [effect(known.sign, known.operand) for known in self.puzzle.operations]
                raise WrongAnswer(
                    "operation_reused" if each in given else "operation_not_given",
                    f"The answer uses {sign}{operand} "
                    + ("more often than it is given." if each in given else "which is not given."),
                    self.value,
                )
            self.remaining -= Counter([each])
            self.value = self.value + operand if sign == "+" else self.value * operand
            self.passed.append(self.value)


def effect(sign: str, operand: Fraction) -> Effect:
    """Return an operation as an addition or a multiplication; division by zero is refused."""
    if sign == "÷":
        if operand == 0:
            raise Unreadable("division_by_zero", "The answer divides by zero.")
        return "×", 1 / operand
    if sign == "×":
        return "×", operand
    return "+", operand if sign == "+" else -operand


def _readings(node: Node, start: Fraction) -> Iterator[list[Effect]]:
    """Yield the ways to read `node` as operations applied one after the other to `start`."""
    if node.value == start and _is_operand(node):
        yield []
    if node.op is None or node.left is None or node.right is None:
        return
    if _is_operand(node.right):
        for before in _readings(node.left, start):
            yield [*before, effect(node.op, node.right.value)]
    if node.op in "+×" and _is_operand(node.left) and not _is_operand(node.right):
        for before in _readings(node.right, start):
            yield [*before, effect(node.op, node.left.value)]


def _is_operand(node: Node) -> bool:
    """Whether `node` is a number as one writes it: 7, −7, 1/4."""
    if node.right is None:
        return True
    if node.left is None:
        return _is_operand(node.right)
    return node.op == "÷" and node.left.right is None and node.right.right is None
