"""Brute force that shares nothing with the package: every order, every bracketing, no tables."""

from collections.abc import Callable, Hashable
from fractions import Fraction
from itertools import combinations_with_replacement, permutations

import pytest

Solutions = set[Hashable]


def _countdown(
    numbers: tuple[int, ...], target: int, banned: int | None, integer_rule: bool = True
) -> Solutions:
    """All trees that make the target, + and × with their operands in sorted order."""
    found: Solutions = {("leaf", target)} if target in numbers else set()

    def combine(pool: list[tuple[Fraction, Hashable]]) -> None:
        for i in range(len(pool)):
            for j in range(len(pool)):
                if i == j:
                    continue
                (a, tree_a), (b, tree_b) = pool[i], pool[j]
                rest = [pool[k] for k in range(len(pool)) if k not in (i, j)]
                for sign, value in (("+", a + b), ("-", a - b), ("*", a * b), ("/", None)):
                    if sign == "/":
                        if b == 0:
                            continue
                        value = Fraction(a) / b
                    if value == banned:
                        continue
                    if integer_rule and (value <= 0 or Fraction(value).denominator != 1):
                        continue
                    operands = [tree_a, tree_b]
                    if sign in "+*":
                        operands.sort(key=repr)
                    tree = (sign, *operands)
                    if value == target:
                        found.add(tree)
                    if rest:
                        combine([*rest, (value, tree)])

    combine([(Fraction(number), number) for number in numbers])
    return found


def _chain(
    start: Fraction, target: Fraction, steps: list[tuple[str, Fraction]], banned: Fraction | None
) -> Solutions:
    found: Solutions = set()
    for order in permutations(steps):
        value, passed = start, []
        for sign, operand in order:
            value = {
                "+": value + operand,
                "−": value - operand,
                "×": value * operand,
                "÷": value / operand,
            }[sign]
            passed.append(value)
        if value == target and banned not in passed:
            found.add(order)
    return found


def _coins(total: int, count: int, denominations: tuple[int, ...], banned: int | None) -> Solutions:
    usable = sorted(set(denominations) - {banned})
    return {heap for heap in combinations_with_replacement(usable, count) if sum(heap) == total}


def _any(puzzle) -> Solutions:
    match puzzle.family:
        case "countdown":
            return _countdown(puzzle.numbers, puzzle.target, puzzle.banned, puzzle.integer_rule)
        case "chain":
            steps = [(each.sign, each.operand) for each in puzzle.operations]
            return _chain(puzzle.start, puzzle.target, steps, puzzle.banned)
    return _coins(puzzle.total, puzzle.count, puzzle.denominations, puzzle.banned)


@pytest.fixture(scope="session")
def brute_force() -> Callable[..., Solutions]:
    """The set of different solutions of a puzzle under its constraint."""
    return _any
