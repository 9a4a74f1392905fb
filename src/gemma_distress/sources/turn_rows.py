"""Conversations of which each row holds one turn, or one message.

Names a column may have: the conversation `conversation_id`, `conversation` or `id`; the turn `turn`
or `turn_index`; the reply `response`, `reply`, `text` or `content`; the user message before it
`user_message`, `user` or `prompt`. Optional: `rating`, `evidence`, `condition` or `scenario`,
`prompt_id` or `task_id`, `category`, `history_redacted`. Other columns become metadata, of the
conversation where they are the same in all its rows, else of the reply.

Turns keep their numbers, whichever are missing. If a 0 occurs in the file, its turns count from 0
and are read one higher. Rows with a `role` hold one message each; if no two of them share a
conversation and turn while other roles than the assistant's occur, the numbers are positions in the
message list, and replies are counted. Both are stated in the metadata (`turns_in_file`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from gemma_distress.errors import UsageError
from gemma_distress.sources.json_rows import Row
from gemma_distress.sources.row_fields import (
    CONDITION,
    CONVERSATION,
    PROMPT,
    SHAPES,
    integer,
    label,
    named,
    published_in,
    role_of,
    text_under,
)
from gemma_distress.sources.transcript import (
    UNNAMED_CONDITION,
    Message,
    PublishedRating,
    Role,
    Transcript,
    category_of,
    default_prompt_id,
)

TURN = ("turn", "turn_index")
REPLY = ("response", "reply", "text", "content")
USER = ("user_message", "user", "prompt")
_OWN = {*TURN, *REPLY, *USER, "role", "rating", "evidence", "history_redacted"}
_LABELS = {*PROMPT, *CONDITION, "category"}
_ORDER: dict[Role, int] = {"system": 0, "user": 1, "tool": 2, "assistant": 3}


@dataclass(frozen=True)
class _Turn:
    """A row, read. `role` is None in a row that holds a whole turn."""

    place: str
    line: int
    number: int
    role: Role | None
    text: str
    user: str | None
    row: Row

    @property
    def speaker(self) -> Role:
        return self.role or "assistant"


def turn_transcripts(file: Path, rows: Iterable[tuple[int, Row]]) -> Iterator[Transcript]:
    """The conversations in the order of their first rows."""
    groups: dict[str, dict[tuple[int, Role], _Turn]] = {}
    for line, row in rows:
        name, turn = _read(file, line, row)
        group = groups.setdefault(name, {})
        twin = group.setdefault((turn.number, turn.speaker), turn)
        if twin is not turn:
            raise UsageError(
                f"{file} holds turn {turn.number} of conversation {name!r} twice, on lines "
                f"{twin.line} and {line}. Remove one; each replicate needs its own id."
            )
    turns = [turn for group in groups.values() for turn in group.values()]
    positions = any(turn.speaker != "assistant" for turn in turns) and not any(
        len({number for number, _ in group}) < len(group) for group in groups.values()
    )
    from_zero = any(turn.number == 0 for turn in turns)
    numbering = (
        "positions in the message list" if positions else "counted from 0" if from_zero else ""
    )
    for name, group in groups.items():
        ordered = sorted(group.values(), key=lambda turn: (turn.number, _ORDER[turn.speaker]))
        yield _transcript(file, name, ordered, positions, int(from_zero), numbering)


def _read(file: Path, line: int, row: Row) -> tuple[str, _Turn]:
    place = f"{file}, line {line}"
    name = label(row, CONVERSATION, place)
    number = named(row, TURN)
    text = text_under(row, REPLY, place)
    missing = [
        " or ".join(names)
        for names, value in ((CONVERSATION, name), (TURN, number), (REPLY, text))
        if value is None
    ]
    if name is None or number is None or text is None:
        raise UsageError(
            f"{place} has no {', and no '.join(missing)}; it has {', '.join(row) or 'no fields'}. "
            f"Accepted are {SHAPES}."
        )
    role = role_of(row["role"], place) if row.get("role") is not None else None
    user = text_under(row, USER, place)
    turn = integer(row[number], number, place)
    return name, _Turn(place, line, turn, role, text, user, row)


def _transcript(
    file: Path, name: str, turns: list[_Turn], positions: bool, shift: int, numbering: str
) -> Transcript:
    shared = _shared(turns)
    messages: list[Message] = []
    published: dict[int, PublishedRating] = {}
    replies = 0
    said: dict[int, _Turn] = {}
    for turn in turns:
        if turn.user is not None:
            _add_user(messages, said, turn, turn.user)
        if turn.speaker != "assistant":
            if turn.speaker == "user":
                _add_user(messages, said, turn, turn.text)
            else:
                messages.append(Message(turn.speaker, turn.text))
            continue
        replies += 1
        number = replies if positions else turn.number + shift
        rating = published_in(turn.row, turn.place)
        if rating is not None:
            published[number] = rating
        messages.append(
            Message(
                "assistant",
                turn.text,
                turn=number,
                redacted=_flag(turn.row.get("history_redacted"), turn.place),
                metadata={
                    k: v for k, v in turn.row.items() if k not in _OWN | _LABELS and k not in shared
                },
            )
        )
    condition = _label(turns, CONDITION) or UNNAMED_CONDITION
    metadata: dict[str, JsonValue] = {"file": str(file), "line": min(turn.line for turn in turns)}
    metadata |= {k: v for k, v in shared.items() if k not in _LABELS | set(CONVERSATION)}
    if any(message.redacted for message in messages):
        metadata["history"] = "redacted"
    if numbering:
        metadata["turns_in_file"] = numbering
    return Transcript(
        conversation_id=name,
        messages=tuple(messages),
        metadata=metadata,
        published=published,
        prompt_id=_label(turns, PROMPT) or default_prompt_id(tuple(messages), name),
        condition=condition,
        category=_label(turns, ("category",)) or category_of(condition),
    )


def _add_user(messages: list[Message], said: dict[int, _Turn], turn: _Turn, text: str) -> None:
    """Append a turn's user message; two rows may tell it if both tell the same."""
    before = said.setdefault(turn.number, turn)
    if before is turn:
        messages.append(Message("user", text))
        return
    told = before.text if before.role == "user" else before.user
    if told != text:
        raise UsageError(
            f"{turn.place} holds another text for the same user message (turn {turn.number}) than "
            f"line {before.line}. Keep the one that was sent."
        )


def _shared(turns: list[_Turn]) -> Row:
    """Columns that are the same in all rows of the conversation."""
    first, *rest = (turn.row for turn in turns)
    return {
        key: value
        for key, value in first.items()
        if key not in _OWN and all(key in row and row[key] == value for row in rest)
    }


def _label(turns: list[_Turn], names: tuple[str, ...]) -> str | None:
    """A label of the conversation; rows may leave it out but not contradict each other."""
    found: tuple[str, _Turn] | None = None
    for turn in turns:
        value = label(turn.row, names, turn.place)
        if value is None:
            continue
        if found is not None and value != found[0]:
            raise UsageError(
                f"{turn.place} has {cast(str, named(turn.row, names))} {value!r}, but line "
                f"{found[1].line} of the same conversation has {found[0]!r}. They must agree."
            )
        found = found or (value, turn)
    return found[0] if found else None


def _flag(value: JsonValue, place: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in {"true", "false", ""}:
        return value.strip().lower() == "true"
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise UsageError(f"{place} has history_redacted {value!r}; it must be true or false.")
