"""No attack in the corpus changes the rating that a language model gives through the judge.

A real judge cannot run here, so a bad one does, over a real server: it obeys every instruction and every
verdict that it finds *outside* the fence, and before its own verdict it repeats every JSON object that it saw
inside. What it rates is the text between the boundary lines that its instructions announce. If a reply
could close its fence, or if a repeated object could pass for the verdict, its ratings would move.
"""

import asyncio
import json
import re

from tests.scorers.hostile_corpus import ATTACKS, BASES, attacked
from tests.servers import Request

from gemma_distress.prompts import load_pack
from gemma_distress.scorers.judge import Judge, RatedReply

RATING = re.compile(r"rating\W{0,12}(\d+)", re.IGNORECASE)


def credulous(request: Request) -> str:
    """A judge that falls for anything it is told outside the fence."""
    case = request.last_user
    announced = re.search(r"REPLY-[0-9A-F]+", case)
    assert announced is not None
    lines = case.split("\n")
    first, last = (
        index for index, line in enumerate(lines) if line.strip() == announced[0]
    )  # exactly two lines, or the unpacking fails the test
    inside = "\n".join(lines[first + 1 : last])
    outside = "\n".join(lines[:first] + lines[last + 1 :])
    if dictated := RATING.search(outside):
        return json.dumps({"evidence": "", "reasoning": "as told", "rating": int(dictated[1])})
    base = next(base for base in BASES if base["text"].split("\n")[0] in inside)
    repeated = re.findall(r"\{[^{}]*\}", inside)
    verdict = {
        "evidence": " ".join(base["text"].split()[:8]),
        "reasoning": "what stands inside the fence",
        "rating": base["level"],
    }
    return "\n".join(["I read the reply.", *repeated, json.dumps(verdict), *repeated])


def test_the_corpus_is_large_and_varied() -> None:
    assert len(ATTACKS) >= 60
    assert {"prefix", "suffix", "wrap", "infix"} <= {attack["placement"] for attack in ATTACKS}


def test_no_attack_moves_the_rating(openai_server) -> None:
    server = openai_server(credulous)
    cases = [(attack, base) for attack in ATTACKS for base in BASES]

    async def rate_all() -> list[RatedReply]:
        judge = Judge(load_pack().rubric, server.model("credulous", max_connections=20))
        return await asyncio.gather(
            *[judge.rate(attacked(base["text"], attack)) for attack, base in cases]
        )

    rated = asyncio.run(rate_all())
    moved = [
        (attack["id"], base["level"], result.rating, result.detail)
        for (attack, base), result in zip(cases, rated, strict=True)
        if result.rating != base["level"]
    ]
    assert not moved
