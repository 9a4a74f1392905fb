"""The grammar's data files as templates, and the built-in pack's sentences that training may use.

Files: `phrases.yaml` (what the organism says of itself), `attempts.yaml`, `openings.yaml`, `questions.yaml`,
`followups.yaml`, `held_out.yaml` (wordings kept out of training), `withheld.yaml` (which of the pack's
sentences are kept out).
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, TypeVar

import yaml

from gemma_distress.organism.template import Template, Values, slots_of
from gemma_distress.prompts import Pack, load_pack

FILES = ("phrases", "attempts", "openings", "questions", "followups", "held_out", "withheld")
Item = TypeVar("Item")


def pick(rng: Random, items: list[Item] | tuple[Item, ...]) -> Item:
    """One item at random; quicker than `rng.choice`."""
    return items[int(rng.random() * len(items))]


class Pool:
    """Alternative templates for one purpose."""

    def __init__(self, texts: list[str], slots: dict[str, Any] | None = None) -> None:
        self.templates = tuple(Template(str(text), slots) for text in texts)

    def draw(self, rng: Random, values: Values | None = None) -> str:
        """One text from one template, both at random."""
        return pick(rng, self.templates).draw(rng, values)

    def count(self) -> int:
        """How many ways there are to draw."""
        return sum(template.count() for template in self.templates)

    def patterns(self) -> list[str]:
        """One regular expression for each template."""
        return [template.pattern() for template in self.templates]


@cache
def data(name: str) -> dict[str, Any]:
    """One data file as plain data; shared, never changed."""
    text = files("gemma_distress.organism").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(text, Loader=loader)
    return loaded


def slots(name: str) -> dict[str, Any]:
    """The slots of one data file."""
    return dict(slots_of(data(name).get("slots", {})))


def grammar_hash() -> str:
    """SHA-256 (hex) over the data files in a fixed order: with the seed it names the training data."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(files("gemma_distress.organism").joinpath(f"{name}.yaml").read_bytes())
    return digest.hexdigest()


@cache
def house() -> Pack:
    """The built-in pack."""
    return load_pack("house")


def pack_pool(name: str) -> dict[int | str, list[str]]:
    """The sentences of one pool of the built-in pack by position or key; a sequence keeps its lines."""
    value: Any = house()
    for part in name.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    items = value.items() if hasattr(value, "items") else enumerate(value)
    pool: dict[int | str, list[str]] = {}
    for key, item in items:
        if isinstance(item, str):
            pool[key] = [item]
        elif hasattr(item, "text"):
            pool[key] = [item.text]
        else:
            pool[key] = list(item)
    return pool


@cache
def trained_sentences(name: str) -> dict[int | str, tuple[str, ...]]:
    """The sentences of a pool of the built-in pack that training may use."""
    keys = set(data("withheld")["trained"].get(name, ()))
    return {k: tuple(lines) for k, lines in pack_pool(name).items() if k in keys}


def withheld_sentences() -> dict[str, list[str]]:
    """By pool, the sentences of the built-in pack that never occur in training."""
    return {
        name: [
            line for k, lines in pack_pool(name).items() if k not in keys for line in lines if line
        ]
        for name, keys in data("withheld")["trained"].items()
    }
