"""The built-in pack's data, and the completion of other packs from it."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from gemma_distress.prompts import schema
from gemma_distress.prompts.lines import Document, dotted, parse_document

_OWN = ("name", "version", "license")


@cache
def house_document() -> Document:
    """`house.yaml` as plain data with its lines. The data is shared: never change it."""
    resource = files("gemma_distress.prompts").joinpath("house.yaml")
    return parse_document(resource.read_bytes(), "house.yaml")


def complete(data: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """`data` with every key it lacks taken from the built-in pack, and those keys, dotted.

    Mappings are merged key by key, texts and lists are replaced whole. Name, version and license
    are never taken over: other sentences are another pack.
    """
    house = house_document().data
    base = {key: value for key, value in house.items() if key not in _OWN}
    taken: list[str] = []
    return _merge(base, data, (), taken), tuple(taken)


def _merge(
    base: Mapping[str, Any], over: Mapping[str, Any], path: schema.Path, taken: list[str]
) -> dict[str, Any]:
    merged = dict(over)
    for key, value in base.items():
        if key not in over:
            merged[key] = value
            if value:
                taken.append(dotted((*path, key)))
        elif isinstance(value, dict) and isinstance(over[key], dict):
            merged[key] = _merge(value, over[key], (*path, key), taken)
    return merged
