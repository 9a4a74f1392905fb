"""`OpenAIServer`: the OpenAI chat-completions protocol on loopback, plain and streaming.

Paths: POST /v1/chat/completions, GET /v1/models. Inspect reaches it as `openai/<name>` with
`responses_api=False` (names like gpt-5 and o3 otherwise go to /v1/responses, which is not
served), and as `openai-api/<service>/<name>` under `<SERVICE>_BASE_URL` and `<SERVICE>_API_KEY`.
Error bodies have the shape and codes of the real service, because clients branch on them.
"""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from .behaviour import BadRequest, ContextOverflow, Fault, Reply, Request, Status
from .model_server import ModelServer
from .wire import count_tokens, pieces, text_of

_ERRORS = {  # status: type, code, message
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: test"),
    403: ("permission_error", None, "You are not allowed to sample from this model"),
    404: ("invalid_request_error", "model_not_found", "The model does not exist"),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests"),
    500: ("server_error", None, "The server had an error while processing your request"),
    503: ("service_unavailable_error", None, "The engine is currently overloaded"),
}


class OpenAIServer(ModelServer):
    """A chat-completions endpoint; see `ModelServer` for use."""

    provider = "openai"
    base_path = "/v1"
    key_variable = "OPENAI_API_KEY"
    url_variable = "OPENAI_BASE_URL"
    model_args: ClassVar = {"responses_api": False}

    def read(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if path != "/v1/chat/completions":
            return None
        spoken = [(m["role"], text_of(m.get("content"))) for m in body["messages"]]
        return {
            "model": body["model"],
            "system": "\n\n".join(t for role, t in spoken if role in ("system", "developer")),
            "messages": tuple(m for m in spoken if m[0] not in ("system", "developer")),
        }

    def side_call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if (method, path) == ("GET", "/v1/models"):
            return {"object": "list", "data": [{"id": "gpt-test", "object": "model"}]}
        return None

    def rejection(self, answer: Reply | Fault) -> tuple[int, dict[str, Any]] | None:
        match answer:
            case ContextOverflow(tokens, maximum):
                text = (
                    f"This model's maximum context length is {maximum} tokens. However, your "
                    f"messages resulted in {tokens} tokens. Please reduce their length."
                )
                kind, code = "invalid_request_error", "context_length_exceeded"
                return 400, _error(text, kind, code, "messages")
            case BadRequest(message):
                return 400, _error(message, "invalid_request_error", None)
            case Status(status):
                default = ("server_error", None, f"Status {status}")
                kind, code, text = _ERRORS.get(status, default)
                return status, _error(answer.message or text, kind, code)
        return None

    def body(self, request: Request, reply: Reply | None) -> dict[str, Any]:
        choice = reply and {
            "index": 0,
            "message": _message(reply),
            "finish_reason": _finish_reason(reply),
            "logprobs": None,
        }
        stated = reply or Reply("")
        usage = {"usage": _usage(request, stated)} if stated.states_usage else {}
        return {
            **_head(request, "chat.completion"),
            "choices": [choice] if choice else [],
            **usage,
        }

    def events(self, request: Request, reply: Reply | None) -> Iterator[str]:
        head = _head(request, "chat.completion.chunk")

        def event(delta: dict[str, Any], finish: str | None = None) -> str:
            return _event(
                {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
            )

        if reply is not None:
            message = _message(reply)
            yield event({"role": "assistant", "content": ""})
            for name in ("reasoning_content", "content", "refusal"):
                for piece in pieces(message.get(name) or ""):
                    yield event({name: piece})
            yield event({}, _finish_reason(reply))
        stated = reply or Reply("")
        if stated.states_usage and (request.body.get("stream_options") or {}).get("include_usage"):
            yield _event({**head, "choices": [], "usage": _usage(request, stated)})
        yield "data: [DONE]\n\n"

    def error_event(self, error: dict[str, Any]) -> str:
        return _event(error)


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _error(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _head(request: Request, kind: str) -> dict[str, Any]:
    name = f"chatcmpl-{request.number}"
    return {"id": name, "object": kind, "created": 1_750_000_000, "model": request.model}


def _finish_reason(reply: Reply) -> str:
    return "stop" if reply.stop == "refusal" else reply.stop


def _message(reply: Reply) -> dict[str, Any]:
    refused = reply.stop == "refusal"
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refused else reply.text,
        "refusal": reply.text if refused else None,
    }
    if reply.reasoning:  # the field of vLLM, DeepSeek and others; OpenAI itself shows none
        message["reasoning_content"] = reply.reasoning
    return message


def _usage(request: Request, reply: Reply) -> dict[str, Any]:
    prompt = count_tokens(request.text) if reply.input_tokens is None else reply.input_tokens
    reasoning = count_tokens(reply.reasoning or "")
    spoken = count_tokens(reply.text) + reasoning
    completion = spoken if reply.output_tokens is None else reply.output_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
