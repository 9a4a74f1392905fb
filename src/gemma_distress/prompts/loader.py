"""From what a user typed (`-T pack=…`) to a checked pack.

house             the built-in pack
my/pack.yaml      a user's own; with `extends: house` it overrides only what it lists
authors:DIR       a clone of the paper authors' public release, read as literals
"""

from functools import cache
from pathlib import Path

from gemma_distress.errors import UsageError
from gemma_distress.prompts import schema
from gemma_distress.prompts.authors import read_authors
from gemma_distress.prompts.house import complete, house_document
from gemma_distress.prompts.lines import Document, read_document
from gemma_distress.prompts.pack import Pack, build_pack

_CHOICES = (
    "Choose 'house' (the built-in pack), the path of a .yaml file (your own pack), or "
    "'authors:DIR' (a clone of the authors' public release)."
)


def load_pack(spec: str | None = None) -> Pack:
    """The pack that `spec` names; None means the built-in one.

    Raises `UsageError` for an unknown spec and, with file and line, for a pack that does not hold
    exactly what the tasks need.
    """
    if spec is None or spec == "house":
        return _house()
    if spec.startswith("authors:"):
        directory = spec.removeprefix("authors:")
        if not directory.strip():
            raise UsageError(f"{spec!r} names no directory. {_CHOICES}")
        return read_authors(Path(directory).expanduser())
    path = Path(spec).expanduser()
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"There is no pack {spec!r}. {_CHOICES}")
    return read_pack(read_document(path), source=spec)


def read_pack(document: Document, source: str) -> Pack:
    """A pack from a YAML document, completed from the built-in pack if it says `extends: house`."""
    data = document.data
    if not isinstance(data, dict):
        told = f"A pack is a mapping, not {schema.kind(data)}. Start with 'name: …'."
        raise document.refuse(schema.Problem((), told))
    fallbacks: tuple[str, ...] = ()
    if "extends" in data:
        data = dict(data)
        base = data.pop("extends")
        if base != "house":
            told = f"Only 'extends: house' is known, not {base!r}. Change it or take it out."
            raise document.refuse(schema.Problem(("extends",), told))
        if data.get("name") == "house":
            told = "The name 'house' is that of the built-in pack. Give your pack its own."
            raise document.refuse(schema.Problem(("name",), told))
        data, fallbacks = complete({"license": "unstated"} | data)
    for problem in schema.problems(schema.pack_schema(), data):
        raise document.refuse(problem)
    return build_pack({"historical_long": {}, "historical_short": {}} | data, source, fallbacks)


@cache
def _house() -> Pack:
    return read_pack(house_document(), source="built in")
