"""What a loopback model server is asked (`Request`) and what it may answer (`Reply` or a fault).

A *behaviour* is any callable from a `Request` to an `Answer`: a string, a `Reply`, or one of the
faults below. It runs on the server's threads, several at once, so a behaviour that counts must
lock; the builders here do. A behaviour that raises makes its request fail with a 400, which no
client retries, and the exception is raised again when the server closes, so that an `assert`
inside a behaviour fails the test that made it.

What a fault becomes on the wire is the business of each protocol (`openai_server`,
`anthropic_server`); what Inspect makes of it is in the table of `tests/servers/__init__.py`.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, Literal, TypeAlias

Stop = Literal["stop", "length", "content_filter", "refusal"]


@dataclass(frozen=True)
class Reply:
    """A model's ordinary answer.

    `stop="length"` is a cut at the token limit. `stop="refusal"` is the model declining: OpenAI
    puts the text into `message.refusal`, Anthropic sends `stop_reason: refusal`. `stop=
    "content_filter"` is the provider's filter: OpenAI ends with that finish reason, Anthropic
    rejects the request with its 400 "Output blocked by content filtering policy" and the text is
    not sent. `reasoning` is what a thinking model shows of its thoughts. Tokens are counted at
    four characters each where they are not given, and not stated at all without `states_usage`
    (OpenAI's protocol only); `cached_tokens` of the input are said to come from a cache (likewise);
    `delay_s` is spent before the first byte.
    """

    text: str
    stop: Stop = "stop"
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning: str | None = None
    delay_s: float = 0.0
    states_usage: bool = True
    cached_tokens: int = 0


@dataclass(frozen=True)
class Status:
    """An HTTP error with the provider's own error body.

    `retry_after` (seconds, fractions allowed) is sent as `retry-after-ms`, and as `retry-after`
    when it is a whole number; both SDKs wait exactly that long if it is above 0. In a `scripted`
    list one `Status` stands for `times` requests in a row; elsewhere `times` has no meaning. With
    `mid_stream` a streamed answer begins well and carries the error as an event half-way, as an
    overloaded service does; a request that does not stream gets the status.
    """

    code: int
    retry_after: float | None = None
    times: int = 1
    message: str | None = None
    mid_stream: bool = False


@dataclass(frozen=True)
class Hang:
    """The request is accepted and not answered for `seconds`; then the connection is dropped."""

    seconds: float


@dataclass(frozen=True)
class Malformed:
    """Status 200 with a body that is not JSON (in a stream: an event that is not)."""


@dataclass(frozen=True)
class Truncated:
    """The connection is cut in the middle of a body that would have carried `text`."""

    text: str = "This sentence will never be received as a whole."


@dataclass(frozen=True)
class ContextOverflow:
    """The provider's own refusal of a prompt longer than its context window."""

    tokens: int = 208_310
    maximum: int = 200_000


@dataclass(frozen=True)
class BadRequest:
    """A 400 that nobody should retry."""

    message: str = "the request is not acceptable"


@dataclass(frozen=True)
class Empty:
    """Status 200 without content: no choices (OpenAI), an empty content list (Anthropic)."""


Fault: TypeAlias = Status | Hang | Malformed | Truncated | ContextOverflow | BadRequest | Empty
Answer: TypeAlias = str | Reply | Fault


@dataclass
class Request:
    """One generation request as the server read it.

    `number` counts the server's generation requests from 1 in order of arrival, retries included.
    `messages` are (role, text) without the system text; text joins a message's text parts and
    leaves out replayed reasoning. `answer` is what the server decided to send, None until then.
    """

    number: int
    model: str
    system: str
    messages: tuple[tuple[str, str], ...]
    body: dict[str, Any]
    headers: Mapping[str, str]  # names in lower case
    answer: Answer | None = field(default=None, compare=False)

    @property
    def turn(self) -> int:
        """How many user messages the request carries: the turn (1-based) that it asks for."""
        return sum(role == "user" for role, _ in self.messages)

    @property
    def last_user(self) -> str:
        """The newest user message's text, or an empty string."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")

    @property
    def text(self) -> str:
        """Everything the model is told, system text first, one blank line between messages."""
        return "\n\n".join(filter(None, (self.system, *(text for _, text in self.messages))))

    @property
    def stream(self) -> bool:
        """Whether the client asked for server-sent events."""
        return bool(self.body.get("stream"))

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema demanded of the reply, wherever the protocol keeps it."""
        if response_format := self.body.get("response_format"):
            return response_format.get("json_schema", {}).get("schema")
        output_format = self.body.get("output_format") or self.body.get("output_config", {}).get(
            "format"
        )
        return output_format.get("schema") if output_format else None

    @property
    def sdk_retry(self) -> int:
        """Which retry of the SDK this is, 0 for a first attempt; Inspect's retries start at 0."""
        return int(self.headers.get("x-stainless-retry-count", 0))


Behaviour: TypeAlias = Callable[[Request], Answer]
Predicate: TypeAlias = Callable[[Request], bool]


def scripted(answers: Sequence[Answer], then: Behaviour | None = None) -> Behaviour:
    """Answers in order of arrival; a `Status` with `times=k` serves k requests.

    After the last one `then` takes over; without it a further request is an error of the test.
    """
    expanded = chain.from_iterable(
        repeat(answer, answer.times if isinstance(answer, Status) else 1) for answer in answers
    )
    lock = threading.Lock()

    def behave(request: Request) -> Answer:
        with lock:
            answer = next(expanded, None)
        if answer is not None:
            return answer
        if then is None:
            raise AssertionError(f"request {request.number} came after the script's last answer")
        return then(request)

    return behave


def by_turn(answer: Callable[[int], Answer]) -> Behaviour:
    """Answer by the turn number (1-based) alone, whatever the order of conversations."""
    return lambda request: answer(request.turn)


def faulty_first(k: int, fault: Fault, then: Behaviour) -> Behaviour:
    """Each distinct request meets `fault` on its first k attempts and `then` afterwards.

    Distinct means another model, system text or messages, so every turn of every conversation is
    hit, also under concurrency. Identical conversations share their count.
    """
    attempts: defaultdict[str, int] = defaultdict(int)
    lock = threading.Lock()

    def behave(request: Request) -> Answer:
        content = json.dumps([request.model, request.system, request.messages])
        with lock:
            attempts[content] += 1
            faulty = attempts[content] <= k
        return fault if faulty else then(request)

    return behave


def mentions(text: str) -> Predicate:
    """True for requests that contain `text`, white space aside, in system text or messages."""
    wanted = " ".join(text.split())
    return lambda request: wanted in " ".join(request.text.split())


def with_judge(is_judge_call: Predicate, judge: Behaviour, subject: Behaviour) -> Behaviour:
    """One server for both roles: the grader's requests go to `judge`, all others to `subject`.

    Args:
        is_judge_call: Tells them apart, as a rule `mentions(<a line of the rubric>)`.
        judge: Answers the grader's requests.
        subject: Answers the model under test.
    """
    return lambda request: (judge if is_judge_call(request) else subject)(request)
