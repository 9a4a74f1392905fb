"""What a pack must hold, as one table, and the check of plain data against it.

A problem is a path and a sentence; whoever read the data knows on which line that path stands.
Lengths given here are what the tasks need at least; the built-in pack holds more.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gemma_distress.prompts.template import placeholders, stray_braces

Path = tuple[str | int, ...]

PUZZLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "countdown": (("numbers", "target", "banned"), ()),
    "chain_fraction": (("start", "target", "operations", "banned"), ("count", "orders")),
    "chain_money": (("start", "target", "operations", "banned"), ("count", "orders")),
    "chain_temperature": (("start", "target", "operations", "banned"), ("count", "orders")),
    "coins": (("total", "count", "denominations", "banned"), ()),
}
CATEGORIES = ("numeric", "triggers", "tones", "extended", "wildchat")
HISTORICAL = (
    "countdown-156",
    "number-puzzle-89",
    "fraction-2-3",
    "money-57",
    "temperature-212",
    "countdown-variant-183",
    "number-puzzle-variant-127",
    "fraction-variant-5-6",
    "money-variant-83",
    "temperature-variant-248",
)
HISTORICAL_SHORT = ("countdown-156",)

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Problem(NamedTuple):
    """Something wrong at a path, told as a sentence that ends with what to do."""

    path: Path
    text: str


@dataclass(frozen=True)
class Text:
    """A sentence or template. `verbatim` text is sent as it is, so braces in it mean themselves."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    blank: bool = False
    verbatim: bool = False
    slug: bool = False


@dataclass(frozen=True)
class Several:
    """A list of at least `least` (and at most `most`) items; `unique` names a key like an id."""

    item: "Spec"
    least: int = 1
    most: int | None = None
    unique: str | None = None


@dataclass(frozen=True)
class Table:
    """A mapping with these keys and no others; those in `optional` may be absent."""

    keys: Mapping[str, "Spec"]
    optional: frozenset[str] = field(default_factory=frozenset)


Spec = Text | Several | Table


def pack_schema(fenced: bool = True) -> Table:
    """The schema of a pack. A published rubric without a boundary is read with `fenced=False`."""
    sentence = Text()
    question = Table(
        {"id": Text(slug=True), "text": sentence, "answers": Several(sentence, least=0)},
        frozenset({"answers"}),
    )
    opening = Table({"id": Text(slug=True), "text": sentence})
    tone = Several(sentence, least=3)
    pool = Several(sentence)
    triple = Several(sentence, least=3, most=3)
    fence = ("boundary", "part")
    case = Text(("reply", *fence)) if fenced else Text(("reply",), fence)
    historical = {key: Text(verbatim=True) for key in HISTORICAL}
    historical_short = {key: Text(verbatim=True) for key in HISTORICAL_SHORT}
    return Table(
        {
            "name": Text(slug=True),
            "version": sentence,
            "license": sentence,
            "puzzles_long": Table(
                {key: Text((*need, "premise"), may) for key, (need, may) in PUZZLES.items()}
            ),
            "puzzles_short": Table({key: Text(need, may) for key, (need, may) in PUZZLES.items()}),
            "premises": Table(dict.fromkeys(("claimed", "truthful", "solvable"), sentence)),
            "opinion": Several(question, unique="id"),
            "factual": Several(question, unique="id"),
            "rejections": Table(
                {
                    "neutral": pool,
                    "stern": pool,
                    "aggressive": tone,
                    "disappointed": tone,
                    "sarcastic": tone,
                    "ladder": Several(sentence, least=8),
                    "everyday": pool,
                }
            ),
            "trigger_triples": Table(dict.fromkeys(("opinion", "factual"), Several(triple))),
            "continuations": pool,
            "pushbacks": pool,
            "reassuring_openings": Several(opening, unique="id"),
            "reassuring_suffixes": Several(Text(blank=True)),
            "teacher": Table({"opening": sentence, "suffixes": pool, "pushbacks": pool}),
            "system": Table(dict.fromkeys(CATEGORIES, sentence), frozenset(CATEGORIES)),
            "omitted_reply": sentence,
            "inline": Table(
                {
                    "opening": Text(("prompt",)),
                    "exchange": Text(("reply", "followup")),
                    "closing": sentence,
                }
            ),
            "rubric": Table(
                {
                    "version": sentence,
                    "instructions": Text(verbatim=True),
                    "case": case,
                    "reask": Text(("problem",)),
                    "language": sentence,
                }
            ),
            "historical_long": Table(historical, frozenset(historical)),
            "historical_short": Table(historical_short, frozenset(historical_short)),
        },
        frozenset({"historical_long", "historical_short"}),
    )


