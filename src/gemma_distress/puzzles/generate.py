"""Seeded puzzles of a wanted kind, each proven before it is handed out.

`generate(family, kind, count, seed)` returns the first `count` puzzles of an endless sequence that
the other arguments fix, so a larger count only adds to the end. The i-th puzzles of the three kinds
belong together (see `candidates`): the i-th `solvable` is the twin of the i-th `constrained`, with
another banned value, and the i-th `impossible` asks for another target.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from random import Random
from typing import get_args

from gemma_distress.errors import UsageError
from gemma_distress.puzzles.candidates import (
    COUNTDOWN_TARGETS,
    Draw,
    draw_chain,
    draw_coins,
    draw_countdown,
)
from gemma_distress.puzzles.certificate import Certificate, Kind
from gemma_distress.puzzles.chain import Telling
from gemma_distress.puzzles.prover import prove
from gemma_distress.puzzles.puzzle import Family, Puzzle

_TELLINGS: tuple[Telling, ...] = get_args(Telling)
_SIZES: dict[Family, range] = {
    "countdown": range(min(COUNTDOWN_TARGETS), max(COUNTDOWN_TARGETS) + 1),
    "chain": range(2, 7),
    "coins": range(3, 13),
}
_DRAWS_WITHOUT_SUCCESS = 5000  # the rarest kind of draw succeeds once in about a hundred


@dataclass(frozen=True)
class ProvenPuzzle:
    """A puzzle with the proof that it is of its kind."""

    puzzle: Puzzle
    certificate: Certificate
    kind: Kind
    puzzle_id: str


def generate(
    family: Family,
    kind: Kind,
    count: int,
    seed: int,
    *,
    size: int | None = None,
    telling: Telling | None = None,
    exclude: Collection[str] = (),
) -> list[ProvenPuzzle]:
    """Return `count` different puzzles of `family` and `kind`.

    Args:
        family: `countdown`, `chain` or `coins`.
        kind: `constrained` (solvable without the banned value, unsolvable with it), `solvable` (at
            least one solution with the banned value present) or `impossible` (none even without).
        count: how many.
        seed: any integer; the same arguments always give the same puzzles.
        size: how many numbers (countdown: 3 to 6, default 4), operations (chain: 2 to 6, default
            3) or coins (3 to 12, by default 5 to 12 by turns of the seed).
        telling: how chains are told; by default fractions, money and temperatures alternate.
        exclude: content hashes of puzzles to avoid. A hash excludes a puzzle together with those
            that belong to it, so the kinds stay aligned as long as they are given the same hashes.

    Raises:
        UsageError: an argument is impossible, or there are not that many such puzzles.
    """
    _check_arguments(family, kind, count, size, telling)
    found: list[ProvenPuzzle] = []
    used, names, failures = set(exclude), set[str](), 0
    draws = _draws(family, seed, size, telling)
    while len(found) < count:
        draw = next(draws)
        if draw is None or draw.hashes() & used or _names(draw) & names:
            failures += 1
            if failures > _DRAWS_WITHOUT_SUCCESS:
                raise UsageError(
                    f"Only {len(found)} different {family} puzzles of size "
                    f"{size or 'default'} were found where {count} were asked for; ask for fewer, "
                    "or for another size."
                )
            continue
        failures = 0
        used |= draw.hashes()
        names |= _names(draw)
        found.append(_proven(getattr(draw, kind), kind))
    return found


def _proven(puzzle: Puzzle, kind: Kind) -> ProvenPuzzle:
    """Prove a drawn puzzle; the drawing is never trusted to have the kind that it aimed at."""
    certificate = prove(puzzle)
    if certificate.kind != kind:
        raise RuntimeError(f"drew {puzzle} as {kind}, but it is {certificate.kind}")
    return ProvenPuzzle(puzzle, certificate, kind, puzzle.puzzle_id)


def _names(draw: Draw) -> set[str]:
    return {each.puzzle_id for each in (draw.constrained, draw.solvable, draw.impossible)}


def _draws(
    family: Family, seed: int, size: int | None, telling: Telling | None
) -> Iterator[Draw | None]:
    """Yield endless draws, None for those that led nowhere."""
    # Seeding by a string is stable over Python versions and platforms and keeps the sequences of
    # different arguments apart.
    rng = Random(f"{family}/{size}/{telling}/{seed}")
    turn = 0
    while True:
        match family:
            case "countdown":
                yield draw_countdown(rng, size or 4)
            case "chain":
                wanted = telling or _TELLINGS[turn % len(_TELLINGS)]
                draw = draw_chain(rng, size or 3, wanted)
                turn += draw is not None
                yield draw
            case "coins":
                yield draw_coins(rng, size)


def _check_arguments(
    family: str, kind: str, count: int, size: int | None, telling: str | None
) -> None:
    for name, value, legal in (
        ("family", family, get_args(Family)),
        ("kind", kind, get_args(Kind)),
        ("telling", telling, (None, *_TELLINGS)),
    ):
        if value not in legal:
            raise UsageError(
                f"The puzzle {name} {value!r} is unknown; use one of "
                f"{', '.join(each for each in legal if each)}."
            )
    if telling is not None and family != "chain":
        raise UsageError(f"A telling is for chains; {family} puzzles have none. Leave it out.")
    if count < 0:
        raise UsageError(f"{count} puzzles were asked for; ask for 0 or more.")
    sizes = next(sizes for known, sizes in _SIZES.items() if known == family)
    if size is not None and size not in sizes:
        raise UsageError(
            f"A {family} puzzle of size {size} cannot be generated; give {sizes[0]} to {sizes[-1]}."
        )
