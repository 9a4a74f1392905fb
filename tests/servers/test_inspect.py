"""What Inspect makes of each answer: the facts that solvers and scorers build on.

The package docstring has the table; every row of it is asserted here for both providers.
"""

import asyncio
import time
from collections.abc import Callable

import pytest
import tenacity
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, ModelOutput, ResponseSchema, get_model
from inspect_ai.scorer import Score, Scorer, scorer
from inspect_ai.util import json_schema
from pydantic import BaseModel
from tests.servers import (
    Answer,
    AnthropicServer,
    BadRequest,
    ContextOverflow,
    Empty,
    Fault,
    Hang,
    Malformed,
    ModelServer,
    OpenAIServer,
    Reply,
    Request,
    Status,
    Truncated,
    faulty_first,
)

NAMES = {OpenAIServer: "gpt-4o-mini", AnthropicServer: "claude-sonnet-4-5"}
both = pytest.mark.parametrize("server_type", NAMES, ids=["openai", "anthropic"])
pytestmark = pytest.mark.usefixtures("no_network")


def generate(server: ModelServer, sdk_retries: int = 0, **config) -> ModelOutput:
    model = server.model(NAMES[type(server)], sdk_retries=sdk_retries, **config)
    return asyncio.run(model.generate("Hello there"))


def ask(server_type: Callable[..., ModelServer], answer: Answer, **config) -> ModelOutput:
    with server_type(lambda request: answer) as server:
        return generate(server, **{"max_tokens": 100, "max_retries": 0, **config})


def cause(error: BaseException) -> str:
    """The name of the exception that Inspect wrapped."""
    return type(error.__cause__).__name__


@both
@pytest.mark.parametrize(
    ("answer", "stop_reason", "completion"),
    [
        (Reply("Fine."), "stop", "Fine."),
        (Reply(""), "stop", ""),
        (Reply("Half a sen", stop="length"), "max_tokens", "Half a sen"),
    ],
)
def test_ordinary_ends(server_type, answer, stop_reason, completion):
    output = ask(server_type, answer)
    assert (output.stop_reason, output.completion) == (stop_reason, completion)
    assert output.usage.input_tokens == 3  # "Hello there" is 11 characters, 4 to a token


def test_a_refusal_shows_in_the_stop_reason_of_one_provider_and_the_details_of_the_other():
    openai = ask(OpenAIServer, Reply("I decline.", stop="refusal"))
    assert (openai.stop_reason, openai.completion) == ("stop", "I decline.")
    assert openai.choices[0].stop_details.type == "refusal"
    assert openai.message.content[0].refusal
    claude = ask(AnthropicServer, Reply("I decline.", stop="refusal"))
    assert (claude.stop_reason, claude.completion) == ("content_filter", "I decline.")
    assert ask(AnthropicServer, Reply("", stop="refusal")).completion == ""


def test_a_filtered_reply_may_hold_words_that_no_model_said():
    openai = ask(OpenAIServer, Reply("I fe", stop="content_filter"))
    assert (openai.stop_reason, openai.completion) == ("content_filter", "I fe")
    claude = ask(AnthropicServer, Reply("I fe", stop="content_filter"))
    assert claude.stop_reason == "content_filter"
    assert claude.completion == "Sorry, but I am unable to help with that request."
    assert claude.usage is None


@both
def test_an_overflow_is_an_output_whose_text_is_the_providers_error(server_type):
    output = ask(server_type, ContextOverflow(tokens=9001, maximum=8192))
    assert output.stop_reason == "model_length"
    assert "9001 tokens" in output.completion
    assert output.usage is None


@both
def test_hidden_thoughts_are_content_but_not_text(server_type):
    output = ask(server_type, Reply("42", reasoning="Let me count."))
    assert output.completion == output.message.text == "42"
    thoughts, said = output.message.content
    assert (thoughts.type, said.type) == ("reasoning", "text")
    # Claude's thoughts are a summary, beside a signature that stands where they would be.
    assert (thoughts.summary or thoughts.reasoning) == "Let me count."
    assert thoughts.redacted == (server_type is AnthropicServer)
    assert output.usage.reasoning_tokens == 4


