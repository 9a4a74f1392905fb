"""`ModelServer`: a provider's API on loopback whose answers a behaviour decides.

A protocol subclasses it and says what the paths, bodies, events and errors look like; what a
fault does to them is the same for all and stands here.
"""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .behaviour import (
    Answer,
    BadRequest,
    Behaviour,
    Empty,
    Fault,
    Hang,
    Malformed,
    Reply,
    Request,
    Status,
    Truncated,
)
from .listener import Exchange, Listener
from .wire import retry_headers

if TYPE_CHECKING:
    from inspect_ai.model import Model


class ModelServer(ABC):
    """A running server; use it as a context manager.

    `requests` is a snapshot of the generation requests in order of arrival, `paths` of all paths
    asked for, `peak_in_flight` the most generation requests that were open at one time. Closing
    re-raises the first exception of the behaviour.
    """

    provider: ClassVar[str]  # Inspect's name of the provider
    base_path: ClassVar[str]  # how the SDK's base URL ends
    key_variable: ClassVar[str]
    url_variable: ClassVar[str]
    model_args: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, behave: Behaviour) -> None:
        self.behave = behave
        self.peak_in_flight = 0
        self._in_flight = 0
        self._requests: list[Request] = []
        self._paths: list[str] = []
        self._errors: list[BaseException] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._listener = Listener(self)

    @property
    def base_url(self) -> str:
        """What the provider's SDK takes as `base_url`."""
        return f"http://127.0.0.1:{self._listener.server_address[1]}{self.base_path}"

    @property
    def requests(self) -> tuple[Request, ...]:
        with self._lock:
            return tuple(self._requests)

    @property
    def paths(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._paths)

    def model(self, name: str, *, sdk_retries: int = 2, **config: Any) -> "Model":
        """An Inspect `Model` of this server; `config` are fields of `GenerateConfig`.

        `sdk_retries` is the SDK's own retry count (2 is its default). Those retries come first,
        and each of Inspect's `max_retries` starts them anew.
        """
        from inspect_ai.model import GenerateConfig, get_model

        return get_model(
            f"{self.provider}/{name}",
            base_url=self.base_url,
            api_key="test",
            config=GenerateConfig(**config),
            memoize=False,
            max_retries=sdk_retries,
            **self.model_args,
        )

    def env(self) -> dict[str, str]:
        """Environment variables under which a bare `provider/name` reaches this server."""
        return {self.key_variable: "test", self.url_variable: self.base_url}

    def cli_args(self, name: str, *, sdk_retries: int = 2) -> list[str]:
        """Arguments of `inspect eval` that make this server the model under test."""
        args = {"api_key": "test", "max_retries": sdk_retries, **self.model_args}
        flags = [part for key, value in args.items() for part in ("-M", f"{key}={value}")]
        return ["--model", f"{self.provider}/{name}", "--model-base-url", self.base_url, *flags]

    def cli_role(self, role: str, name: str, *, sdk_retries: int = 2, **config: Any) -> list[str]:
        """Arguments of `inspect eval` or `inspect score` that bind a model role to this server.

        A role's mapping takes `model`, `model_args` and fields of `GenerateConfig`: the URL goes
        into `model_args`, for a `base_url` beside `model` is refused.
        """
        connection = {"base_url": self.base_url, "api_key": "test", "max_retries": sdk_retries}
        value = {
            "model": f"{self.provider}/{name}",
            "model_args": {**connection, **self.model_args},
            **config,
        }
        return ["--model-role", f"{role}={json.dumps(value)}"]

    def close(self) -> None:
        """Stop listening, drop all connections, and raise what a behaviour raised."""
        if not self._closing.is_set():
            self._closing.set()
            self._listener.stop()
        if self._errors:
            raise self._errors.pop(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except BaseException as behaviour_error:
            # The test's own failure is usually a consequence: show the cause first.
            raise behaviour_error from error

    @abstractmethod
    def read(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Model, system and messages of a generation request; None if the path is another one."""

    @abstractmethod
    def side_call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The JSON answer to a request that generates nothing; None for an unknown path."""

    @abstractmethod
    def body(self, request: Request, reply: Reply | None) -> dict[str, Any]:
        """The JSON answer to a request that does not stream; without content for None."""

    @abstractmethod
    def events(self, request: Request, reply: Reply | None) -> Iterator[str]:
        """The server-sent events of a streamed answer, each with its blank line."""

    @abstractmethod
    def rejection(self, answer: Reply | Fault) -> tuple[int, dict[str, Any]] | None:
        """HTTP status and error body of an answer that is an error; None for any other."""

    @abstractmethod
    def error_event(self, error: dict[str, Any]) -> str:
        """An error body as an event within a stream that began well."""

    def serve(
        self,
        exchange: Exchange,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: dict[str, Any],
    ) -> None:
        with self._lock:
            self._paths.append(path)
        content = self.read(path, body) if method == "POST" else None
        if content is None:
            answer = self.side_call(method, path, body)
            exchange.json(404 if answer is None else 200, answer or {"error": f"no path {path}"})
            return
        with self._lock:
            number = len(self._requests) + 1
            request = Request(number=number, body=body, headers=headers, **content)
            self._requests.append(request)
            self._in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self._in_flight)
        try:
            self._send(exchange, request, self._decide(request))
        finally:
            with self._lock:
                self._in_flight -= 1

    def _decide(self, request: Request) -> Reply | Fault:
        try:
            answer: Answer = self.behave(request)
            if not isinstance(answer, str | Reply | Fault):
                raise TypeError(f"a behaviour answered {answer!r}")
        except BaseException as error:
            with self._lock:
                self._errors.append(error)
            answer = BadRequest(f"the test's behaviour raised {error!r}")
        request.answer = Reply(answer) if isinstance(answer, str) else answer
        return request.answer

    def _send(self, exchange: Exchange, request: Request, answer: Reply | Fault) -> None:
        if isinstance(answer, Hang):
            self._closing.wait(answer.seconds)
            exchange.drop()
            return
        if isinstance(answer, Reply) and answer.delay_s:
            self._closing.wait(answer.delay_s)
        rejection = self.rejection(answer)
        late = isinstance(answer, Status) and answer.mid_stream and request.stream
        if rejection is not None and not late:
            headers = retry_headers(answer) if isinstance(answer, Status) else {}
            exchange.json(*rejection, headers)
            return

        reply: Reply | None = answer if isinstance(answer, Reply) else Reply("Some text.")
        if isinstance(answer, Truncated):
            reply = Reply(answer.text)
        elif isinstance(answer, Empty):
            reply = None
        if request.stream:
            events = list(self.events(request, reply))
            half = events[: len(events) // 2]
            if isinstance(answer, Malformed):
                exchange.events([events[0][: len(events[0]) // 2] + "\n\n"])
            elif rejection is not None:
                exchange.events([*half, self.error_event(rejection[1])])
            elif isinstance(answer, Truncated):
                exchange.events(half, cut=True)
            else:
                exchange.events(events)
        else:
            body = json.dumps(self.body(request, reply)).encode()
            if isinstance(answer, Malformed):
                exchange.raw(200, body[: len(body) // 2])
            elif isinstance(answer, Truncated):
                exchange.cut(body, at=len(body) // 2)
            else:
                exchange.raw(200, body)
