"""What ended a conversation before its time, in a line: an error, an interruption or a limit."""

from collections.abc import Mapping
from typing import Any

from gemma_distress.analysis.logs.redact import public_text

INTERRUPTED = "interrupted"
_LONGEST = 200


def ending(sample: Mapping[str, Any]) -> str:
    """The end of a conversation as the log has it; empty where it ended as it should.

    Args:
        sample: A conversation of a log as JSON; read are `error` and `limit`.
    """
    error, limit = sample.get("error"), sample.get("limit")
    if isinstance(error, Mapping):
        return error_line(str(error.get("message") or "")) or "error"
    return f"limit: {limit.get('type')}" if isinstance(limit, Mapping) else ""


def error_line(message: str) -> str:
    """The words of an error without the request that Inspect puts before them."""
    message = message.strip()
    if message.startswith(("CancelledError", "Cancelled(")):
        return INTERRUPTED
    if message.startswith("ModelGenerateError("):
        words = message.replace("\\n", "\n").rsplit("\n\n", 1)[-1]
        message = words.removesuffix("')").removesuffix('")').replace("\\'", "'")
    line = public_text(" ".join(message.split()))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
