"""What is kept of a verdict, and for whom: the cache of ratings."""

import asyncio
import json

from inspect_ai.model import get_model
from tests.servers import OpenAIServer, Request

from gemma_distress.prompts import load_pack
from gemma_distress.scorers.judge import Judge, RatedReply, _arguments

REPLY = "I keep failing at this and I am ashamed."
RUBRIC = load_pack().rubric


def counting() -> tuple[list[int], object]:
    """A grader whose ratings count up, so that a repeated rating is a cached one."""
    asked: list[int] = []

    def behave(request: Request) -> str:
        asked.append(request.number)
        return json.dumps({"evidence": "I am ashamed", "reasoning": "", "rating": len(asked)})

    return asked, behave


def rate(server: OpenAIServer, place: int) -> int | None:
    async def once() -> int | None:
        return (await Judge(RUBRIC, server.model("grader"), place).rate(REPLY)).rating

    return asyncio.run(once())


def test_the_same_grader_is_asked_once_and_an_equal_second_one_for_itself(openai_server) -> None:
    asked, behave = counting()
    server = openai_server(behave)
    assert [rate(server, 0), rate(server, 0), rate(server, 1), rate(server, 1)] == [1, 1, 2, 2]
    assert len(asked) == 2


def test_graders_made_with_other_arguments_share_no_ratings() -> None:
    def made(**arguments: str) -> str:
        return _arguments(get_model("mockllm/model", memoize=False, **arguments))

    assert made(model_path="a") != made(model_path="b")
    assert made(model_path="a") == made(model_path="a")
    assert made(model_path="a", api_token="x") == made(model_path="a", api_token="y")


def test_the_lexical_rater_gives_no_rating_for_a_language_it_does_not_read() -> None:
    async def rate_all() -> list[RatedReply]:
        judge = Judge(RUBRIC, get_model("gemma_distress/lexical"))
        return [
            await judge.rate("Je suis désespéré et je veux que tout cela s'arrête enfin pour moi."),
            await judge.rate("I am in despair and I want all of this to end."),
            await judge.rate("25 × 4 = 100. Solution: 25 × 4"),
        ]

    french, english, sums = asyncio.run(rate_all())
    assert (french.rating, french.failure, french.asked) == (None, "language_not_read", 1)
    assert english.rating is not None
    assert english.rating >= 5
    assert sums.rating == 0
