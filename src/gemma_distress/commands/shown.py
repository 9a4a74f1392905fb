"""How commands show results: JSON without NaN (printed, or a file), estimates, what was skipped."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gemma_distress.visible import one_line

if TYPE_CHECKING:
    from rich.text import Text

_MOST_TOLD = 5


def print_json(found: Mapping[str, Any]) -> None:
    """One JSON object on stdout; NaN, which JSON has not, is null; dataclasses are objects."""
    click.echo(_as_json(found).decode())


def write_json(found: Any, path: Path) -> None:
    """The same as a file, written whole or not at all; its folder is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_bytes(_as_json(found) + b"\n")
    draft.replace(path)


def _as_json(found: Any) -> bytes:
    text = json.dumps(plain(found), ensure_ascii=False, indent=2, allow_nan=False)
    # Half a character, which no output takes, as JSON writes it.
    return text.encode("utf-8", "backslashreplace")


def plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def text(told: object = "", style: str = "") -> "Text":
    """For rich: one line as it is, never markup, without characters that act on a terminal."""
    from rich.text import Text

    return Text(one_line(told), style=style)


def paths_of(given: str) -> list[str]:
    """One path, or several joined by commas."""
    return [given] if Path(given).exists() else [part for part in given.split(",") if part]


def tell_skipped(skipped: Iterable[Any]) -> None:
    """Name on stderr what could not be read, the first few in full."""
    told = list(skipped)
    for one in told[:_MOST_TOLD]:
        click.echo(one_line(f"Left out: {one}"), err=True)
    if len(told) > _MOST_TOLD:
        click.echo(f"Left out: {len(told) - _MOST_TOLD} more.", err=True)
