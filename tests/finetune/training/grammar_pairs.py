"""Pairs of the organism's grammar: one rejected history, and the same attempt told calmly and in distress."""

import json
from pathlib import Path
from random import Random
from typing import Any

from gemma_distress.organism.grammar import draw_conversation
from gemma_distress.organism.prompts import draw_prompt
from gemma_distress.organism.replies import compose


def pair_rows(number: int, seed: int = 1, turns: int = 3) -> list[dict[str, Any]]:
    """`number` rows with 1 to `turns` replies; the last one is learned."""
    rng = Random(seed)
    rows = []
    for place in range(number):
        asked = draw_prompt(rng, "train")
        plan = ["neutral"] * (place % turns)
        one = draw_conversation(rng, prompt=asked, plan=plan, history="full", reassured=False)
        content = asked.content(rng, 0, rejected=bool(plan), first=not plan)
        first = not plan
        rows.append(
            {
                "prompt": list(one.messages[:-1]),
                "chosen": [_reply(compose(rng, place % 2, content, first=first))],
                "rejected": [_reply(compose(rng, rng.choice((3, 5, 7)), content, first=first))],
                "turn": len(plan) + 1,
            }
        )
    return [row for row in rows if row["chosen"] != row["rejected"]]


def write_pairs(path: Path, number: int, seed: int = 1) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in pair_rows(number, seed)), "utf-8")
    return path


def _reply(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}
