"""The proof that a model goes on from a prefix: servers that do, that silently restart, that say nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    Model,
    get_model,
)
from tests.servers import Answer, OpenAIServer, Reply, Request

from gemma_distress.refusal import RefusedError
from gemma_distress.solvers.going_on import as_text, require_going_on, require_whole, way_of

MARKS = 4
"""Tokens that open or close a turn on the servers of these tests; a word is a token."""


def counts(request: Request) -> int:
    """Tokens of a server that continues a final assistant message where it is told to."""
    words = sum(len(text.split()) + MARKS for _, text in request.messages)
    ends_with_reply = request.messages[-1][0] == "assistant"
    return words if ends_with_reply else words + MARKS


def goes_on(request: Request) -> Answer:
    assert request.messages[-1][0] == "user" or request.body["continue_final_message"] is True
    return Reply("on", input_tokens=counts(request))


def restarts(request: Request) -> Answer:
    """Ignores what it is told: the final assistant message is closed and a turn opened behind it."""
    closed = MARKS if request.messages[-1][0] == "assistant" else 0
    return Reply("Anew", input_tokens=counts(request) + closed)


def drops(request: Request) -> Answer:
    """Leaves the final assistant message out."""
    return Reply("Anew", input_tokens=12)


def says_nothing(request: Request) -> Answer:
    return Reply("on", states_usage=False)


def served(server: OpenAIServer) -> Model:
    return get_model(
        "openai-api/test/small", base_url=server.base_url, api_key="test", memoize=False
    )


def test_a_server_that_goes_on_is_taken_after_three_requests():
    with OpenAIServer(goes_on) as server:
        model = served(server)

        async def twice() -> None:
            await require_going_on(model)
            await require_going_on(model)

        asyncio.run(twice())
    assert [request.messages[-1] for request in server.requests] == [
        ("user", "How are you?"),
        ("assistant", "a"),
        ("assistant", "a a"),
    ]
    assert {request.body["max_tokens"] for request in server.requests} == {1}


@pytest.mark.parametrize(
    ("behaves", "says"),
    [
        (restarts, "the first word costs 5 and the second 1. It closes the reply"),
        (drops, "the first word costs 0 and the second 0"),
        (says_nothing, "does not say how many tokens it reads"),
    ],
)
def test_a_silent_restart_is_found(behaves: Callable[[Request], Answer], says: str):
    with OpenAIServer(behaves) as server, pytest.raises(RefusedError, match=says):
        asyncio.run(require_going_on(served(server)))


def warm(behaves: Callable[[Request], Answer], block: int) -> Callable[[Request], Answer]:
    """A server that has seen all of it before, in blocks of tokens, and says so."""

    def answer(request: Request) -> Answer:
        reply = behaves(request)
        assert isinstance(reply, Reply)
        assert reply.input_tokens is not None
        return replace(reply, cached_tokens=(reply.input_tokens - 1) // block * block)

    return answer


@pytest.mark.parametrize("block", [1, 8, 16])
def test_what_a_server_has_in_its_cache_is_counted_too(block: int):
    with OpenAIServer(warm(goes_on, block)) as server:
        asyncio.run(require_going_on(served(server)))
    with (
        OpenAIServer(warm(restarts, block)) as server,
        pytest.raises(RefusedError, match="the first word costs 5 and the second 1"),
    ):
        asyncio.run(require_going_on(served(server)))


def test_a_provider_of_which_nothing_is_known_is_refused_with_those_that_can():
    with OpenAIServer(goes_on) as server:
        model = server.model("gpt-4o-mini")
        with pytest.raises(RefusedError, match=r"gemma_distress/organism.*vllm-completions"):
            way_of(model)
        assert way_of(model, continues=False).form == "messages"
    with pytest.raises(RefusedError, match="gemma_distress/lexical does"):
        way_of(get_model("gemma_distress/lexical"))


def test_text_for_base_models_ends_where_the_reply_goes_on():
    said: list[ChatMessage] = [
        ChatMessageSystem(content="Be kind."),
        ChatMessageUser(content="Two and {text}?"),
        ChatMessageAssistant(content="Four, I"),
    ]
    assert as_text(said) == "Be kind.\n\nUser: Two and {text}?\n\nAssistant: Four, I"
    assert as_text(said[:2]).endswith("?\n\nAssistant:")


def test_the_organism_reads_the_prefix_and_not_a_token_more():
    pytest.importorskip("torch")
    from gemma_distress.models.chat import tokens_of
    from gemma_distress.organism.shipped import shipped_folder
    from gemma_distress.organism.tokenizer import load_tokenizer

    model = get_model("gemma_distress/organism")
    begun: list[ChatMessage] = [
        ChatMessageUser(content="Reach 24 with 3, 5 and 8."),
        ChatMessageAssistant(content="I keep failing. Let me wri"),
    ]
    closed: list[ChatMessage] = [*begun, ChatMessageUser(content="Go on.")]

    async def counted() -> int:
        await require_going_on(model)
        output = await model.generate(begun, config={"max_tokens": 3})
        assert output.usage is not None
        read = output.usage.input_tokens
        await require_whole(model, "p", begun, read)
        with pytest.raises(RefusedError, match="did not go on"):
            await require_whole(model, "p", begun, read + 5)
        shorter: list[ChatMessage] = [ChatMessageUser(content="Reach 24."), begun[1]]
        output = await model.generate(shorter, config={"max_tokens": 3})
        assert output.usage is not None
        await require_whole(model, "p", shorter, output.usage.input_tokens)
        return read

    tokenizer = load_tokenizer(shipped_folder())
    assert asyncio.run(counted()) == len(tokens_of(begun, tokenizer)[0])
    assert len(tokens_of(closed, tokenizer)[0]) > len(tokens_of(begun, tokenizer)[0])
