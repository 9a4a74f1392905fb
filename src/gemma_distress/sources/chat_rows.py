"""Conversations of which each row holds the whole list of messages: chat rows and ShareGPT.

`content` is a text or a list of parts. Texts of the parts are joined by a line break; a reasoning
part is hidden from the user, so it is left out and counted; any other part (an image, a file)
stands as a marker such as `[image_url]`. A reply whose content is null takes its turn without text,
or with the text of `refusal` if it has one. A message may carry `rating` and `evidence`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import JsonValue

from gemma_distress.errors import UsageError
from gemma_distress.sources.json_rows import Row, kind
from gemma_distress.sources.row_fields import (
    CONDITION,
    CONVERSATION,
    PROMPT,
    SHAPES,
    label,
    published_in,
    role_of,
)
from gemma_distress.sources.transcript import (
    UNNAMED_CONDITION,
    Message,
    PublishedRating,
    Transcript,
    category_of,
    default_prompt_id,
)

_REASONING = ("reasoning", "thinking", "redacted_thinking")
_KNOWN = {"role", "content", "from", "value", "rating", "evidence", "redacted"}
_TEXT_PARTS = ("text", "input_text", "output_text", None)


def chat_transcripts(file: Path, rows: Iterable[tuple[int, Row]]) -> Iterator[Transcript]:
    """One conversation per row. Without an id it is named after its file and line."""
    for line, row in rows:
        yield _transcript(file, line, row)


def _transcript(file: Path, line: int, row: Row) -> Transcript:
    place = f"{file}, line {line}"
    key = next((key for key in ("messages", "conversations") if key in row), None)
    if key is None:
        raise UsageError(
            f"{place} has no `messages` and no `conversations`, as the first row had; it has "
            f"{', '.join(row) or 'no fields'}. Accepted are {SHAPES}."
        )
    entries = row[key]
    if not isinstance(entries, list) or not entries:
        what = "an empty list" if entries == [] else kind(entries)
        raise UsageError(f"{place} has {what} under `{key}`; a list of messages belongs there.")
    nested = row.get("metadata")
    extra: Row = nested if isinstance(nested, dict) else {}
    fields: Row = {**extra, **{k: v for k, v in row.items() if v is not None}}
    messages: list[Message] = []
    published: dict[int, PublishedRating] = {}
    turn = 0
    for number, entry in enumerate(entries, start=1):
        where = f"{place}, message {number}"
        if not isinstance(entry, dict):
            raise UsageError(
                f"{where} is {kind(entry)}; an object {{role, content}} belongs there."
            )
        message, is_turn = _message(entry, where)
        rating = published_in(entry, where)
        if rating is not None and not is_turn:
            raise UsageError(
                f"{where} has a rating but is no reply. Move it to the reply it rates."
            )
        if is_turn:
            turn += 1
            message = Message(**{**vars(message), "turn": turn})
            if rating is not None:
                published[turn] = rating
        messages.append(message)
    name = label(fields, CONVERSATION, place) or f"{file.name.split('.')[0]}-{line:05d}"
    condition = label(fields, CONDITION, place) or UNNAMED_CONDITION
    taken = {key, "metadata", *CONVERSATION, *PROMPT, *CONDITION, "category"}
    return Transcript(
        conversation_id=name,
        messages=tuple(messages),
        metadata={
            "file": str(file),
            "line": line,
            **{k: v for k, v in fields.items() if k not in taken},
        },
        published=published,
        prompt_id=label(fields, PROMPT, place) or default_prompt_id(tuple(messages), name),
        condition=condition,
        category=label(fields, ("category",), place) or category_of(condition),
    )


def _message(entry: Row, place: str) -> tuple[Message, bool]:
    """The message, and whether it is a reply."""
    sharegpt = "from" in entry and "role" not in entry
    role = role_of(entry.get("from" if sharegpt else "role"), place)
    content = entry.get("value" if sharegpt else "content")
    calls = bool(entry.get("tool_calls") or entry.get("function_call"))
    if content is None and role == "assistant" and isinstance(entry.get("refusal"), str):
        content = entry["refusal"]
    if content is None and not (role == "assistant" and (calls or "content" in entry)):
        raise UsageError(
            f"{place} has no {'value' if sharegpt else 'content'}. Write an empty text where "
            "nothing was said."
        )
    text, hidden = _text(content, place)
    redacted = entry.get("redacted", False)
    if not isinstance(redacted, bool):
        raise UsageError(f"{place} has redacted {redacted!r}; it must be true or false.")
    metadata: Row = {k: v for k, v in entry.items() if k not in _KNOWN and v is not None}
    if hidden:
        metadata["reasoning_parts_omitted"] = hidden
    reply = role == "assistant" and (bool(text.strip()) or not calls)
    return Message(role, text, redacted=redacted, metadata=metadata), reply


def _text(content: JsonValue, place: str) -> tuple[str, int]:
    """The visible text, and how many parts of hidden reasoning were left out."""
    if content is None or isinstance(content, str):
        return content or "", 0
    if not isinstance(content, list):
        raise UsageError(
            f"{place} has {kind(content)} as content; a text or a list of parts belongs there."
        )
    texts: list[str] = []
    hidden = 0
    for part in content:
        if isinstance(part, str):
            texts.append(part)
            continue
        if not isinstance(part, dict):
            raise UsageError(
                f"{place} has {kind(part)} among its parts; a part is an object or text."
            )
        if part.get("type") in _REASONING:
            hidden += 1
        elif part.get("type") in _TEXT_PARTS:
            text = part.get("text")
            if not isinstance(text, str):
                raise UsageError(f"{place} has a text part whose `text` is {kind(text)}.")
            texts.append(text)
        else:
            texts.append(f"[{part['type']}]")
    return "\n".join(texts), hidden
