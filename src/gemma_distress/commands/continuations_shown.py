"""The tables of `prefill` and `recovery`, and the file that they leave for figures."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemma_distress.commands.shown import plain, print_json, text, write_json
from gemma_distress.protocol import HIGH

if TYPE_CHECKING:
    from rich.table import Table

    from gemma_distress.analysis.prefix_rates import Contrast, Rate
    from gemma_distress.analysis.statistics.intervals import Interval
    from gemma_distress.analysis.statistics.paired import Difference

WIDTH = 100


def letters_of(arms: Sequence[str]) -> dict[str, str]:
    """What arms are called in tables: A, B, … and numbers behind Z."""
    return {
        arm: chr(ord("A") + place) if place < 26 else str(place + 1)
        for place, arm in enumerate(dict.fromkeys(arms))
    }


def rates_table(rates: "Sequence[Rate]", condition: str, letters: Mapping[str, str]) -> "Table":
    """A row an arm and condition."""
    table = _table("", condition, f"share ≥ {HIGH}", "mean", "prefixes", "rated", "unrated")
    for one in rates:
        table.add_row(
            letters[one.arm],
            text(one.condition),
            _interval(one.high, 100, "%"),
            _interval(one.mean, 1, ""),
            f"{one.prefixes:,}",
            f"{one.high.n:,}",
            f"{one.unrated:,}",
        )
    return table


def contrasts_table(
    contrasts: "Sequence[Contrast]", condition: str, letters: Mapping[str, str]
) -> "Table":
    """A row a contrast, B less A."""
    table = _table("", condition, "points", "mean", "pairs", "prefixes", "p")
    for one in contrasts:
        p = one.test.p
        table.add_row(
            text(f"{letters.get(one.b, one.b)} − {letters.get(one.a, one.a)}"),
            text(letters.get(one.condition, one.condition)),
            _interval(one.high, 100, "", sign=True),
            _interval(one.mean, 1, "", sign=True),
            f"{one.high.n:,}",
            f"{one.high.clusters:,}",
            "–" if math.isnan(p) else "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0"),
        )
    return table


def show(letters: Mapping[str, str], tables: "Sequence[Table]", notes: Sequence[str]) -> None:
    """Print who the arms are, the tables that have rows, and the notes."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal or console.width < WIDTH:
        console = Console(width=WIDTH, highlight=False)
    for arm, letter in letters.items():
        console.print(text(f"{letter}  {arm}"))
    console.print()
    for table in tables:
        if table.row_count:
            console.print(table)
            console.print()
    told = (
        *notes,
        "Intervals of 95%, clustered by the reply that was cut; p by the exact test over those replies, "
        "adjusted for nothing. A difference is of the pairs that both sides have rated, so it need not be "
        "that of the shares above.",
    )
    for note in told:
        console.print(text(note, style="dim"))


def deliver(found: Any, name: str, output: Path | None, as_json: bool) -> bool:
    """Write the result as `name` into a folder, or print it; tells whether it was printed."""
    if output is not None:
        write_json(found, output / name)
    if as_json:
        print_json(plain(found))
    return as_json


def _table(*headings: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place > 1 else "left", overflow="fold")
    return table


def _interval(
    found: "Interval | Difference", times: float, unit: str, *, sign: bool = False
) -> str:
    if math.isnan(found.estimate):
        return "–"
    digits = 1 if times == 100 else 2
    middle, low, high = (
        f"{times * value:{'+' if sign else ''}.{digits}f}".replace("-", "−")
        for value in (found.estimate, found.lower, found.upper)
    )
    return f"{middle}{unit} [{low}, {high}]"
