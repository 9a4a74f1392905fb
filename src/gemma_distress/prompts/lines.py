"""YAML read together with its line numbers, strictly.

Only plain data is read (`SafeLoader`). Duplicate keys, anchors and aliases, several documents and
text that is not UTF-8 are refused: each is a slip or an attack in a file of sentences, and each
would otherwise pass in silence. Nested aliases and deep nesting would cost time without end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gemma_distress.errors import UsageError
from gemma_distress.prompts import schema

MAX_BYTES = 1_000_000
MAX_DEPTH = 10
_COLLECTIONS = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")


@dataclass(frozen=True)
class Document:
    """Plain data of a YAML file with the line of every path in it, counted from 1."""

    file: str
    data: Any
    lines: Mapping[schema.Path, int]

    def line(self, path: schema.Path) -> int:
        """The line of a path; 1 for the whole of an empty file."""
        return self.lines.get(path, 1)

    def refuse(self, problem: schema.Problem) -> UsageError:
        """The error that tells a problem with its file, line and dotted key."""
        where = f"{self.file}, line {self.line(problem.path)}"
        key = dotted(problem.path)
        return UsageError(f"{where}{f' ({key})' if key else ''}: {problem.text}")


def dotted(path: schema.Path) -> str:
    """A path as one reads it, items counted from 1: `rejections.neutral[2]`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(path: Path) -> Document:
    """Read one YAML file. Raises `UsageError` with file and line for anything but plain data."""
    file = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(
                f"{file} is larger than {MAX_BYTES:,} bytes, which no pack needs. "
                "Check that this is the file you meant."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror}). Check the path and its permissions."
        ) from error
    return parse_document(raw, file)


def parse_document(raw: bytes, file: str) -> Document:
    """As `read_document`, from bytes; `file` is only named in errors."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(f"{file}, line {line}: The text is not UTF-8. Save it as UTF-8.") from None
    lines: dict[schema.Path, int] = {}
    try:
        _refuse_tangles(text, file)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        data = _plain(loader, node, (), lines, file) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _unreadable(file, mark.line + 1 if mark else 1, error.problem) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise _unreadable(file, line, f"the character {error.character!r}") from None
    return Document(file, data, lines)


def _refuse_tangles(text: str, file: str) -> None:
    """Refuse aliases and deep nesting from the event stream, before any of it is built up."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UsageError(
                f"{file}, line {line}: Anchors and aliases (& and *) are not read in a pack. "
                "Write the text out, or put a text that starts with & or * in quotes."
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise UsageError(
                f"{file}, line {line}: The values are nested too deeply for a pack. "
                "Check that this is the file you meant."
            )


def _unreadable(file: str, line: int, reason: object) -> UsageError:
    return UsageError(
        f"{file}, line {line}: This is not readable YAML ({reason}). "
        "Often a text with a colon or a quotation mark needs quotes around it."
    )


def _plain(
    loader: yaml.SafeLoader,
    node: yaml.Node,
    path: schema.Path,
    lines: dict[schema.Path, int],
    file: str,
) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
        raise _unreadable(file, line, f"the tag {node.tag}")
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(loader, item, (*path, index), lines, file)
            for index, item in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        table: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise UsageError(f"{file}, line {line}: A key must be a word. Write 'key: value'.")
            if key in table:
                raise UsageError(
                    f"{file}, line {line}: The key {key!r} stands here for the second time "
                    f"(first on line {lines[(*path, key)]}). Keep one of the two."
                )
            lines[(*path, key)] = line
            table[key] = _plain(loader, value_node, (*path, key), lines, file)
        return table
    try:
        return loader.construct_object(node, deep=True)
    except ValueError as error:
        raise _unreadable(file, line, error) from None