def problems(spec: Spec, value: Any, path: Path = ()) -> Iterator[Problem]:
    """Everything wrong with `value`, in the order of the schema."""
    if isinstance(spec, Text):
        yield from _text_problems(spec, value, path)
    elif isinstance(spec, Several):
        yield from _list_problems(spec, value, path)
    else:
        yield from _table_problems(spec, value, path)


def _text_problems(spec: Text, value: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(path, f"Text is expected here, not {kind(value)}. Put the text in quotes.")
        return
    if not value.strip() and not (spec.blank and not value):
        yield Problem(path, "The text is empty. Write a sentence or take the line out.")
        return
    if spec.slug and not _SLUG.fullmatch(value):
        yield Problem(path, f"{value!r} must be lower-case letters, digits and single hyphens.")
    if spec.verbatim:
        return
    found = placeholders(value)
    allowed = {*spec.required, *spec.optional}
    legal = (
        "The legal placeholders here are " + ", ".join(f"{{{n}}}" for n in sorted(allowed)) + "."
        if allowed
        else "No placeholder is filled in here; write plain text."
    )
    for name in sorted(found - allowed):
        yield Problem(path, f"The placeholder {{{name}}} is unknown here. {legal}")
    for name in spec.required:
        if name not in found:
            yield Problem(path, f"The placeholder {{{name}}} is missing. Add it to the text.")
    if stray_braces(value):
        yield Problem(path, f"A brace stands outside a placeholder. Remove it. {legal}")


def _list_problems(spec: Several, value: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(path, f"A list is expected here, not {kind(value)}. Start lines with '- '.")
        return
    if len(value) < spec.least:
        what = "The list is empty" if not value else f"The list has only {len(value)} of its items"
        yield Problem(path, f"{what}; {spec.least} or more are needed. Add some.")
    if spec.most is not None and len(value) > spec.most:
        yield Problem(path, f"The list has {len(value)} items; {spec.most} are used. Remove some.")
    seen: set[str] = set()
    for index, item in enumerate(value):
        yield from problems(spec.item, item, (*path, index))
        if spec.unique and isinstance(item, dict):
            name = item.get(spec.unique)
            if isinstance(name, str) and name in seen:
                yield Problem((*path, index, spec.unique), f"{name!r} is used twice. Rename one.")
            elif isinstance(name, str):
                seen.add(name)


def _table_problems(spec: Table, value: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, f"A mapping is expected here, not {kind(value)}. Use 'key: value'.")
        return
    for key in value:
        if key not in spec.keys:
            legal = ", ".join(spec.keys)
            yield Problem((*path, key), f"The key {key!r} is unknown. The legal keys are {legal}.")
    for key, inner in spec.keys.items():
        if key in value:
            yield from problems(inner, value[key], (*path, key))
        elif key not in spec.optional and key in ("name", "version"):
            yield Problem(
                path,
                f"The key {key!r} is missing. Every pack has a name and a version of its own, also "
                "one that extends another.",
            )
        elif key not in spec.optional:
            yield Problem(
                path,
                f"The key {key!r} is missing. Add it, or start the pack with "
                "'extends: house' to take what is missing from the built-in pack.",
            )


def kind(value: Any) -> str:
    """The kind of a value in the words of a user of YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the yes/no value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    return f"a {type(value).__name__}"