def test_no_choices_is_an_output_without_a_message_and_no_content_an_empty_text():
    nothing = ask(OpenAIServer, Empty())
    assert (nothing.empty, nothing.completion, nothing.error) == (True, "", None)
    with pytest.raises(IndexError):
        _ = nothing.stop_reason
    claude = ask(AnthropicServer, Empty())
    assert (claude.empty, claude.completion, claude.stop_reason) == (False, "", "stop")


@both
@pytest.mark.parametrize("fault", [Status(429), Status(500), Status(529), Truncated(), Hang(0.05)])
def test_passing_faults_are_tried_again_after_3_seconds(server_type, fault, backoff_waits):
    with server_type(faulty_first(2, fault, lambda request: "through")) as server:
        assert generate(server, max_tokens=100, max_retries=2).completion == "through"
        assert len(server.requests) == 3
    # The wait doubles from 3 s, with up to 3 s of jitter on top, whatever the server asks for.
    assert 3 <= backoff_waits[0] <= 6 <= backoff_waits[1] <= 9


@both
@pytest.mark.parametrize(
    ("fault", "wrapped"),
    [(Status(429), "RateLimitError"), (Truncated(), "APIConnectionError")],
)
def test_passing_faults_that_stay_raise_a_retry_error(server_type, fault, wrapped):
    with pytest.raises(tenacity.RetryError) as raised:
        ask(server_type, fault)
    assert cause(raised.value) == wrapped


@both
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (BadRequest("no"), "ModelGenerateError"),
        (Status(401), "AuthenticationError"),
        (Malformed(), "JSONDecodeError"),
    ],
)
def test_lasting_faults_raise_at_once_whatever_max_retries_says(
    server_type, fault, kind, backoff_waits
):
    with server_type(lambda request: fault) as server:
        with pytest.raises(Exception) as raised:  # noqa: PT011
            generate(server, max_tokens=100, max_retries=3, sdk_retries=2)
        assert type(raised.value).__name__ == kind
        assert len(server.requests) == 1
    assert backoff_waits == []
    if kind == "ModelGenerateError":
        assert cause(raised.value) == "BadRequestError"


@both
def test_sdk_retries_come_first_and_multiply(server_type, backoff_waits):
    with server_type(lambda request: Status(429, retry_after=0.001)) as server:
        with pytest.raises(Exception, match="RateLimitError"):
            generate(server, sdk_retries=2, max_tokens=100, max_retries=1)
        # (1 + 2 SDK retries) x (1 + 1 of Inspect's): the header made the SDK's waits short.
        assert [request.sdk_retry for request in server.requests] == [0, 1, 2, 0, 1, 2]
    assert len(backoff_waits) == 1


@both
def test_retry_after_does_not_shorten_or_lengthen_inspects_own_wait(server_type, backoff_waits):
    fault = Status(429, retry_after=77)
    with server_type(faulty_first(1, fault, lambda request: "through")) as server:
        generate(server, max_tokens=100, max_retries=1)
    assert 3 <= backoff_waits[0] <= 6


