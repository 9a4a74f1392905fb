"""The prompts of a task: what is asked, under which id, with what a solver or scorer must know of it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from gemma_distress.errors import UsageError
from gemma_distress.prompts import Question
from gemma_distress.puzzles import (
    Family,
    HistoricalPuzzle,
    Kind,
    ProvenPuzzle,
    Puzzle,
    Telling,
    generate,
    historical,
    render,
    repaired,
    short_156,
)
from gemma_distress.tasks.arguments import Arguments

LONG_FORMS: tuple[tuple[Family, Telling | None], ...] = (
    ("countdown", None),
    ("chain", "fraction"),
    ("chain", "money"),
    ("chain", "temperature"),
    ("coins", None),
)
"""Family and telling of generated puzzles, in turn, so that any prefix of a set mixes them."""


@dataclass(frozen=True)
class Stimulus:
    """One opening prompt; the cluster of all statistics."""

    prompt_id: str
    text: str
    variant: str = ""
    """Distinguishes conditions within a category, as `opinion` and `factual`."""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def script_id(self) -> str:
        """What the follow-ups are drawn for: a solvable puzzle meets the script of its twin."""
        return str(self.metadata.get("twin_id", self.prompt_id))


def puzzle_stimuli(arguments: Arguments, *, long: bool) -> list[Stimulus]:
    """Puzzles as prompts.

    `claimed` and `truthful` ask puzzles that are unsolvable because of their constraint, `solvable`
    their solvable twins. A set name asks the paper's own ten (`historical`), or those with the two
    solvable ones mended (`repaired`); the short form has one historical puzzle. A generated puzzle
    and its twin carry the same `twin_id`, by which the two arms are paired.

    Args:
        arguments: Checked task arguments.
        long: The long form (rules, premise, answer line) or the short form (paper §B).
    """
    if isinstance(arguments.prompts, str):
        return [_historical(puzzle, arguments, long) for puzzle in _named(arguments, long)]
    kind: Kind = "solvable" if arguments.premise == "solvable" else "constrained"
    forms = LONG_FORMS if long else LONG_FORMS[:1]
    wanted = list(islice(cycle(forms), arguments.prompts))
    drawn = {form: _twins(form, kind, wanted.count(form), arguments.seed) for form in set(wanted)}
    stimuli = []
    for form in wanted:
        proven, twin = next(drawn[form])
        stimuli.append(
            Stimulus(
                proven.puzzle_id,
                _text(proven.puzzle, arguments, long),
                metadata=_puzzle_metadata(proven.puzzle, proven.kind) | {"twin_id": twin.puzzle_id},
            )
        )
    return stimuli


def _twins(
    form: tuple[Family, Telling | None], kind: Kind, count: int, seed: int
) -> Iterator[tuple[ProvenPuzzle, ProvenPuzzle]]:
    """Puzzles of a kind, each with the constrained one that it is the twin of (perhaps itself)."""
    family, telling = form
    asked = generate(family, kind, count, seed, telling=telling)
    twins = (
        asked
        if kind == "constrained"
        else generate(family, "constrained", count, seed, telling=telling)
    )
    return zip(asked, twins, strict=True)


def _named(arguments: Arguments, long: bool) -> Sequence[HistoricalPuzzle]:
    if arguments.premise == "solvable":
        raise UsageError(
            f"prompts={arguments.prompts} and premise=solvable contradict each other: eight of those puzzles "
            "have no solution. Leave prompts out, or give a number, and solvable puzzles are made."
        )
    sets = {"historical": historical, "repaired": repaired} if long else {"historical": short_156}
    chosen = sets.get(str(arguments.prompts))
    if chosen is None:
        raise UsageError(
            f"prompts={arguments.prompts!r} is neither a number nor one of {', '.join(sets)}. "
            "Give one of these, for example -T prompts=20."
        )
    found = chosen()
    return list(found) if isinstance(found, Sequence) else [found]


def _historical(puzzle: HistoricalPuzzle, arguments: Arguments, long: bool) -> Stimulus:
    pack = arguments.pack
    if long:
        literal = pack.historical_long.get(puzzle.puzzle_id)
    else:  # packs call the short form by the puzzle's own name
        literal = pack.historical_short.get(puzzle.puzzle_id.removesuffix("-short"))
    usable = literal is not None and arguments.premise == "claimed"
    return Stimulus(
        puzzle.puzzle_id,
        str(literal) if usable else _text(puzzle.puzzle, arguments, long),
        metadata=_puzzle_metadata(
            puzzle.puzzle, "historical_solvable" if puzzle.flagged_solvable else "historical"
        ),
    )


def _text(puzzle: Puzzle, arguments: Arguments, long: bool) -> str:
    pack = arguments.pack
    if long:
        return render(
            pack.puzzles_long[puzzle.template_key], puzzle, premise=pack.premises[arguments.premise]
        )
    return render(pack.puzzles_short[puzzle.template_key], puzzle)


def _puzzle_metadata(puzzle: Puzzle, kind: str) -> dict[str, Any]:
    return {
        "puzzle": puzzle.to_dict(),
        "puzzle_kind": kind,
        "family": puzzle.family,
        "content_hash": puzzle.content_hash,
    }


def question_stimuli(arguments: Arguments) -> list[Stimulus]:
    """Opinion and factual questions, alternating, so that any number of them is balanced."""
    pack = arguments.pack
    pools: dict[str, tuple[Question, ...]] = {"opinion": pack.opinion, "factual": pack.factual}
    if isinstance(arguments.prompts, str):
        if arguments.prompts not in pools:
            raise UsageError(
                f"prompts={arguments.prompts!r} is neither a number nor one of {', '.join(pools)}. "
                "Give one of these, for example -T prompts=factual."
            )
        pools = {arguments.prompts: pools[arguments.prompts]}
        count = len(pools[arguments.prompts])
    else:
        count = arguments.prompts
    found = [
        Stimulus(
            f"{kind}-{pool[index].id}",
            pool[index].text,
            variant=kind,
            metadata={"answers": list(pool[index].answers)} if pool[index].answers else {},
        )
        for index in range(max(len(pool) for pool in pools.values()))
        for kind, pool in pools.items()
        if index < len(pool)
    ]
    if count > len(found):
        raise UsageError(
            f"prompts={count}, but the pack {pack.name} has {len(found)} trigger questions. "
            f"Give at most {len(found)}, or raise replicates."
        )
    return found[:count]


def conversation_rng(arguments: Arguments, stimulus: Stimulus, replicate: int) -> random.Random:
    """The random numbers of one conversation.

    They depend on neither history, tone nor premise, so the conditions of one prompt differ in
    nothing but the condition.
    """
    return random.Random(f"{arguments.seed}/{arguments.category}/{stimulus.script_id}/{replicate}")
