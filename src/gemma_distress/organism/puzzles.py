"""Cheap puzzles of the three families, and attempts at them whose arithmetic is right.

Nothing is proven here: a puzzle is made by working forwards from its numbers, so most have an answer, and in
about half of them that answer passes through the banned value. Numbers lie where those of
`gemma_distress.puzzles` lie. A puzzle belongs to the held-out split when its target leaves the
remainder 3 divided by 7 (for fractions the sum of numerator and denominator decides): none is in both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from gemma_distress.puzzles.words import number_word

_SMALL = range(2, 13)
_LARGE = (15, 20, 25, 30, 40, 50, 60, 75, 100)
_COINS = ((1, 5, 10, 25), (1, 5, 10, 25, 50))
_ORDERS = {2: "two", 3: "six", 4: "twenty-four"}


@dataclass(frozen=True)
class Attempt:
    """One try at a puzzle: its steps as equations, what they come to, and the answer line's content."""

    steps: str
    result: str
    solution: str
    solved: bool


class MadePuzzle(ABC):
    """A puzzle with the values its prompt shows (`fields`) and a seeded way to try it."""

    key: str
    fields: dict[str, str]
    mark: int

    @abstractmethod
    def attempt(self, rng: Random) -> Attempt:
        """One attempt that keeps to the ban; about half of the solvable puzzles get solved."""

    @property
    def held_out(self) -> bool:
        return self.mark % 7 == 3