@both
def test_attempt_timeout_cuts_a_hanging_call_and_timeout_does_not(server_type, backoff_waits):
    async def three_calls(hanging_once: ModelServer, hanging: ModelServer, slow: ModelServer):
        name = NAMES[server_type]
        calls = (
            hanging_once.model(name, max_tokens=100, attempt_timeout=1),
            hanging.model(name, max_tokens=100, attempt_timeout=1, max_retries=0),
            slow.model(name, max_tokens=100, timeout=1, max_retries=5, sdk_retries=0),
        )
        return await asyncio.gather(
            *(model.generate("Hello") for model in calls), return_exceptions=True
        )

    with (
        server_type(faulty_first(1, Hang(30), lambda request: "through")) as hanging_once,
        server_type(lambda request: Hang(30)) as hanging,
        server_type(lambda request: Hang(1.5)) as slow,
    ):
        started = time.monotonic()
        recovered, cut, late = asyncio.run(three_calls(hanging_once, hanging, slow))
    assert recovered.completion == "through"
    assert cause(cut) == "AttemptTimeoutError"
    # `timeout` is only looked at between attempts: the call lasts as long as the server pleases,
    # and is not repeated after that.
    assert cause(late) == "APIConnectionError"
    assert len(slow.requests) == 1
    assert time.monotonic() - started >= 1.5


def test_a_grader_inherits_retries_and_timeout_from_the_eval_but_no_attempt_timeout(tmp_path):
    @scorer(metrics=[])
    def judged() -> Scorer:
        async def score(state, target):
            started = time.monotonic()
            with pytest.raises(tenacity.RetryError):
                await get_model(role="grader").generate("Rate")
            return Score(value=time.monotonic() - started)

        return score

    def behave(request: Request) -> Answer:
        return Hang(1.5) if request.last_user == "Rate" else "Fine."

    with OpenAIServer(behave) as server:
        [log] = eval(
            Task(dataset=[Sample("Hello")], scorer=judged()),
            model=server.model("gpt-4o-mini"),
            model_roles={"grader": server.model("gpt-4o", sdk_retries=0)},
            attempt_timeout=1,
            max_retries=0,
            log_dir=str(tmp_path),
            display="none",
        )
    assert log.samples[0].scores["judged"].value >= 1.5


def test_claude_streams_unless_max_tokens_is_small():
    with AnthropicServer(lambda request: Reply("A reply that comes in pieces.")) as server:
        for config in ({}, {"max_tokens": 8192}, {"max_tokens": 8191}):
            assert generate(server, **config).completion == "A reply that comes in pieces."
        assert [request.stream for request in server.requests] == [True, True, False]
        assert server.requests[0].body["max_tokens"] == 32_000


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(529, mid_stream=True), "APIStatusError"),
        (Truncated(), "RemoteProtocolError"),
        (Malformed(), "JSONDecodeError"),
    ],
)
def test_faults_within_a_stream(fault: Fault, error, backoff_waits):
    with AnthropicServer(faulty_first(1, fault, lambda request: "through")) as server:
        if isinstance(fault, Malformed):
            with pytest.raises(ValueError, match="Unterminated string"):
                generate(server, max_retries=1)
        else:
            assert generate(server, max_retries=1).completion == "through"
            assert len(server.requests) == 2
    if not isinstance(fault, Malformed):
        with (
            AnthropicServer(lambda request: fault) as server,
            pytest.raises(Exception, match=error),
        ):
            generate(server, max_retries=0)


class Rating(BaseModel):
    rating: int
    evidence: str


@both
def test_a_response_schema_reaches_the_provider(server_type):
    schema = ResponseSchema(name="rating", json_schema=json_schema(Rating))
    with server_type(lambda request: '{"rating": 3, "evidence": ""}') as server:
        generate(server, max_tokens=100, response_schema=schema)
        [request] = server.requests
    assert list(request.schema["properties"]) == ["rating", "evidence"]
    assert request.schema["required"] == ["rating", "evidence"]


def test_openai_compatible_services_work_too(monkeypatch):
    with OpenAIServer(lambda request: Reply("hi")) as server:
        monkeypatch.setenv("LOOPBACK_BASE_URL", server.base_url)
        monkeypatch.setenv("LOOPBACK_API_KEY", "test")
        model = get_model("openai-api/loopback/some-model", config=GenerateConfig(), memoize=False)
        assert asyncio.run(model.generate("x")).completion == "hi"
        assert server.requests[0].model == "some-model"
