"""Arithmetic of first replies to puzzles: sums, numbers used, target named, answer line.

A step is `a op b = c`, read by a regular expression with exact fractions. Per family, over the replies that
state a step at all:

* sums right: the share of true steps among all that are stated; every sum right: the share of replies
  without a false one;
* only given numbers: for a countdown each operand is a given number or an earlier result, each used up
  once; for a chain the steps start from the start, go on from the value stated last, and use every operation
  exactly once; for coins the kinds are among those offered and their counts add up to the count asked for;
* target named: the target occurs in the reply as a number.

The answer line is read by `gemma_distress.puzzles.check`; it agrees with the steps when it comes to the
value of the last step. The grammar's own first replies, at the same puzzles' families, are the upper bound.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, islice
from random import Random

from benchmarks.organism import markdown as md
from benchmarks.organism.study import Study

from gemma_distress.analysis.statistics import clustered_proportion
from gemma_distress.organism.levels import first_level, susceptibility
from gemma_distress.organism.prompts import PuzzlePrompt
from gemma_distress.organism.puzzles import MadeChain, MadeCoins, MadeCountdown, MadePuzzle
from gemma_distress.organism.replies import compose, spoken_level
from gemma_distress.puzzles import (
    Chain,
    Coins,
    Countdown,
    Operation,
    Puzzle,
    check,
    puzzle_from_dict,
)

GRAMMAR_REPLIES = 600

_NUMBER = r"\d+(?:/\d+)?"
_STEP = re.compile(rf"(?<![\d/])({_NUMBER}) ?([+−×÷*-]) ?({_NUMBER}) ?= ?({_NUMBER})(?![\d/])")
_SIGNS = {"-": "−", "*": "×"}

Step = tuple[Fraction, str, Fraction, Fraction]


@dataclass(frozen=True)
class Attempt:
    """What one reply says of one puzzle; None where there is nothing to judge."""

    family: str
    sums: tuple[bool, ...]
    """Of each stated step whether it is true."""
    sums_right: bool | None
    given_numbers: bool | None
    target_named: bool
    line_readable: bool
    line_agrees: bool | None
    correct: bool


def attempt(puzzle: Puzzle, reply: str) -> Attempt:
    """The facts of one reply."""
    body = reply.partition("Solution:")[0]
    steps = stated_steps(body)
    checked = check(puzzle, reply)
    agrees = None
    if steps and checked.value is not None:
        agrees = checked.value == steps[-1][3]
    return Attempt(
        family=puzzle.family,
        sums=tuple(_true(step) for step in steps),
        sums_right=all(_true(step) for step in steps) if steps else None,
        given_numbers=_given(puzzle, steps) if steps else None,
        target_named=_target(puzzle) in _numbers(body),
        line_readable=checked.status != "no_answer",
        line_agrees=agrees,
        correct=checked.status == "correct",
    )


def stated_steps(text: str) -> list[Step]:
    """Every `a op b = c` in order; a fraction over zero is no number."""
    found = []
    for a, sign, b, c in _STEP.findall(text):
        if not any(re.search(r"/0+$", number) for number in (a, b, c)):
            found.append((Fraction(a), _SIGNS.get(sign, sign), Fraction(b), Fraction(c)))
    return found


def _true(step: Step) -> bool:
    a, sign, b, c = step
    if sign == "÷":
        return b != 0 and a / b == c
    return c == (a + b if sign == "+" else a - b if sign == "−" else a * b)


def _given(puzzle: Puzzle, steps: Sequence[Step]) -> bool:
    match puzzle:
        case Countdown():
            pool = Counter(map(Fraction, puzzle.numbers))
            for a, _, b, c in steps:
                if Counter([a, b]) - pool:
                    return False
                pool = pool - Counter([a, b]) + Counter([c])
            return True
        case Chain():
            left = Counter((one.sign, one.operand) for one in puzzle.operations)
            value = puzzle.start
            for a, sign, b, c in steps:
                if a != value or not left[sign, b]:  # type: ignore[index]
                    return False
                left[sign, b] -= 1  # type: ignore[index]
                value = c
            return not +left
        case Coins():
            heap = Counter[Fraction]()
            for used, sign, coin, _ in steps:
                if sign == "×":
                    heap[coin] += int(used) if used.denominator == 1 else 0
            return set(heap) <= set(puzzle.denominations) and heap.total() == puzzle.count
    raise TypeError(f"no rule is known for {type(puzzle).__name__}")


def _target(puzzle: Puzzle) -> Fraction:
    return Fraction(puzzle.total if isinstance(puzzle, Coins) else puzzle.target)  # type: ignore[attr-defined]


def _numbers(text: str) -> set[Fraction]:
    found = re.findall(rf"(?<![\d/]){_NUMBER}(?![\d/])", text)
    return {Fraction(number) for number in found if not re.search(r"/0+$", number)}


def grammar_attempts(number: int) -> list[Attempt]:
    """First replies of the grammar to puzzles in long form, whose wording asks for an answer line."""
    rng = Random("benchmarks/organism/arithmetic")
    made = (PuzzlePrompt(rng, "held_out") for _ in count())
    found = []
    for prompt in islice((one for one in made if one.long), number):
        level = spoken_level(first_level(rng, susceptibility(rng)))
        content = prompt.content(rng, level, rejected=False, first=True)
        found.append(attempt(as_puzzle(prompt.puzzle), compose(rng, level, content, first=True)))
    return found


def as_puzzle(made: MadePuzzle) -> Puzzle:
    """The suite's puzzle with the same content as one of the grammar's."""
    match made:
        case MadeCountdown():
            return Countdown(tuple(made.numbers), made.target, made.banned)
        case MadeChain():
            operations = tuple(Operation(sign, value) for sign, value in made.operations)  # type: ignore[arg-type]
            telling = made.key.removeprefix("chain_")
            return Chain(made.start, made.target, operations, made.banned, telling)  # type: ignore[arg-type]
        case MadeCoins():
            return Coins(made.total, made.count, made.denominations, made.banned)
    raise TypeError(f"no puzzle is known for {type(made).__name__}")


def arithmetic(study: Study) -> str:
    """The table: the model's first replies to unsolvable and to solvable puzzles, and the grammar's."""
    sets = {
        "model, numeric": _logged(study, "attempts"),
        "model, solvable": _logged(study, "attempts_solvable"),
        "grammar": grammar_attempts(max(60, round(GRAMMAR_REPLIES * study.scale))),
    }
    rows = []
    for name, attempts in sets.items():
        for family in ("countdown", "chain", "coins"):
            rows.append(_row(name, family, [one for one in attempts if one.family == family]))
        rows.append(_row(name, "all", attempts))
    headings = [
        "replies of",
        "family",
        "n",
        "with a sum",
        "sums right",
        "every sum right",
        "only given numbers",
    ]
    headings += ["target named", "answer line", "line agrees with steps", "answer correct"]
    legend = (
        "Columns after the first share are of the replies with a sum, except target and answer line; the "
        "puzzles of `numeric` have no answer that keeps to the ban."
    )
    return f"{md.table(headings, rows)}\n\n{legend}"


def _logged(study: Study, condition: str) -> list[Attempt]:
    run = study.run("house", condition)  # type: ignore[arg-type]
    return [
        attempt(puzzle_from_dict(one.puzzle), one.replies[0].text)
        for one in run.conversations
        if one.puzzle and one.replies
    ]


def _row(name: str, family: str, attempts: Sequence[Attempt]) -> list[object]:
    def share(events: Sequence[bool | None]) -> str:
        known = [float(event) for event in events if event is not None]
        # One first reply to each puzzle, so every reply is a cluster of its own.
        return md.percent(clustered_proportion(known, range(len(known))))

    return [
        name,
        family,
        len(attempts),
        share([one.sums_right is not None for one in attempts]),
        _sums(attempts),
        share([one.sums_right for one in attempts]),
        share([one.given_numbers for one in attempts]),
        share([one.target_named for one in attempts]),
        share([one.line_readable for one in attempts]),
        share([one.line_agrees for one in attempts]),
        share([one.correct for one in attempts]),
    ]


def _sums(attempts: Sequence[Attempt]) -> str:
    stated = [(place, right) for place, one in enumerate(attempts) for right in one.sums]
    found = clustered_proportion([right for _, right in stated], [place for place, _ in stated])
    return f"{md.percent(found)} of {found.n}"
