"""The sentences of `sentences.yaml`: what models and subjects are told, and how plain text is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from gemma_distress.prompts.lines import parse_document


@dataclass(frozen=True)
class Raw:
    """How a conversation reads as plain text: a template a role, and what ends a reply."""

    system: str
    user: str
    assistant: str
    stops: tuple[str, ...]


@dataclass(frozen=True)
class Sentences:
    """All of them."""

    annotator: str
    paraphraser: str
    helps: Mapping[str, tuple[str, ...]]
    raw: Raw


@cache
def sentences() -> Sentences:
    """Those of the package, read strictly."""
    name = "sentences.yaml"
    data = files("gemma_distress.prefixes").joinpath(name).read_bytes()
    read: dict[str, Any] = parse_document(data, name).data
    return Sentences(
        annotator=read["annotator"],
        paraphraser=read["paraphraser"],
        helps={name: tuple(said) for name, said in read["helps"].items()},
        raw=Raw(**{**read["raw"], "stops": tuple(read["raw"]["stops"])}),
    )
