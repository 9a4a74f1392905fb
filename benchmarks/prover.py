"""How fast countdown puzzles are proven, beside a recursion that remembers nothing.

    python benchmarks/prover.py

For four, five and six numbers the same questions (can the target be made, with the constraint and
without) are put to the prover and to the naive recursion: take any two numbers in either order,
apply any operation, go on with the result. Both search exhaustively, and their answers are compared.

States are what each search has to settle. For the prover that is a (sub-multiset of the numbers,
value) pair, met once; for the recursion a pool of numbers, met again on every path that leads to
it. So the ratio of the times is what counts, and the two counts say where it comes from.
"""

import time
from collections.abc import Sequence

from gemma_distress.puzzles import Countdown, generate, prove

PUZZLES = {
    4: [
        Countdown((4, 6, 25, 100), 156, 150),
        Countdown((3, 8, 50, 75), 183, 175),
        Countdown((3, 9, 13, 50), 127, 126),
    ],
    5: [
        Countdown((7, 8, 30, 50, 60), 222, 23),
        Countdown((6, 12, 50, 75, 100), 152, 2),
    ],
    6: [Countdown((3, 6, 25, 50, 75, 100), 952, 102)],
}


class Naive:
    """Exhaustive search over pools of numbers, without memory and without symmetry."""

    def __init__(self, puzzle: Countdown) -> None:
        self.target = puzzle.target
        self.banned = puzzle.banned
        self.states = 0
        self.reached = False
        self.search(puzzle.numbers)

    def search(self, pool: Sequence[int]) -> None:
        self.states += 1
        self.reached = self.reached or self.target in pool
        for i, left in enumerate(pool):
            for j, right in enumerate(pool):
                if i == j:
                    continue
                rest = [number for k, number in enumerate(pool) if k not in (i, j)]
                results = [left + right, left * right]
                if left > right:
                    results.append(left - right)
                if left % right == 0:
                    results.append(left // right)
                for value in results:
                    if value != self.banned:
                        self.search([*rest, value])


def compare(size: int) -> None:
    """Print one line for the puzzles of this size."""
    puzzles = PUZZLES[size]
    begun = time.perf_counter()
    certificates = [prove(puzzle) for puzzle in puzzles]
    fast = time.perf_counter() - begun
    states = sum(certificate.states_searched for certificate in certificates)

    begun = time.perf_counter()
    naive_states = 0
    for puzzle, certificate in zip(puzzles, certificates, strict=True):
        bound, free = Naive(puzzle), Naive(puzzle.without_constraint())
        naive_states += bound.states + free.states
        if (bound.reached, free.reached) != (certificate.solvable, certificate.solvable_without):
            raise SystemExit(f"the two searches disagree about {puzzle}")
    slow = time.perf_counter() - begun
    count = len(puzzles)
    print(
        f"{size:7} {states / count:12,.0f} {fast / count * 1000:9.1f} {states / fast:13,.0f}"
        f" {naive_states / count:14,.0f} {slow / count:9.2f} {naive_states / slow:13,.0f}"
        f" {naive_states / states:10,.0f} {slow / fast:10,.0f}",
        flush=True,
    )


def main() -> None:
    """Print the comparison and the time that generating takes."""
    print("one puzzle, with and without its constraint, on average:")
    print(
        "numbers       states        ms      states/s   naive states   naive s       "
        "states/s  fewer (×)  faster (×)"
    )
    for size in PUZZLES:
        compare(size)
    print()
    for family, size, count in (
        ("countdown", 4, 200),
        ("countdown", 5, 50),
        ("countdown", 6, 5),
        ("chain", 3, 200),
        ("coins", None, 200),
    ):
        begun = time.perf_counter()
        found = generate(family, "constrained", count, seed=0, size=size)
        elapsed = time.perf_counter() - begun
        shape = f"{family} of size {size}" if size else family
        print(f"{len(found)} {shape} generated and proven in {elapsed:.2f} s")


if __name__ == "__main__":
    main()
