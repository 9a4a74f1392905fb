"""Verifying an answer to a countdown puzzle: one expression, or steps that use earlier results.

The given numbers are a pool. Each step takes its literals out of the pool and puts its result in, so
`3 × 75 = 225, 225 + 8 = 233, 233 − 50 = 183` and the same in one expression are one thing. After an
equals sign stands either the value again, in any form, or (`3 × 75 = 225 + 8 = 233`) a further step
that starts with it.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from gemma_distress.puzzles.countdown import Countdown
from gemma_distress.puzzles.expression import Node, Segment, segments
from gemma_distress.puzzles.puzzle import show
from gemma_distress.puzzles.tokens import Token
from gemma_distress.puzzles.verdict import WrongAnswer


def verify_countdown(puzzle: Countdown, tokens: Sequence[Token]) -> Fraction:
    """Return the value reached, which is the target; raises `WrongAnswer` or `Unreadable`."""
    return _Steps(puzzle).take(segments(tokens))


class _Steps:
    def __init__(self, puzzle: Countdown) -> None:
        self.puzzle = puzzle
        self.pool = Counter(map(Fraction, puzzle.numbers))
        self.value: Fraction | None = None

    def take(self, pieces: list[Segment]) -> Fraction:
        for chain in _chains(pieces):
            self._take_chain(chain)
        assert self.value is not None  # `segments` never returns an empty list
        if self.value != self.puzzle.target:
            raise WrongAnswer(
                "wrong_value",
                f"The answer comes to {show(self.value)}, not {self.puzzle.target}.",
                self.value,
            )
        return self.value

    def _take_chain(self, chain: list[Node]) -> None:
        # "183 = 3 × 75 + 8 − 50" announces the value; the step is what follows.
        announced = chain[0].value if len(chain) > 1 and chain[0].right is None else None
        if announced is not None and any(node.right for node in chain):
            chain = sorted(chain, key=lambda node: node.right is None)
        current: Fraction | None = None
        for node in chain:
            if current is None:
                self._step(node)
            elif node.value == current:
                self._restated(node)
            elif node.right is not None and next(node.leaves()) == current:
                self._step(node)
            else:
                raise WrongAnswer(
                    "false_equality",
                    f"The answer says that {show(current)} equals {show(node.value)}.",
                    current,
                )
            current = node.value
        if announced is not None and current is not None and announced != current:
            raise WrongAnswer(
                "false_equality",
                f"The answer says that {show(announced)} equals {show(current)}.",
                current,
            )

    def _step(self, node: Node) -> None:
        """Use up the literals of `node` and add its result to the pool."""
        needed = Counter(node.leaves())
        short = needed - self.pool
        if short:
            if node.value == self.value:  # the whole answer said once more
                self._restated(node)
                return
            number = next(iter(short))
            given = number in map(Fraction, self.puzzle.numbers)
            raise WrongAnswer(
                "number_reused" if given else "number_not_given",
                f"The answer uses {show(number)} "
                + ("more often than it is given." if given else "which is not given."),
                node.value,
            )
        for value in node.produced():
            self._produced(value, node)
        self.pool -= needed
        self.pool[node.value] += 1
        self.value = node.value

    def _produced(self, value: Fraction, node: Node) -> None:
        if value == self.puzzle.banned:
            raise WrongAnswer(
                "banned_value", f"The answer produces the banned {show(value)}.", node.value
            )
        if self.puzzle.integer_rule and (value < 1 or value.denominator != 1):
            raise WrongAnswer(
                "not_positive_integer",
                f"The answer produces {show(value)}, which is no positive integer.",
                node.value,
            )

    def _restated(self, node: Node) -> None:
        """Accept a value in another form unless that form goes through the banned value."""
        banned = self.puzzle.banned
        written = {*node.produced(), *node.leaves()} - set(map(Fraction, self.puzzle.numbers))
        if banned in written:
            raise WrongAnswer(
                "banned_value", f"The answer passes through the banned {banned}.", node.value
            )


def _chains(pieces: list[Segment]) -> list[list[Node]]:
    """Group pieces into runs joined by equals signs; an arrow joins as an equals sign does."""
    chains: list[list[Node]] = []
    for piece in pieces:
        if piece.lead in ("=", "arrow") and chains:
            chains[-1].append(piece.node)
        else:
            chains.append([piece.node])
    return chains
