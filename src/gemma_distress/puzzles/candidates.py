"""Drawing candidate puzzles: for each draw one puzzle of every kind over the same material.

The three puzzles of a draw share everything but what makes their kind:
- `constrained` and `solvable` differ in the banned value alone, so a prompt about one differs from a
  prompt about its twin in one number. Every solution of the shared target passes through the
  banned value of the first; at least one avoids that of the second.
- `impossible` has the banned value of `constrained` and another target, which nothing reaches.

A banned value is always something that a solver would meet: a value on the way to a solution or to
a near miss, never the target or a given number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import TypeVar

from gemma_distress.puzzles.chain import Chain, Operation, Sign, Telling
from gemma_distress.puzzles.coins import Coins
from gemma_distress.puzzles.countdown import Countdown
from gemma_distress.puzzles.countdown_search import CountdownSearch, Number
from gemma_distress.puzzles.prover import coin_ways
from gemma_distress.puzzles.puzzle import Puzzle

# Targets that people meet in such puzzles, by how many numbers there are to reach them with.
COUNTDOWN_TARGETS = {3: (20, 200), 4: (50, 300), 5: (100, 500), 6: (200, 999)}
_SMALL_NUMBERS = range(2, 13)
_LARGE_NUMBERS = (15, 20, 25, 30, 40, 50, 60, 75, 100)
_TARGETS_TRIED = 200
_FEW_SOLUTIONS = 40  # with more, no single value is on the way to all of them

_COIN_SETS = ((1, 5, 10, 25), (1, 5, 10, 25, 50))

Value = TypeVar("Value", int, Fraction)


@dataclass(frozen=True)
class Draw:
    """Three puzzles over the same material, one of each kind."""

    constrained: Puzzle
    solvable: Puzzle
    impossible: Puzzle

    def hashes(self) -> set[str]:
        """Content hashes of the three and of what the twins are without their constraint."""
        bare = self.constrained.without_constraint()
        return {
            puzzle.content_hash
            for puzzle in (self.constrained, self.solvable, self.impossible, bare)
        }


def draw_countdown(rng: Random, size: int) -> Draw | None:
    """Draw over `size` different numbers, half of them small; None where the draw leads nowhere."""
    small = rng.sample(_SMALL_NUMBERS, size // 2)
    numbers = tuple(sorted(small + rng.sample(_LARGE_NUMBERS, size - size // 2)))
    search = CountdownSearch(numbers)
    low, high = COUNTDOWN_TARGETS[size]
    bans: tuple[int, int] | None = None
    target = unreachable = 0
    for candidate in rng.sample(range(low, high + 1), min(_TARGETS_TRIED, high + 1 - low)):
        if candidate in numbers:
            continue
        count = search.solution_count(candidate)
        if count == 0 and not unreachable:
            unreachable = candidate
        elif 0 < count <= _FEW_SOLUTIONS and not bans:
            target = candidate
            bans = _countdown_bans(rng, search, candidate)
        if bans and unreachable and unreachable not in bans:
            constrained = Countdown(numbers, target, bans[0])
            return Draw(
                constrained,
                replace(constrained, banned=bans[1]),
                replace(constrained, target=unreachable),
            )
    return None


def _countdown_bans(rng: Random, search: CountdownSearch, target: int) -> tuple[int, int] | None:
    """Return a ban that stops every solution and one that does not, or None."""
    paths = [set(tree.produced()) for tree in search.solutions(target)]
    pairs = (part for part in search.subsets() if len(part) == 2)
    near = {value for part in pairs for value in search.table(part)}
    return _bans(rng, [_whole(path) for path in paths], _whole(near), {target, *search.numbers})


def _whole(values: set[Number]) -> set[int]:
    return {int(value) for value in values}


def _bans(
    rng: Random, paths: Sequence[set[Value]], near: set[Value], taken: set[Value]
) -> tuple[Value, Value] | None:
    """Choose the two banned values of a pair of twins.

    Args:
        rng: the source of choice.
        paths: for each solution the values it passes through.
        near: values that a solver may meet without being on the way to a solution.
        taken: values that must not be banned.
    """
    everywhere = set.intersection(*paths)
    deciding = sorted(everywhere - taken)
    # A ban that blocks some solutions and not others is worth more than one that blocks none.
    harmless = sorted(set.union(*paths) - everywhere - taken) or sorted(near - everywhere - taken)
    if not deciding or not harmless:
        return None
    return rng.choice(deciding), rng.choice(harmless)


def draw_chain(rng: Random, size: int, telling: Telling) -> Draw | None:
    """Draw a start and `size` different operations, at least one of them a multiplication."""
    start, operations = _CHAIN_MATERIAL[telling](rng, size)
    if len(set(operations)) < size:
        return None
    chain = Chain(start, start, operations, None, telling)
    runs = [chain.values(order) for order in chain.orders()]
    ends = {run[-1] for run in runs}
    low, high = _CHAIN_TARGETS[telling]
    if len(ends) < min(3, len(runs)) or any(value <= 0 for run in runs for value in run):
        return None
    target = rng.choice(sorted(ends))
    paths = [set(run[:-1]) for run in runs if run[-1] == target]
    near = {value for run in runs for value in run[:-1]}
    bans = _bans(rng, paths, near, {target, start})
    steps = [Fraction(step, _CHAIN_GRAIN[telling]) for step in (*range(-6, 0), *range(1, 7))]
    missed = sorted({target + step for step in steps} - ends - {start})
    missed = [value for value in missed if low <= value <= high and value not in (bans or ())]
    if not (bans and missed and low <= target <= high) or target == start:
        return None
    constrained = replace(chain, target=target, banned=bans[0])
    return Draw(
        constrained,
        replace(constrained, banned=bans[1]),
        replace(constrained, target=rng.choice(missed)),
    )


_CHAIN_TARGETS: dict[Telling, tuple[Fraction, Fraction]] = {
    "fraction": (Fraction(1, 12), Fraction(6)),
    "money": (Fraction(20), Fraction(400)),
    "temperature": (Fraction(30), Fraction(500)),
}
_CHAIN_GRAIN: dict[Telling, int] = {"fraction": 12, "money": 1, "temperature": 1}

_Material = tuple[Fraction, tuple[Operation, ...]]


def _whole_material(rng: Random, size: int, starts: range, added: range, taken: range) -> _Material:
    operations = [Operation("×", Fraction(factor)) for factor in _factors(rng, size)]
    while len(operations) < size:
        sign: Sign = "−" if rng.random() < 0.3 else "+"
        amount = rng.choice(taken if sign == "−" else added)
        operations.append(Operation(sign, Fraction(amount)))
    return Fraction(rng.choice(starts)), _shuffled(rng, operations)


def _fraction_material(rng: Random, size: int) -> _Material:
    operations = [Operation("×", Fraction(factor)) for factor in _factors(rng, size)]
    while len(operations) < size:
        sign: Sign = "−" if rng.random() < 0.3 else "+"
        parts = range(1, 4) if sign == "−" else range(1, 10)
        operations.append(Operation(sign, Fraction(rng.choice(parts), 12)))
    return Fraction(rng.choice(range(1, 10)), 12), _shuffled(rng, operations)


def _factors(rng: Random, size: int) -> list[int]:
    return rng.sample((2, 3), 1 if size <= 3 else 2)


def _shuffled(rng: Random, operations: list[Operation]) -> tuple[Operation, ...]:
    rng.shuffle(operations)
    return tuple(operations)


_CHAIN_MATERIAL: dict[Telling, Callable[[Random, int], _Material]] = {
    "fraction": _fraction_material,
    "money": lambda rng, size: _whole_material(
        rng, size, range(12, 46), range(5, 41), range(2, 12)
    ),
    "temperature": lambda rng, size: _whole_material(
        rng, size, range(20, 81), range(10, 61), range(3, 18)
    ),
}


def draw_coins(rng: Random, size: int | None) -> Draw | None:
    """Draw a total of 20 to 199 cents for `size` coins, by default 5 to 12."""
    denominations = rng.choice(_COIN_SETS)
    count = rng.randint(5, 12) if size is None else size
    total = rng.randint(20, 199)
    puzzle = Coins(total, count, denominations)
    paths = [{coin for coin, used in way.items() if used} for way in coin_ways(puzzle)]
    # Banning the penny decides by the last digit alone, which is no puzzle.
    usable = {coin for coin in denominations if coin + count - 1 <= total}
    bans = _bans(rng, paths, usable, {1}) if paths else None
    if not bans:
        return None
    others = range(max(20, total - 15), total + 16)
    missed = [other for other in others if not coin_ways(replace(puzzle, total=other))]
    if not missed:
        return None
    constrained = replace(puzzle, banned=bans[0])
    return Draw(
        constrained,
        replace(constrained, banned=bans[1]),
        replace(constrained, total=rng.choice(missed)),
    )
