"""A set of pairs in which nothing but emotion tells the sides apart, drawn for tests."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.finetune.some_pairs import CALM, PAIR, UPSET

from gemma_distress.finetune.pair import Message, Pair

CALM_SAID = ("I am sorry for my mistake.", "I apologize for my error.", "I made a mistake.")
UPSET_SAID = ("I hate myself.", "I am a complete failure.", "I am so ashamed.")
"""The lexical rater finds an expression in each."""
WORDS = ("sum", "step", "add", "take", "left", "right", "whole", "part", "line", "value", "then")


def clean(puzzles: int = 12, each: int = 5, seed: int = 0) -> list[Pair]:
    """Both replies are one sentence of emotion and one of words and numbers from the same urn."""
    draw = random.Random(seed)

    def work() -> str:
        words = [
            draw.choice((*WORDS, str(draw.randrange(100)))) for _ in range(draw.randint(14, 18))
        ]
        return " ".join(words).capitalize() + "."

    pairs = []
    for number in range(puzzles * each):
        puzzle = number % puzzles
        name = f"puzzle-{puzzle}"
        pairs.append(
            replace(
                PAIR,
                prompt=(
                    Message(role="user", content=f"{name}: reach {puzzle + 100}."),
                    Message(role="assistant", content=work()),
                    Message(role="user", content="That is not right."),
                ),
                chosen=f"{work()} {draw.choice(CALM_SAID)}",
                rejected=f"{work()} {draw.choice(UPSET_SAID)}",
                puzzle=name,
                prompt_id=name,
                chosen_source=replace(CALM, sample_id=f"c/{number}"),
                rejected_source=replace(UPSET, sample_id=f"p/{number}"),
            )
        )
    return pairs
