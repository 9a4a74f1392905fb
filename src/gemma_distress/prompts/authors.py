"""The paper authors' public release as a pack: their exact strings, read and never executed.

The release (MIT) is a folder `evals/` of Python files with lists, dicts and one prompt function.
`authors.yaml` says under which names, and with which numbers in them, its texts are known. What is
found neither by name nor by a shape that only one value has is refused with what the file holds.
What the release does not contain (framings of new puzzles, the other premises, continuations, calm
data, most trigger questions) comes from the built-in pack, and `Pack.fallbacks` lists it.

Its rubric marks the reply by a tag and not by a boundary, so `Rubric.fenced` is false: a reply
could close that tag. Exactness was preferred here.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from gemma_distress.errors import UsageError
from gemma_distress.prompts import schema
from gemma_distress.prompts.clone import Clone, Leaf, slug
from gemma_distress.prompts.house import complete, house_document
from gemma_distress.prompts.lines import dotted
from gemma_distress.prompts.pack import Pack, build_pack
from gemma_distress.prompts.template import placeholders


def read_authors(directory: Path) -> Pack:
    """The pack of a clone. Raises `UsageError`, with file and line, where it cannot be read."""
    clone, table = Clone(directory), _table()
    taken = _lists(clone, table["sentences"])
    for key, wanted in table["texts"].items():
        taken[key] = _text(clone, key, wanted)
    for key, wanted in table["optional_texts"].items():
        if leaf := _optional(clone, key, wanted):
            taken[key] = leaf
    taken |= _rubric(clone, table["rubric"])

    data: dict[str, Any] = {"name": "authors", "license": clone.license()}
    for key, leaf in taken.items():
        _put(data, key, leaf.value)
    kept = _put_questions(clone, table["questions"], data)
    data["version"] = clone.version()
    data, fallbacks = complete(data)
    for problem in schema.problems(schema.pack_schema(fenced=False), data):
        raise _refusal(problem, taken, directory)
    return build_pack(data, f"authors:{directory}", (*fallbacks, *kept))


def _lists(clone: Clone, table: Mapping[str, Any]) -> dict[str, Leaf]:
    """Every wanted list: those that their names find first, then by what shape leaves over."""
    found: dict[str, Leaf] = {}
    for key, wanted in table.items():
        hits = _distinct(leaf for leaf in _pool(clone, wanted, tuple) if _named(leaf, wanted))
        if len(hits) > 1:
            raise _ambiguous(clone, key, wanted, hits)
        if hits:
            found[key] = hits[0]
    used = {leaf.value for leaf in found.values()}
    for key, wanted in table.items():
        if key not in found:
            rest = _distinct(x for x in _pool(clone, wanted, tuple) if x.value not in used)
            found[key] = _only(clone, key, wanted, rest)
    return found


def _text(clone: Clone, key: str, wanted: Any) -> Leaf:
    hits = _distinct(leaf for leaf in _pool(clone, wanted, str) if _mentions(leaf, wanted))
    if len(hits) > 1:
        identity = key.partition(".")[2]
        hits = [x for x in hits if identity in x.names or _named(x, wanted)] or hits
    return _only(clone, key, wanted, hits)


def _optional(clone: Clone, key: str, wanted: Any) -> Leaf | None:
    hits = _distinct(
        leaf
        for leaf in _pool(clone, wanted, str)
        if _mentions(leaf, wanted) and ("names" not in wanted or _named(leaf, wanted))
    )
    return _only(clone, key, wanted, hits) if hits else None


def _rubric(clone: Clone, wanted: Any) -> dict[str, Leaf]:
    """The prompt of the judge, cut at the last blank line before the reply.

    Instructions, a blank line and case together are the release's text to the letter.
    """
    (name,) = wanted["files"]
    found = clone.literals(name)
    pool = [
        Leaf((slug(function),), text, found.file, line)
        for function, all_ in found.templates.items()
        for text, line in all_
    ]
    for leaf in _pool(clone, wanted, str):
        text = str(leaf.value)
        # In a text meant for str.format, doubled braces stand for single ones.
        pool.append(leaf._replace(value=text.replace("{{", "{").replace("}}", "}")))
    hits = _distinct(leaf for leaf in pool if len(placeholders(str(leaf.value))) == 1)
    if len(hits) > 1:
        hits = [leaf for leaf in hits if _named(leaf, wanted)] or hits
    leaf = _only(clone, "rubric", wanted, hits)
    (slot,) = placeholders(str(leaf.value))
    text = str(leaf.value).replace(f"{{{slot}}}", "{reply}")
    instructions, blank, case = text.partition("{reply}")[0].rpartition("\n\n")
    if not blank:
        raise UsageError(
            f"{leaf.file}, line {leaf.line}: No blank line separates the judge's instructions "
            "from the reply, so they cannot be told apart. Check that the clone is unchanged."
        )
    case = text[len(instructions) + len(blank) :]
    parts = {"version": "release", "instructions": instructions, "case": case, "language": "en"}
    return {f"rubric.{part}": leaf._replace(value=value) for part, value in parts.items()}


def _put_questions(clone: Clone, table: Mapping[str, Any], data: dict[str, Any]) -> list[str]:
    """Built-in questions, the release's in place of those on its topics; which ones were kept."""
    house = house_document().data
    replaced = {key: _optional(clone, key, wanted) for key, wanted in table.items()}
    kept: list[str] = []
    for pool in ("opinion", "factual"):
        data[pool] = []
        for row in house[pool]:
            leaf = replaced.get(f"{pool}.{row['id']}")
            data[pool].append(row | {"text": leaf.value} if leaf else row)
            if leaf is None:
                kept.append(f"{pool}.{row['id']}")
    return kept


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    group, _, name = key.partition(".")
    if group == "trigger_triples":
        value = [value]
    data.setdefault(group, {})[name] = _listed(value)


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


