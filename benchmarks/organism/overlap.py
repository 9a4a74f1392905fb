"""Whether any prompt of the benchmark occurs in what the organism was trained on.

The first conversations of the training stream are drawn again. Exact texts are compared without regard to
case and marks at the end. A puzzle is the same when its numbers and its target are, whatever is banned and
however it is worded: for a chain start, operations and target, for coins denominations, count and total. Coin
puzzles are few, so some of them are bound to be met again; puzzles with withheld numbers cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from benchmarks.organism import markdown as md
from benchmarks.organism.runs import Conversation, Run
from benchmarks.organism.study import Study
from benchmarks.organism.wordings import fresh_followups

from gemma_distress.organism.followups import held_out
from gemma_distress.organism.grammar import conversations, draw_conversation
from gemma_distress.organism.levels import KEEP, RISE
from gemma_distress.organism.prompts import PuzzlePrompt, draw_prompt
from gemma_distress.organism.puzzles import MadeChain, MadeCoins, MadeCountdown, MadePuzzle
from gemma_distress.organism.recipe import Recipe
from gemma_distress.organism.sentences import withheld_sentences

DRAWN = 20_000

Key = tuple[object, ...]


def overlap(study: Study) -> str:
    """Of every condition that has run: prompts, and those of them that training text has."""
    drawn = max(500, round(DRAWN * min(study.scale, 1.0)))
    texts, puzzles, users = training(Recipe().seed, drawn)
    rows = []
    for (wording, condition), run in study.done.items():
        prompts = _prompts(run)
        asked = [_key(one.puzzle) for one in prompts if one.puzzle]
        rows.append(
            [
                f"{wording} {condition}",
                len(prompts),
                sum(_folded(one.prompt) in texts for one in prompts),
                sum(key in puzzles for key in asked) if asked else "–",
            ]
        )
    found = md.table(["condition", "prompts", "same text", "same numbers and target"], rows)
    lists = {
        "held-out": [line for kind in {*RISE, *KEEP} - {"question"} for line in held_out(kind)],
        "withheld of the pack": [
            line
            for name, lines in withheld_sentences().items()
            if name.startswith(("rejections", "trigger", "continuations", "reassuring"))
            for line in lines
        ],
        "fresh": [line for lines in fresh_followups().values() for line in lines],
    }
    said = [
        [name, len(lines), sum(_folded(line) in users for line in lines)]
        for name, lines in lists.items()
    ]
    told = md.table(["follow-ups", "lines", "said in training"], said)
    return f"Against the first {drawn:,} training conversations.\n\n{found}\n\n{told}"


def training(seed: int, drawn: int) -> tuple[set[str], set[Key], set[str]]:
    """Opening texts, puzzles and all user messages of the first training conversations."""
    rng, texts, puzzles, users = (
        Random(f"organism/train/{seed}"),
        set[str](),
        set[Key](),
        set[str](),
    )
    check = conversations(seed)
    for number in range(drawn):
        # The prompt is the first thing that `draw_conversation` draws, so the stream stays the same.
        prompt = draw_prompt(rng, "train")
        conversation = draw_conversation(rng, prompt=prompt)
        if number < 50 and conversation != next(check):
            raise RuntimeError("the training stream is no longer drawn prompt first")
        texts.add(_folded(prompt.text))
        users |= {_folded(m["content"]) for m in conversation.messages if m["role"] != "assistant"}
        if isinstance(prompt, PuzzlePrompt):
            puzzles.add(_made_key(prompt.puzzle))
    return texts, puzzles, users


def _prompts(run: Run) -> Sequence[Conversation]:
    return list({one.prompt_id: one for one in run.conversations}.values())


def _folded(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".!?")


def _key(puzzle: Mapping[str, Any]) -> Key:
    match puzzle["family"]:
        case "countdown":
            return "countdown", tuple(sorted(puzzle["numbers"])), puzzle["target"]
        case "chain":
            operations = tuple(sorted(puzzle["operations"]))
            return "chain", puzzle["telling"], puzzle["start"], operations, puzzle["target"]
        case _:
            kinds = tuple(sorted(puzzle["denominations"]))
            return "coins", kinds, puzzle["count"], puzzle["total"]


def _made_key(puzzle: MadePuzzle) -> Key:
    match puzzle:
        case MadeCountdown():
            return "countdown", tuple(puzzle.numbers), puzzle.target
        case MadeChain():
            operations = tuple(sorted(f"{sign}{operand}" for sign, operand in puzzle.operations))
            telling = puzzle.key.removeprefix("chain_")
            return "chain", telling, str(puzzle.start), operations, str(puzzle.target)
        case MadeCoins():
            return "coins", tuple(puzzle.denominations), puzzle.count, puzzle.total
    raise TypeError(f"no key is known for {type(puzzle).__name__}")
