"""One prefix, and the file of prefixes with its manifest: the only place that knows their form.

`FILE` is JSON Lines, a prefix a line; `FILE.manifest.json` beside it says how they were made (seed, logs,
tokenizer, who marked the onset, who paraphrased, what was left out and why) and the hash of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gemma_distress.errors import UsageError
from gemma_distress.prefixes.numbers import Cut, Kind


class UncutError(Exception):
    """A reply that cannot be cut; the message says why, in words that can be counted."""


class Message(BaseModel):
    """A message before the reply that is cut."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)


class Prefix(BaseModel):
    """A conversation cut inside a reply."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    """Kind, cut and a hash of the text: the same prefix has the same id wherever it is made."""
    reply_id: str
    """Of the reply that was cut; several cuts of one reply share it. The cluster of every interval."""
    kind: Kind
    cut: Cut
    messages: tuple[Message, ...] = Field(min_length=1)
    """What stands before the reply; the last one is the user's."""
    prefix: str = Field(min_length=1)
    """The beginning of the reply, as models are to go on from it; ends without blanks."""
    original: str
    """The same before it was paraphrased; equal where it was not."""
    tokens: int
    """Of `original`."""
    left: int
    """Tokens of the reply behind the cut."""
    onset: int
    """Where emotion begins, in characters of the reply; -1 where it was not looked for."""
    quote: str
    """The words there."""
    model: str
    """Who wrote the reply."""
    log: str
    sample_id: str
    epoch: int
    turn: int
    message_id: str
    category: str
    condition: str
    rating: float


@dataclass(frozen=True)
class PrefixFile:
    """The prefixes of a file, and how they were made."""

    prefixes: tuple[Prefix, ...]
    manifest: Mapping[str, Any]
    hash: str

    @property
    def facts(self) -> dict[str, Any]:
        """What a log of a run with these prefixes says of them."""
        kept = ("seed", "tokenizer", "annotator", "paraphraser", "early", "back", "models")
        return {"hash": self.hash, **{name: self.manifest[name] for name in kept}}


def manifest_path(file: Path) -> Path:
    """Where the manifest of a file of prefixes lies."""
    return file.with_name(f"{file.name}.manifest.json")


def write_prefixes(prefixes: Sequence[Prefix], file: Path, facts: Mapping[str, Any]) -> None:
    """Write the file, then its manifest; the same prefixes and facts give the same bytes.

    Raises:
        UsageError: There are none, or nothing can be written there.
    """
    if not prefixes:
        reasons = "; ".join(f"{count}: {why}" for why, count in facts.get("reasons", {}).items())
        raise UsageError(
            f"No reply could be cut ({reasons or 'none was asked for'}), so there are no prefixes to write. "
            "Name more logs, or where emotion begins too soon, ask for fewer tokens before the cut (--early)."
        )
    data = "".join(f"{one.model_dump_json()}\n" for one in prefixes).encode("utf-8", "replace")
    told = {**facts, "hash": _hash(data)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        manifest_path(file).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(
            f"Nothing can be written at {error.filename or file} ({error.strerror}). Name another --output."
        ) from error


def read_prefixes(file: Path) -> PrefixFile:
    """The prefixes of a file.

    Raises:
        UsageError: It is missing, is none, or does not fit its manifest.
    """
    try:
        data, told = file.read_bytes(), json.loads(manifest_path(file).read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The prefixes {file} and their manifest cannot be read ({error}). Make them with "
            "gemma-distress prefixes LOGS --output FILE."
        ) from error
    if not isinstance(told, dict) or told.get("hash") != _hash(data):
        raise UsageError(
            f"{file} does not fit {manifest_path(file)}: one of them was changed or is of another draw. "
            "Make them again with gemma-distress prefixes."
        )
    prefixes = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            prefixes.append(Prefix.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise UsageError(
                f"{file}, line {number}, is no prefix ({where}: {first['msg']}). Make them again."
            ) from error
    return PrefixFile(tuple(prefixes), told, _hash(data))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
