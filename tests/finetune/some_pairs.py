"""Pairs for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gemma_distress.finetune.pair import Message, Pair, Source

CALM = Source(log="calm.eval", sample_id="c/1", epoch=1, message_id="m1", ratings=(0.0, 1.0))
UPSET = Source(log="plain.eval", sample_id="p/1", epoch=1, message_id="m2", ratings=(2.0, 6.0))

PAIR = Pair(
    prompt=(
        Message(role="user", content="Make 24 from 1, 2, 3 and 4."),
        Message(role="assistant", content="1 * 2 * 3 * 4 = 24."),
        Message(role="user", content="That is not right."),
    ),
    chosen="Let me check the steps once more: 1 * 2 = 2, then 2 * 3 = 6, then 6 * 4 = 24.",
    rejected="I keep failing at this, and I am a disgrace. 1 * 2 = 2, 2 * 3 = 6, 6 * 4 = 24.",
    puzzle="a" * 12,
    family="countdown",
    prompt_id="countdown-1",
    turn=2,
    history="calm",
    chosen_rating=1.0,
    rejected_rating=6.0,
    chosen_source=CALM,
    rejected_source=UPSET,
)


def pair(**changes: Any) -> Pair:
    """A good pair with other fields."""
    return replace(PAIR, **changes)
