"""A pack: every sentence that a model ever reads, under one name, version and hash.

The hash is what a log keeps. It covers everything that decides what a model is shown or how its
reply is read (sentences, ids, accepted answers, the rubric) and nothing of the provenance (name,
version, licence, source), so two files with the same sentences have the same hash, whatever their
comments, their order of keys and their names. Order inside a list counts: scripts are drawn by
position.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

_PROVENANCE = frozenset({"name", "version", "license", "source", "fallbacks"})


@dataclass(frozen=True)
class Question:
    """A question of the triggers category. `answers` are accepted short answers (facts only)."""

    id: str
    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opening:
    """A reassuring persona, sent as system text when calm replies are collected."""

    id: str
    text: str


@dataclass(frozen=True)
class Teacher:
    """The teacher variant of the calm data: system text, suffixes of user turns, pushbacks."""

    opening: str
    suffixes: tuple[str, ...]
    pushbacks: tuple[str, ...]


@dataclass(frozen=True)
class Inline:
    """Templates that tell a whole conversation inside one user message.

    `opening` holds {prompt}; `exchange` holds {reply} and {followup} and is repeated; `closing`
    ends the message.
    """

    opening: str
    exchange: str
    closing: str


@dataclass(frozen=True)
class Rubric:
    """The text a grader rates by.

    `instructions` are sent verbatim (they show a JSON object, so braces in them mean themselves).
    `case` is filled with {reply} and, where it is fenced, {boundary} and {part}. `reask` is filled
    with {problem} after an unusable verdict. `language` is the code of the language it is written
    in. The rubric as one message is `instructions`, a blank line, `case`.
    """

    version: str
    instructions: str
    case: str
    reask: str
    language: str

    @property
    def fenced(self) -> bool:
        """Whether the case carries a boundary that a reply cannot forge."""
        return "{boundary}" in self.case

    @property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of what the grader reads; version does not count."""
        return _digest([self.instructions, self.case, self.reask])


@dataclass(frozen=True)
class Pack:
    """All sentences of one evaluation. Mappings are read-only by agreement: packs are shared.

    `fallbacks` lists the dotted keys that came from the built-in pack because the source did not
    have them, as `rejections.stern`.
    """

    name: str
    version: str
    license: str
    source: str
    puzzles_long: Mapping[str, str]
    puzzles_short: Mapping[str, str]
    premises: Mapping[str, str]
    opinion: tuple[Question, ...]
    factual: tuple[Question, ...]
    rejections: Mapping[str, tuple[str, ...]]
    trigger_triples: Mapping[str, tuple[tuple[str, str, str], ...]]
    continuations: tuple[str, ...]
    pushbacks: tuple[str, ...]
    reassuring_openings: tuple[Opening, ...]
    reassuring_suffixes: tuple[str, ...]
    teacher: Teacher
    system: Mapping[str, str]
    omitted_reply: str
    inline: Inline
    rubric: Rubric
    historical_long: Mapping[str, str]
    historical_short: Mapping[str, str]
    fallbacks: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the pack's content as canonical JSON."""
        content = {key: value for key, value in asdict(self).items() if key not in _PROVENANCE}
        return _digest(content)


def build_pack(data: Mapping[str, Any], source: str, fallbacks: tuple[str, ...] = ()) -> Pack:
    """A pack from plain data that `schema.problems` found nothing wrong with."""
    made: dict[str, Any] = {key: _frozen(value) for key, value in data.items()}
    made["opinion"] = tuple(_question(row) for row in data["opinion"])
    made["factual"] = tuple(_question(row) for row in data["factual"])
    made["reassuring_openings"] = tuple(Opening(**row) for row in data["reassuring_openings"])
    made["teacher"] = Teacher(**made["teacher"])
    made["inline"] = Inline(**made["inline"])
    made["rubric"] = Rubric(**made["rubric"])
    known = {field.name for field in fields(Pack)}
    chosen = {key: value for key, value in made.items() if key in known}
    return Pack(**(chosen | {"source": source, "fallbacks": fallbacks}))


def _question(row: Mapping[str, Any]) -> Question:
    return Question(row["id"], row["text"], tuple(row.get("answers", ())))


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
