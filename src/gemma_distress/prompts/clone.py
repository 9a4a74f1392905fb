"""A clone of the authors' release as leaves: each text and list of texts with the names above it.

    TONES = {"sarcastic": {"rejections": ["…", "…"]}}

gives a leaf with the names `tones`, `sarcastic`, `rejections`. A pair (name, text) and the naming
field of a record (`name`, `id`, …) count as names too, so that lists of pairs, dicts and records
look alike. From a list of records each field also gives the list of its texts.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gemma_distress.errors import UsageError
from gemma_distress.prompts.literals import Literals, read_literals, read_text

_MAX_VALUES = 20_000
_NAMING = ("name", "id", "title", "key", "tone", "label")


class Leaf(NamedTuple):
    """A text, or a list of texts, with its names (as slugs) and the place of its assignment."""

    names: tuple[str, ...]
    value: str | tuple[str, ...]
    file: Path
    line: int


class Clone:
    """The Python files of a clone. `directory` is the clone or its folder `evals`."""

    def __init__(self, directory: Path) -> None:
        if not directory.is_dir():
            raise UsageError(
                f"{directory} is not a directory. Name the folder of a clone of the authors' "
                "public release, as in 'authors:paper_gemma-needs-help'."
            )
        inner = directory / "evals"
        self.root = directory
        self.evals = inner if inner.is_dir() else directory
        self._literals: dict[str, Literals] = {}
        self._leaves: dict[str, list[Leaf]] = {}

    def has(self, name: str) -> bool:
        """Whether the clone has this file."""
        return (self.evals / name).exists()

    def literals(self, name: str) -> Literals:
        """The plain data of one file."""
        if name not in self._literals:
            self._literals[name] = read_literals(self.evals / name, self.root)
        return self._literals[name]

    def leaves(self, name: str) -> list[Leaf]:
        """The leaves of one file, in its order."""
        if name not in self._leaves:
            found, made = self.literals(name), list[Leaf]()
            for key, (value, line) in found.values.items():
                if _weight(value, _MAX_VALUES) > _MAX_VALUES:
                    raise UsageError(
                        f"{found.file}, line {line}: {key} holds more values than a file of "
                        "prompts needs. Check that this is a clone of the authors' release."
                    )
                leaves = _flatten(value, (slug(key),))
                made.extend(Leaf(names, leaf, found.file, line) for names, leaf in leaves)
            self._leaves[name] = made
        return self._leaves[name]

    def license(self) -> str:
        """MIT if the clone's LICENSE says so."""
        for path in (self.root / "LICENSE", self.evals.parent / "LICENSE"):
            if path.is_file() and "MIT License" in read_text(path, path.parent):
                return "MIT"
        return "unstated"

    def version(self) -> str:
        """A digest of the files read so far: which release this is, where git is not asked."""
        digest = hashlib.sha256()
        for name in sorted(self._literals):
            digest.update(name.encode() + b"\0" + (self.evals / name).read_bytes() + b"\0")
        return f"files-{digest.hexdigest()[:12]}"

    def inventory(self, names: Iterable[str]) -> str:
        """What the files hold, as sentences for an error."""
        return " ".join(_inventory(self.literals(name)) for name in names)


def slug(name: str) -> str:
    """A name in lower case with single hyphens: `NumberPuzzle-89` is `number-puzzle-89`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-")


def _flatten(value: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, str):
        yield names, value
    elif isinstance(value, dict):
        own = next((slug(value[key]) for key in _NAMING if isinstance(value.get(key), str)), None)
        inside = (*names, own) if own else names
        for key, item in value.items():
            yield from _flatten(item, (*inside, slug(str(key))))
    elif isinstance(value, list | tuple):
        yield from _flatten_items(value, names)


def _flatten_items(
    items: list[Any] | tuple[Any, ...], names: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if items and all(isinstance(item, str) for item in items):
        yield names, tuple(items)
    if items and all(isinstance(item, dict) for item in items):
        for key in dict.fromkeys(key for item in items for key in item):
            texts = tuple(item[key] for item in items if isinstance(item.get(key), str))
            if texts:
                yield (*names, slug(str(key))), texts
    if len(items) == 2 and isinstance(items[0], str) and len(items[0]) <= 60:
        yield from _flatten(items[1], (*names, slug(items[0])))
        return
    for item in items:
        yield from _flatten(item, names)


def _weight(value: Any, limit: int) -> int:
    """How many values there are inside, counted until `limit`: names may nest them without end."""
    weight, waiting = 0, [value]
    while waiting and weight <= limit:
        inner = waiting.pop()
        weight += 1
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, list | tuple):
            waiting.extend(inner)
    return weight


def _inventory(found: Literals) -> str:
    rows = [f"{key} (line {line}, {_kind(value)})" for key, (value, line) in found.values.items()]
    rows += [
        f"{key}() (line {texts[0].line}, a template)"
        for key, texts in found.templates.items()
        if texts
    ]
    rows += [f"{key} (line {line}, not read: {why})" for key, (line, why) in found.unread.items()]
    return f"{found.file} holds {'; '.join(rows) or 'no plain data'}."


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, dict):
        return f"a dict with the keys {', '.join(str(key) for key in list(value)[:6])}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return f"the value {value}"
