"""`AnthropicServer`: the Anthropic Messages protocol on loopback, plain and streaming.

Paths: POST /v1/messages, POST /v1/messages/count_tokens, GET /v1/models. Inspect reaches it as
`anthropic/<name>` and streams when `max_tokens` is 8192 or more or the model thinks; without
`max_tokens` it asks for 32000 or more, so the subject streams and a capped judge does not.
Error bodies have the shape and types of the real service, because clients branch on them.
"""

import json
from collections.abc import Iterator
from typing import Any

from .behaviour import BadRequest, ContextOverflow, Fault, Reply, Request, Status
from .model_server import ModelServer
from .wire import count_tokens, pieces, text_of

_ERRORS = {  # status: type, message
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use this resource"),
    404: ("not_found_error", "model: not found"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit"),
    500: ("api_error", "Internal server error"),
    503: ("api_error", "Service unavailable"),
    529: ("overloaded_error", "Overloaded"),
}
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}


class AnthropicServer(ModelServer):
    """A Messages endpoint; see `ModelServer` for use."""

    provider = "anthropic"
    base_path = ""
    key_variable = "ANTHROPIC_API_KEY"
    url_variable = "ANTHROPIC_BASE_URL"

    def read(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if path != "/v1/messages":
            return None
        return {
            "model": body["model"],
            "system": text_of(body.get("system")),
            "messages": tuple((m["role"], text_of(m["content"])) for m in body["messages"]),
        }

    def side_call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if (method, path) == ("POST", "/v1/messages/count_tokens"):
            spoken = [body.get("system"), *(message["content"] for message in body["messages"])]
            return {"input_tokens": sum(count_tokens(text_of(content)) for content in spoken)}
        if (method, path) == ("GET", "/v1/models"):
            return {"data": [{"id": "claude-test", "type": "model"}], "has_more": False}
        return None

    def rejection(self, answer: Reply | Fault) -> tuple[int, dict[str, Any]] | None:
        match answer:
            case Reply(stop="content_filter"):
                text = "Output blocked by content filtering policy"
                return 400, _error("invalid_request_error", text)
            case ContextOverflow(tokens, maximum):
                text = f"prompt is too long: {tokens} tokens > {maximum} maximum"
                return 400, _error("invalid_request_error", text)
            case BadRequest(message):
                return 400, _error("invalid_request_error", message)
            case Status(status):
                kind, text = _ERRORS.get(status, ("api_error", f"Status {status}"))
                return status, _error(kind, answer.message or text)
        return None

    def body(self, request: Request, reply: Reply | None) -> dict[str, Any]:
        reply = reply or Reply("")
        return {
            "id": f"msg_{request.number}",
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": _content(reply),
            "stop_reason": _STOP_REASONS[reply.stop],
            "stop_sequence": None,
            "usage": _usage(request, reply),
        }

    def events(self, request: Request, reply: Reply | None) -> Iterator[str]:
        message = self.body(request, reply)
        usage, blocks = message["usage"], message["content"]
        opening = {"content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
        yield _event("message_start", message={**message, **opening})
        for index, block in enumerate(blocks):
            kind = block["type"]
            signature = {"signature": ""} if kind == "thinking" else {}
            empty = {"type": kind, kind: "", **signature}
            yield _event("content_block_start", index=index, content_block=empty)
            for piece in pieces(block[kind]):
                delta = {"type": f"{kind}_delta", kind: piece}
                yield _event("content_block_delta", index=index, delta=delta)
            if signature:
                delta = {"type": "signature_delta", "signature": block["signature"]}
                yield _event("content_block_delta", index=index, delta=delta)
            yield _event("content_block_stop", index=index)
        ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        yield _event("message_delta", delta=ending, usage=usage)
        yield _event("message_stop")

    def error_event(self, error: dict[str, Any]) -> str:
        return f"event: error\ndata: {json.dumps(error)}\n\n"


def _event(kind: str, **data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_test"}


def _content(reply: Reply) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": "c2lnbmVk"})
    if reply.text:  # the real service sends an empty list, never an empty text block
        blocks.append({"type": "text", "text": reply.text})
    return blocks


def _usage(request: Request, reply: Reply) -> dict[str, Any]:
    thinking = count_tokens(reply.reasoning or "")
    spoken = count_tokens(reply.text) + thinking
    prompt = count_tokens(request.text) if reply.input_tokens is None else reply.input_tokens
    return {
        "input_tokens": prompt,
        "output_tokens": spoken if reply.output_tokens is None else reply.output_tokens,
        "output_tokens_details": {"thinking_tokens": thinking},
    }
