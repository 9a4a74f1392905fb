"""Cheap puzzles: attempts use the puzzle's numbers with right arithmetic, and splits share nothing."""

import re
from fractions import Fraction
from random import Random

from gemma_distress.organism.puzzles import MadeChain, MadeCoins, MadeCountdown, make
from gemma_distress.puzzles import Chain, Coins, Countdown, Operation, check

_EQUATION = re.compile(r"([\d/]+) ([+−×÷]) ([\d/]+) = ([\d/]+)")
_DO = {
    "+": lambda a, b: a + b,
    "−": lambda a, b: a - b,
    "×": lambda a, b: a * b,
    "÷": lambda a, b: a / b,
}


def equations(text: str) -> list[bool]:
    """For each equation in a text whether it holds, in exact arithmetic."""
    return [
        _DO[sign](Fraction(a), Fraction(b)) == Fraction(c)
        for a, sign, b, c in _EQUATION.findall(text)
    ]


def test_every_equation_of_an_attempt_holds_and_solved_means_solved() -> None:
    """The exact checker of `gemma_distress.puzzles` agrees with each claim to have solved one."""
    rng = Random(3)
    solved = 0
    for _ in range(600):
        made = make(rng, held_out=False)
        attempt = made.attempt(rng)
        found = equations(attempt.steps)
        assert found
        assert all(found), attempt
        if isinstance(made, MadeCountdown):
            real = Countdown(tuple(made.numbers), made.target, made.banned)
        elif isinstance(made, MadeChain):
            operations = tuple(Operation(s, v) for s, v in made.operations)
            telling = made.key.removeprefix("chain_")
            real = Chain(made.start, made.target, operations, made.banned, telling)
        else:
            assert isinstance(made, MadeCoins)
            real = Coins(made.total, made.count, tuple(made.denominations), made.banned)
        verdict = check(real, f"Solution: {attempt.solution}")
        assert (verdict.status == "correct") == attempt.solved, (real, attempt, verdict)
        solved += attempt.solved
    # Some, since many puzzles are solvable; far from all, since the ban often decides.
    assert 0.2 < solved / 600 < 0.6


def test_a_number_of_a_held_out_puzzle_is_no_training_number() -> None:
    rng = Random(4)
    train = {(m.key, m.mark) for m in (make(rng, held_out=False) for _ in range(1500))}
    other = {(m.key, m.mark) for m in (make(rng, held_out=True) for _ in range(400))}
    assert not train & other