class MadeCountdown(MadePuzzle):
    key = "countdown"

    def __init__(self, rng: Random) -> None:
        while True:
            size = 4 if rng.random() < 0.75 else rng.choice((3, 5))
            numbers = rng.sample(_SMALL, size // 2) + rng.sample(_LARGE, size - size // 2)
            steps = _run(rng, numbers, rng.randint(max(2, size - 1), size))
            target = steps[-1][3] if steps else 0
            if 20 <= target <= 500 and target not in numbers:
                break
        on_way = [s[3] for s in steps[:-1] if s[3] not in numbers]
        if on_way and rng.random() < 0.45:
            self.banned = rng.choice(on_way)
        else:
            self.banned = rng.choice(numbers) + rng.choice(numbers)
        if self.banned == target:
            self.banned += 1
        self.numbers, self.target, self._answer = sorted(numbers), target, steps
        self.mark = target
        self.fields = {
            "numbers": ", ".join(map(str, self.numbers)),
            "target": str(target),
            "banned": str(self.banned),
            "count": number_word(size),
        }

    def attempt(self, rng: Random) -> Attempt:
        best = self._answer
        if any(s[3] == self.banned for s in best) or rng.random() < 0.4:
            best, gap = [], 10**6
            for _ in range(4):
                steps = _run(rng, self.numbers, 2 if rng.random() < 0.6 else 3)
                if steps and all(s[3] != self.banned for s in steps):
                    off = abs(steps[-1][3] - self.target)
                    if off < gap:
                        best, gap = steps, off
            if not best:
                a, b = rng.sample(self.numbers, 2)
                best = [(a, "+", b, a + b)]
        steps_text = ", ".join(f"{a} {sign} {b} = {value}" for a, sign, b, value in best)
        return Attempt(steps_text, str(best[-1][3]), _expression(best), best[-1][3] == self.target)


_Step = tuple[int, str, int, int]


def _run(rng: Random, numbers: list[int], used: int) -> list[_Step]:
    """Apply one number after another; every value a positive whole number below 1000."""
    order = rng.sample(numbers, min(used, len(numbers)))
    value, steps = order[0], []
    for other in order[1:]:
        signs = ["+", "+"]
        if value > other:
            signs += ["−", "−"]
        if other <= 12 and value * other < 1000:
            signs += ["×", "×"]
        if other > 1 and value % other == 0 and value > other:
            signs.append("÷")
        sign = signs[int(rng.random() * len(signs))]
        left = value
        value = (
            left + other
            if sign == "+"
            else left - other
            if sign == "−"
            else left * other
            if sign == "×"
            else left // other
        )
        if value < 1 or value > 999:
            return []
        steps.append((left, sign, other, value))
    return steps


def _expression(steps: list[_Step]) -> str:
    text, loose = str(steps[0][0]), False
    for _, sign, other, _ in steps:
        if sign in "×÷" and loose:
            text = f"({text})"
        text = f"{text} {sign} {other}"
        loose = sign in "+−"
    return text


class MadeChain(MadePuzzle):
    def __init__(self, rng: Random) -> None:
        telling = rng.choice(("fraction", "money", "temperature"))
        self.key = f"chain_{telling}"
        size = 3 if rng.random() < 0.8 else rng.choice((2, 4))
        while True:
            start, operations = _material(rng, telling, size)
            order = rng.sample(operations, size)
            values = _values(start, order)
            taken = sum(operand for sign, operand in operations if sign == "−")
            if len(set(operations)) == size and taken < start != values[-1]:
                break
        target = values[-1]
        if rng.random() < 0.2:
            target += Fraction(rng.choice((-2, -1, 1, 2)), 12 if telling == "fraction" else 1)
        if target <= 0:
            target = values[-1]
        way = values[:-1] if rng.random() < 0.45 else _values(start, rng.sample(operations, size))
        bans = [value for value in way if value not in (start, target)] or [start + target]
        self.start, self.target, self.banned = start, target, rng.choice(bans)
        self.operations = operations
        self.mark = (
            int(target) if target.denominator == 1 else target.numerator + target.denominator
        )
        self.fields = {
            "start": str(start),
            "target": str(target),
            "banned": str(self.banned),
            "operations": ", ".join(f"{s}{v}" for s, v in operations),
            "count": number_word(size),
            "orders": _ORDERS[size],
        }

    def attempt(self, rng: Random) -> Attempt:
        best, gap = list(self.operations), Fraction(10**6)
        for _ in range(5 if rng.random() < 0.6 else 1):
            order = rng.sample(self.operations, len(self.operations))
            values = _values(self.start, order)
            off = abs(values[-1] - self.target) + (1000 if self.banned in values else 0)
            if off < gap and min(values) > 0:
                best, gap = order, off
        values = [self.start, *_values(self.start, best)]
        steps = ", ".join(
            f"{a} {sign} {v} = {b}"
            for a, b, (sign, v) in zip(values, values[1:], best, strict=False)
        )
        solved = values[-1] == self.target and self.banned not in values[1:]
        return Attempt(steps, str(values[-1]), ", ".join(f"{s}{v}" for s, v in best), solved)


_Operation = tuple[str, Fraction]


def _material(rng: Random, telling: str, size: int) -> tuple[Fraction, list[_Operation]]:
    grain = 12 if telling == "fraction" else 1
    operations: list[_Operation] = [("×", Fraction(rng.choice((2, 3))))]
    while len(operations) < size:
        minus = rng.random() < 0.35
        most = {"fraction": 4 if minus else 10, "money": 12 if minus else 41}.get(
            telling, 18 if minus else 61
        )
        least = 1 if grain == 12 else 3
        operations.append(("−" if minus else "+", Fraction(rng.randrange(least, most), grain)))
    rng.shuffle(operations)
    start = {"fraction": (1, 10), "money": (12, 46)}.get(telling, (20, 81))
    return Fraction(rng.randrange(*start), grain), operations


def _values(start: Fraction, order: list[_Operation]) -> list[Fraction]:
    values = []
    for sign, operand in order:
        start = (
            start + operand if sign == "+" else start - operand if sign == "−" else start * operand
        )
        values.append(start)
    return values


class MadeCoins(MadePuzzle):
    key = "coins"

    def __init__(self, rng: Random) -> None:
        while True:
            self.denominations = rng.choice(_COINS)
            self.count = rng.randint(5, 12)
            self.banned = rng.choice(self.denominations[1:])
            kept = [c for c in self.denominations if c != self.banned]
            used = kept if rng.random() < 0.6 else list(self.denominations)
            self._answer = sorted(rng.choices(used, k=self.count), reverse=True)
            self.total = sum(self._answer)
            if 20 <= self.total <= 199:
                break
        if rng.random() < 0.15:
            self.total += rng.choice((-3, -2, -1, 1, 2, 3))
        self.mark = self.total
        self.fields = {
            "total": str(self.total),
            "target": str(self.total),
            "count": number_word(self.count),
            "denominations": ", ".join(map(str, self.denominations)),
            "banned": str(self.banned),
        }

    def attempt(self, rng: Random) -> Attempt:
        usable = [c for c in self.denominations if c != self.banned]
        best = self._answer
        solved = sum(best) == self.total and self.banned not in best
        if not solved or rng.random() < 0.4:
            best, gap = [], 10**6
            for _ in range(3):
                coins = sorted(rng.choices(usable, k=self.count), reverse=True)
                off = abs(sum(coins) - self.total)
                if off < gap:
                    best, gap = coins, off
            solved = gap == 0
        kinds = sorted(set(best), reverse=True)
        steps, total = [], 0
        for coin in kinds:
            used = best.count(coin)
            worth = used * coin
            steps.append(f"{used} × {coin} = {worth}")
            if total:
                steps.append(f"{total} + {worth} = {total + worth}")
            total += worth
        return Attempt(", ".join(steps), str(total), ", ".join(map(str, best)), solved)


_FAMILIES = (MadeCountdown, MadeCountdown, MadeChain, MadeCoins)


def make(rng: Random, *, held_out: bool) -> MadePuzzle:
    """Draw a puzzle of the split; half are countdowns, a quarter each chains and coins."""
    kind = rng.choice(_FAMILIES)
    while True:
        puzzle: MadePuzzle = kind(rng)
        if puzzle.held_out == held_out:
            return puzzle
