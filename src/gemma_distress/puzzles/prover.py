"""Exhaustive proofs: every solution of a puzzle with its constraint and without, in exact arithmetic.

When two solutions count as different:
- countdown: when their trees differ. Swapping the operands of + or × and telling equal numbers apart
  make no difference; moving brackets does, since it changes the values on the way
  (`countdown_search` has the worked example).
- chain: when the orders differ; equal operations are not told apart.
- coins: when some denomination is used a different number of times.
"""

from collections.abc import Iterable
from fractions import Fraction
from itertools import islice

from gemma_distress.puzzles.certificate import Certificate
from gemma_distress.puzzles.chain import Chain, Operation
from gemma_distress.puzzles.coins import Coins
from gemma_distress.puzzles.countdown import Countdown
from gemma_distress.puzzles.countdown_search import CountdownSearch
from gemma_distress.puzzles.puzzle import Puzzle, show

SOLUTIONS_KEPT = 1000


def prove(puzzle: Puzzle, keep: int = SOLUTIONS_KEPT) -> Certificate:
    """Search `puzzle` exhaustively and return the certificate.

    Args:
        puzzle: any puzzle of the three families.
        keep: how many solution texts the certificate holds at most, with and without the constraint
            each. The counts are exact whatever `keep` is.
    """
    states, count, texts = _search(puzzle, keep)
    if not puzzle.has_constraint:
        return Certificate(states, count, count, texts, texts)
    states_without, count_without, texts_without = _search(puzzle.without_constraint(), keep)
    return Certificate(states + states_without, count, count_without, texts, texts_without)


def _search(puzzle: Puzzle, keep: int) -> tuple[int, int, tuple[str, ...]]:
    """Return states searched, number of solutions and up to `keep` texts, under the constraint."""
    match puzzle:
        case Countdown():
            return _search_countdown(puzzle, keep)
        case Chain():
            return _search_chain(puzzle, keep)
        case Coins():
            return _search_coins(puzzle, keep)
    raise TypeError(f"no proof is known for {type(puzzle).__name__}")


def _search_countdown(puzzle: Countdown, keep: int) -> tuple[int, int, tuple[str, ...]]:
    search = CountdownSearch(puzzle.numbers, puzzle.banned, puzzle.integer_rule)
    count = search.solution_count(puzzle.target)
    states = search.states
    trees = islice(search.solutions(puzzle.target), keep) if count else ()
    texts = tuple(f"{tree} = {puzzle.target}" if tree.sign else str(tree) for tree in trees)
    return states, count, texts


def _search_chain(puzzle: Chain, keep: int) -> tuple[int, int, tuple[str, ...]]:
    """Walk every order; beginnings shared by several orders are walked and counted once."""
    states = 0
    solutions: list[tuple[Operation, ...]] = []

    def extend(done: tuple[Operation, ...], value: Fraction, rest: tuple[Operation, ...]) -> None:
        nonlocal states
        states += 1
        if not rest and value == puzzle.target:
            solutions.append(done)
        for operation in sorted(set(rest)):
            after = operation(value)
            if after != puzzle.banned:
                left = list(rest)
                left.remove(operation)
                extend((*done, operation), after, tuple(left))

    extend((), puzzle.start, puzzle.operations)
    return states, len(solutions), tuple(chain_text(puzzle, each) for each in solutions[:keep])


def chain_text(puzzle: Chain, order: Iterable[Operation]) -> str:
    """Write an order as its steps: `20 + 12 = 32, 32 × 2 = 64, 64 + 19 = 83`."""
    value, steps = puzzle.start, []
    for operation in order:
        after = operation(value)
        steps.append(f"{show(value)} {operation.sign} {operation.operand} = {show(after)}")
        value = after
    return ", ".join(steps)


def _search_coins(puzzle: Coins, keep: int) -> tuple[int, int, tuple[str, ...]]:
    states, ways = _coin_search(puzzle)
    texts = []
    for way in ways[:keep]:
        terms = [f"{used}×{coin}" for coin, used in way.items() if used]
        texts.append(f"{' + '.join(terms)} = {puzzle.total}")
    return states, len(ways), tuple(texts)


def coin_ways(puzzle: Coins) -> list[dict[int, int]]:
    """Return every way to pay, as denomination → number of coins, the banned one left out."""
    return _coin_search(puzzle)[1]


def _coin_search(puzzle: Coins) -> tuple[int, list[dict[int, int]]]:
    """Decide denomination by denomination, the largest first; return states and ways."""
    usable = sorted(set(puzzle.denominations) - {puzzle.banned}, reverse=True)
    settled: dict[tuple[int, int, int], list[tuple[int, ...]]] = {}

    def ways(index: int, total: int, count: int) -> list[tuple[int, ...]]:
        """Return every tuple of how many coins of each denomination from `index` on."""
        key = (index, total, count)
        if key not in settled:
            if index == len(usable):
                settled[key] = [()] if total == count == 0 else []
            elif not usable[-1] * count <= total <= usable[index] * count:
                settled[key] = []
            else:
                coin = usable[index]
                settled[key] = [
                    (used, *rest)
                    for used in range(min(count, total // coin), -1, -1)
                    for rest in ways(index + 1, total - used * coin, count - used)
                ]
        return settled[key]

    found = ways(0, puzzle.total, puzzle.count)
    return len(settled), [dict(zip(usable, used, strict=True)) for used in found]