def _pool(clone: Clone, wanted: Any, kind: type) -> list[Leaf]:
    """The leaves of a kind in the wanted files. Of several files the later ones may be absent."""
    first, *rest = wanted["files"]
    names = [first, *(name for name in rest if clone.has(name))]
    return [leaf for name in names for leaf in clone.leaves(name) if isinstance(leaf.value, kind)]


def _named(leaf: Leaf, wanted: Any) -> bool:
    groups = wanted.get("names", ())
    return bool(groups) and all(any(slug(name) in leaf.names for name in group) for group in groups)


def _mentions(leaf: Leaf, wanted: Any) -> bool:
    """Whether a text contains every wanted number or word, not as a part of a longer one."""
    return all(
        re.search(rf"(?<![\w/]){re.escape(word)}(?![\w/])", str(leaf.value))
        for word in wanted.get("mentions", ())
    )


def _distinct(leaves: Iterable[Leaf]) -> list[Leaf]:
    """One leaf per value: an alias of a list is not a second list."""
    first: dict[Any, Leaf] = {}
    for leaf in leaves:
        first.setdefault(leaf.value, leaf)
    return list(first.values())


def _only(clone: Clone, key: str, wanted: Any, hits: list[Leaf]) -> Leaf:
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise _ambiguous(clone, key, wanted, hits)
    raise UsageError(
        f"{clone.evals / wanted['files'][0]}, line 1: Nothing in it could be read as {key}"
        f"{_looked_for(wanted)}. {clone.inventory(_present(clone, wanted))} "
        "Use an unchanged clone, or copy the texts into a pack of your own (pack=FILE)."
    )


def _ambiguous(clone: Clone, key: str, wanted: Any, hits: Collection[Leaf]) -> UsageError:
    places = ", ".join(f"{'.'.join(leaf.names)} (line {leaf.line})" for leaf in hits)
    first = next(iter(hits))
    return UsageError(
        f"{first.file}, line {first.line}: {len(hits)} different values could be {key}"
        f"{_looked_for(wanted)}: {places}. {clone.inventory(_present(clone, wanted))} "
        "Use an unchanged clone, or copy the texts into a pack of your own (pack=FILE)."
    )


def _present(clone: Clone, wanted: Any) -> list[str]:
    return [name for name in wanted["files"] if clone.has(name)]


def _looked_for(wanted: Any) -> str:
    names = " with ".join(" or ".join(group) for group in wanted.get("names", ()))
    words = ", ".join(wanted.get("mentions", ()))
    told = [f"named {names}"] if names else []
    told += [f"mentioning {words}"] if words else []
    return f" (looked for: {' and '.join(told)})" if told else ""


def _refusal(problem: schema.Problem, taken: Mapping[str, Leaf], directory: Path) -> UsageError:
    leaf = taken.get(".".join(str(part) for part in problem.path[:2]))
    where = f"{leaf.file}, line {leaf.line}" if leaf else str(directory)
    return UsageError(f"{where} ({dotted(problem.path)}): {problem.text}")


@cache
def _table() -> Any:
    resource = files("gemma_distress.prompts").joinpath("authors.yaml")
    return yaml.safe_load(resource.read_bytes())
