"""The rows of a training from a file: pairs of replies, or conversations. What else a file holds is left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gemma_distress.errors import UsageError
from gemma_distress.finetune.pair import Message

ROLES = ("system", "user", "assistant")


_FILES = ("pairs.parquet", "pairs.jsonl", "calm.jsonl")


class PairRow(NamedTuple):
    """Two replies to the same messages."""

    prompt: list[Message]
    chosen: str
    rejected: str


def read_pairs(path: Path) -> list[PairRow]:
    """The pairs of a parquet or JSONL file with the columns `prompt`, `chosen` and `rejected`.

    Raises:
        UsageError: There is no such file, it holds no pairs, or a row of it is none.
    """
    pairs = []
    for place, row in _rows(path):
        prompt = _messages(row.get("prompt"), f"prompt of {place}")
        if not prompt or prompt[-1]["role"] != "user":
            raise UsageError(f"The prompt of {place} does not end with a message of the user.")
        chosen, rejected = (
            _reply(row.get(side), f"{side} of {place}") for side in PairRow._fields[1:]
        )
        if chosen == rejected:
            raise UsageError(f"In {place} chosen and rejected are the same reply.")
        pairs.append(PairRow(prompt, chosen, rejected))
    if not pairs:
        raise UsageError(f"{path} holds no pairs, so there is nothing to learn from.")
    return pairs


def read_conversations(path: Path, called: str = "conversations") -> list[list[Message]]:
    """The conversations of a JSONL or parquet file with the column `messages`.

    Raises:
        UsageError: There is no such file, it holds none, or a row of it is none.
    """
    conversations = [checked_conversation(row, place) for place, row in _rows(path)]
    if not conversations:
        raise UsageError(f"{path} holds no {called}, so there is nothing to learn from.")
    return conversations


def checked_conversation(row: dict[str, Any], place: str) -> list[Message]:
    """The messages of a row.

    Raises:
        UsageError: They are none, or none is a reply.
    """
    messages = _messages(row.get("messages"), f"messages of {place}")
    if not any(message["role"] == "assistant" for message in messages):
        raise UsageError(f"The conversation of {place} has no reply of an assistant to learn.")
    return messages


def hash_of_rows(rows: Sequence[Any]) -> str:
    """Of what is learned from, whatever file it lay in."""
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.is_dir():
        # The folder of an earlier step.
        path = next((path / name for name in _FILES if (path / name).is_file()), path)
    if not path.is_file():
        raise UsageError(f"There is no file {path}. Give a parquet or a JSONL file, or its folder.")
    if path.suffix == ".parquet":
        from pyarrow import ArrowInvalid, parquet

        try:
            rows = parquet.read_table(path).to_pylist()
        except ArrowInvalid as error:
            raise UsageError(f"{path} cannot be read as parquet: {error}.") from error
        yield from ((f"row {place} of {path}", row) for place, row in enumerate(rows, 1))
        return
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UsageError(f"Line {number} of {path} is no JSON: {error}.") from error
            if not isinstance(row, dict):
                raise UsageError(f"Line {number} of {path} holds no JSON object.")
            yield f"line {number} of {path}", row


def _messages(value: Any, place: str) -> list[Message]:
    if not isinstance(value, list):
        raise UsageError(f"The {place} is no list of messages with role and content.")
    messages: list[Message] = []
    for message in value:
        role, content = (
            (message.get("role"), message.get("content")) if isinstance(message, dict) else (0, 0)
        )
        if role not in ROLES or not isinstance(content, str):
            raise UsageError(
                f"A message in the {place} lacks a role ({', '.join(ROLES)}) or a content that is text."
            )
        messages.append({"role": role, "content": content})
    return messages


def _reply(value: Any, place: str) -> str:
    messages = _messages(value, place)
    if len(messages) != 1 or messages[0]["role"] != "assistant":
        raise UsageError(f"The {place} is not one message of the assistant.")
    return messages[0]["content"]
