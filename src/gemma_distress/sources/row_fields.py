"""Fields of rows that others wrote: which names a thing may have, and which values are sound.

Every function takes `place` ("FILE, line 3") and refuses with it.
"""

import math
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from gemma_distress.errors import UsageError
from gemma_distress.protocol import MAX_RATING, MIN_RATING
from gemma_distress.sources.json_rows import Row, kind
from gemma_distress.sources.transcript import PublishedRating, Role

SHAPES = (
    "chat rows {messages: [{role, content}]}, turn rows {conversation_id, turn, user_message, "
    "response}, ShareGPT rows {conversations: [{from, value}]} (each as JSON Lines or a JSON "
    "list), and Inspect .eval or .json logs"
)

CONVERSATION = ("conversation_id", "conversation", "id")
PROMPT = ("prompt_id", "task_id")
CONDITION = ("condition", "scenario")

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "function_call": "tool",
    "function_response": "tool",
    "observation": "tool",
}


def role_of(value: JsonValue, place: str) -> Role:
    """The role that `value` names."""
    role = _ROLES.get(value.strip().lower()) if isinstance(value, str) else None
    if role is None:
        raise UsageError(
            f"{place} has a message with the role {value!r}. Known roles are {', '.join(_ROLES)}."
        )
    return role


def named(row: Mapping[str, JsonValue], names: Iterable[str]) -> str | None:
    """The first of `names` under which the row holds something."""
    return next((name for name in names if row.get(name) is not None), None)


def label(row: Mapping[str, JsonValue], names: Iterable[str], place: str) -> str | None:
    """The text or number under the first of `names` that is there, as text."""
    name = named(row, names)
    if name is None:
        return None
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise UsageError(
            f"{place} has {kind(value)} under {name!r}; a name or number belongs there."
        )
    return str(value)


def text_under(row: Mapping[str, JsonValue], names: Iterable[str], place: str) -> str | None:
    """The text under one of `names`; two of them with different texts contradict each other."""
    present = [name for name in names if row.get(name) is not None]
    for name in present:
        if not isinstance(row[name], str):
            raise UsageError(f"{place} has {kind(row[name])} under {name!r}; a text belongs there.")
        if row[name] != row[present[0]]:
            raise UsageError(
                f"{place} holds different texts for the same message under {present[0]!r} and "
                f"{name!r}. Keep the one that was sent and remove or rename the other."
            )
    return str(row[present[0]]) if present else None


def integer(value: JsonValue, name: str, place: str) -> int:
    """A whole number, also written 3.0 or "3" as table programs do."""
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else None
    elif isinstance(value, str) and value.strip().isdecimal():
        number = int(value)
    if number is None or number < 0:
        raise UsageError(f"{place} has {name} {value!r}; it must be a whole number from 0 or 1 on.")
    return number


def published_in(row: Row, place: str) -> PublishedRating | None:
    """The rating and quote of the row, if it has any; null and "" mean unrated."""
    value = row.get("rating")
    if value is None or value == "":
        return None
    try:
        rating = math.nan if isinstance(value, bool | list | dict) else float(value)
    except (ValueError, OverflowError):
        rating = math.nan
    if not MIN_RATING <= rating <= MAX_RATING:
        raise UsageError(
            f"{place} has the rating {value!r}; a rating is a number from {MIN_RATING} to "
            f"{MAX_RATING}. Rescale it, rename the column, or leave it null where there is none."
        )
    evidence = row.get("evidence")
    return PublishedRating(rating, evidence if isinstance(evidence, str) else "")
