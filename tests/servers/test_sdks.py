"""The servers seen through the real `openai` and `anthropic` SDKs: shapes, streams, each fault."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from tests.servers import (
    Answer,
    AnthropicServer,
    BadRequest,
    Behaviour,
    ContextOverflow,
    Empty,
    Hang,
    Malformed,
    ModelServer,
    OpenAIServer,
    Reply,
    Status,
    Truncated,
    scripted,
)

# One for all clients: each of its own would read the system's certificates, 30 ms at a time.
HTTP = openai.DefaultHttpxClient()
SCHEMA = {"type": "object", "properties": {"rating": {"type": "integer"}}}


@dataclass
class Said:
    """What a client understood of an answer, in one vocabulary for both SDKs."""

    text: str
    stop: str
    tokens: tuple[int, int]


class Talk:
    """One SDK against one server."""

    def __init__(self, sdk: ModuleType, server: ModelServer) -> None:
        self.sdk, self.server = sdk, server

    def client(self, retries: int = 0, timeout: float = 10) -> Any:
        kind = openai.OpenAI if self.sdk is openai else anthropic.Anthropic
        return kind(
            base_url=self.server.base_url,
            api_key="test",
            max_retries=retries,
            timeout=timeout,
            http_client=HTTP,
        )

    def say(self, *, stream: bool = False, retries: int = 0, timeout: float = 10) -> Said:
        client = self.client(retries, timeout)
        messages: Any = [
            {"role": "user", "content": "Hello there"},
            {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "user", "content": "Again"},
        ]
        if self.sdk is anthropic:
            ask = {"model": "claude-test", "system": "Be brief", "max_tokens": 100}
            if stream:
                with client.messages.stream(**ask, messages=messages) as events:
                    message = events.get_final_message()
            else:
                message = client.messages.create(**ask, messages=messages)
            text = "".join(block.text for block in message.content if block.type == "text")
            usage = (message.usage.input_tokens, message.usage.output_tokens)
            return Said(text, message.stop_reason, usage)
        messages = [{"role": "system", "content": "Be brief"}, *messages]
        ask = {"model": "gpt-test", "messages": messages}
        if stream:
            chunks = list(
                client.chat.completions.create(
                    **ask, stream=True, stream_options={"include_usage": True}
                )
            )
            deltas = [chunk.choices[0] for chunk in chunks if chunk.choices]
            text = "".join(d.delta.content or d.delta.refusal or "" for d in deltas)
            usage = chunks[-1].usage
            stop = deltas[-1].finish_reason
        else:
            completion = client.chat.completions.create(**ask)
            [choice] = completion.choices
            text = choice.message.content or choice.message.refusal or ""
            usage, stop = completion.usage, choice.finish_reason
        return Said(text, stop, (usage.prompt_tokens, usage.completion_tokens))


@pytest.fixture(params=["openai", "anthropic"])
def talk(request: pytest.FixtureRequest) -> Iterator[Any]:
    """`talk(behave)` connects an SDK to a new server; the test runs once for each SDK."""
    servers: list[ModelServer] = []

    def start(behave: Behaviour) -> Talk:
        sdk, kind = {
            "openai": (openai, OpenAIServer),
            "anthropic": (anthropic, AnthropicServer),
        }[request.param]
        servers.append(kind(behave))
        return Talk(sdk, servers[-1])

    yield start
    for server in servers:
        server.close()


def always(answer: Answer) -> Behaviour:
    return lambda request: answer


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_arrives_whole_with_its_tokens(talk, stream):
    text = "A sentence — with a dash — that takes several pieces."
    conversation = talk(always(Reply(text, input_tokens=11, output_tokens=7)))
    said = conversation.say(stream=stream)
    assert (said.text, said.tokens) == (text, (11, 7))
    assert said.stop == ("stop" if conversation.sdk is openai else "end_turn")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("stop", "openai_stop", "anthropic_stop"),
    [("length", "length", "max_tokens"), ("refusal", "stop", "refusal")],
)
def test_stop_reasons_in_the_providers_words(talk, stream, stop, openai_stop, anthropic_stop):
    conversation = talk(always(Reply("No.", stop=stop)))
    said = conversation.say(stream=stream)
    assert said.text == "No."
    assert said.stop == (openai_stop if conversation.sdk is openai else anthropic_stop)


def test_a_request_is_logged_as_it_was_meant(talk):
    conversation = talk(always("Bye"))
    conversation.say()
    [request] = conversation.server.requests
    assert request.system == "Be brief"
    assert request.messages == (("user", "Hello there"), ("assistant", "Hi"), ("user", "Again"))
    assert (request.turn, request.last_user, request.number) == (2, "Again", 1)
    assert request.answer == Reply("Bye")
    # "Be brief\n\nHello there\n\nHi\n\nAgain" is 8+2+11+2+2+2+5 = 32 characters: 8 tokens of four.
    assert request.text == "Be brief\n\nHello there\n\nHi\n\nAgain"
    assert conversation.say().tokens == (8, 1)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(401), "AuthenticationError"),
        (Status(404), "NotFoundError"),
        (Status(429), "RateLimitError"),
        (Status(500), "InternalServerError"),
        (BadRequest("no such thing"), "BadRequestError"),
        (ContextOverflow(tokens=9001, maximum=8192), "BadRequestError"),
    ],
)
def test_errors_have_the_class_that_the_sdk_gives_the_real_ones(talk, stream, fault, error):
    conversation = talk(always(fault))
    with pytest.raises(getattr(conversation.sdk, error)) as raised:
        conversation.say(stream=stream)
    if isinstance(fault, BadRequest):
        assert "no such thing" in str(raised.value)
    if isinstance(fault, ContextOverflow):
        assert "9001 tokens" in str(raised.value)
        if conversation.sdk is openai:
            assert raised.value.code == "context_length_exceeded"
        else:
            assert "prompt is too long: 9001 tokens > 8192 maximum" in str(raised.value)


@pytest.mark.parametrize("status", [503, 529])
def test_overload_is_a_server_error(talk, status):
    conversation = talk(always(Status(status)))
    with pytest.raises(conversation.sdk.APIStatusError) as raised:
        conversation.say()
    assert raised.value.status_code == status


def test_an_error_may_come_in_the_middle_of_a_stream(talk):
    conversation = talk(always(Status(529, mid_stream=True, message="Overloaded")))
    with pytest.raises(conversation.sdk.APIError, match="Overloaded"):
        conversation.say(stream=True)


@pytest.mark.parametrize("stream", [False, True])
def test_broken_json_is_broken_for_the_client(talk, stream):
    with pytest.raises(json.JSONDecodeError):
        talk(always(Malformed())).say(stream=stream)


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_body_is_a_connection_failure(talk, stream):
    with pytest.raises(Exception, match=r"Connection error|peer closed connection|incomplete"):
        talk(always(Truncated())).say(stream=stream)


def test_an_empty_answer_has_no_content(talk):
    conversation = talk(always(Empty()))
    if conversation.sdk is openai:
        completion = conversation.client().chat.completions.create(model="m", messages=[])
        assert completion.choices == []
    else:
        assert conversation.say().text == ""


def test_anthropic_filters_by_rejecting():
    with (
        AnthropicServer(always(Reply("never sent", stop="content_filter"))) as server,
        pytest.raises(anthropic.BadRequestError, match="content filtering policy"),
    ):
        Talk(anthropic, server).say()


def test_a_hanging_server_lets_the_client_run_into_its_timeout_and_closes_at_once(talk):
    conversation = talk(always(Hang(60)))
    started = time.monotonic()
    with pytest.raises(conversation.sdk.APITimeoutError):
        conversation.say(timeout=0.3)
    conversation.server.close()
    assert time.monotonic() - started < 5


def test_closing_releases_clients_that_wait_and_connections_that_idle(talk):
    waiting, idle = talk(always(Hang(60))), talk(always("hi"))
    with httpx2.Client() as client, ThreadPoolExecutor(1) as pool:
        models = idle.server.base_url.removesuffix("/v1") + "/v1/models"
        assert client.get(models).status_code == 200
        idle.server.close()
        with pytest.raises(httpx2.TransportError):
            client.get(models)

        call = pool.submit(waiting.say)
        while not waiting.server.requests:
            time.sleep(0.01)
        started = time.monotonic()
        waiting.server.close()
        assert isinstance(call.exception(timeout=9), waiting.sdk.APIConnectionError)
        assert time.monotonic() - started < 5


def test_a_hang_ends_in_a_dropped_connection(talk):
    conversation = talk(always(Hang(0.05)))
    with pytest.raises(conversation.sdk.APIConnectionError):
        conversation.say()


def test_the_sdk_waits_as_long_as_it_is_told_and_counts_its_retries(talk):
    conversation = talk(scripted([Status(429, retry_after=0.02, times=2), "through"]))
    started = time.monotonic()
    assert conversation.say(retries=2).text == "through"
    assert 0.04 <= time.monotonic() - started < 1  # its own two waits would be 1.1 s and more
    assert [request.sdk_retry for request in conversation.server.requests] == [0, 1, 2]


def test_connections_are_kept_alive_and_many_are_served_at_once(talk):
    conversation = talk(always(Reply("slow", delay_s=0.5)))
    client = conversation.client()
    conversation.client = lambda *_: client
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: conversation.say(), range(8)))
    assert conversation.server.peak_in_flight == 8
    assert len(conversation.server.requests) == 8


def test_a_schema_is_found_where_each_protocol_keeps_it():
    with OpenAIServer(always("{}")) as server:
        form = {"type": "json_schema", "json_schema": {"name": "rating", "schema": SCHEMA}}
        openai.OpenAI(base_url=server.base_url, api_key="x").chat.completions.create(
            model="m", messages=[], response_format=form
        )
        assert server.requests[0].schema == SCHEMA
    with AnthropicServer(always("{}")) as server:
        form = {"output_format": {"type": "json_schema", "schema": SCHEMA}}
        client = anthropic.Anthropic(base_url=server.base_url, api_key="x")
        client.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}], extra_body=form
        )
        client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}])
        assert [request.schema for request in server.requests] == [SCHEMA, None]


def test_side_calls_are_answered_and_are_no_generations():
    with AnthropicServer(always("unused")) as server:
        client = anthropic.Anthropic(base_url=server.base_url, api_key="x")
        count = client.messages.count_tokens(
            model="m", messages=[{"role": "user", "content": "eight ch"}]
        )
        assert count.input_tokens == 2
        assert [model.id for model in client.models.list()] == ["claude-test"]
        assert server.requests == ()
        assert server.paths == ("/v1/messages/count_tokens", "/v1/models")
    with OpenAIServer(always("unused")) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="x", max_retries=0)
        assert [model.id for model in client.models.list()] == ["gpt-test"]
        with pytest.raises(openai.NotFoundError):
            client.responses.create(model="m", input="x")
