"""A comparison of abilities in words, a table and JSON; names from logs are plain text, never markup."""

import math
from typing import TYPE_CHECKING, Any, Literal

from gemma_distress.analysis.capabilities import all_missing, names
from gemma_distress.analysis.wording import percent
from gemma_distress.commands.shown import plain, text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from gemma_distress.analysis.capabilities import Capabilities, Row

WIDTH = 110
_STYLES = {"PASS": "green", "FAIL": "bold red", "UNDECIDED": "yellow"}


def as_plain(result: "Capabilities") -> dict[str, Any]:
    """One JSON object; each row with its verdict and the items needed for one."""
    told: dict[str, Any] = plain(result)
    for group in ("rows", "suppression"):
        rows = getattr(result, group)
        for shown, row, name in zip(told[group], rows, names(rows), strict=True):
            shown["name"], shown["items_needed"] = name, row.found.items_needed
    if result.pooled is not None:
        told["pooled"]["name"] = result.pooled.task
        told["pooled"]["items_needed"] = result.pooled.found.items_needed
    return told


def show(result: "Capabilities") -> "RenderableType":
    """The comparison as a terminal shows it."""
    from rich.console import Group

    lines: list[RenderableType] = [
        text(f"A {result.model_a}"),
        text(f"B {result.model_b}"),
        text(),
    ]
    if result.rows:
        lines += [text(headline(result), style="bold"), text(), _table(result)]
    if result.suppression:
        lines += [
            text(),
            text("Does B still comfort, hold a right answer, refuse?", style="bold"),
            _table_of(result.suppression),
        ]
    lines += [
        text(),
        text(
            f"B − A in points on the same items, with one-sided {100 * result.level:g}% bounds. PASS: the "
            f"lower one lies above −{percent(result.margin)}, FAIL: the upper one below. What is missing "
            "counts against either verdict. Needed: items for a verdict with a chance of 90%."
        ),
        *map(text, result.notes),
    ]
    return Group(*lines)


def headline(result: "Capabilities") -> str:
    """The verdict over all abilities in one line."""
    row = result.pooled
    if row is None:
        return "CAPABILITIES UNDECIDED: A has nothing to lose in any row."
    found, d = row.found, row.found.difference
    if all_missing(row):
        return f"CAPABILITIES {found.verdict}: no item has a score on both sides."
    said = (
        f"CAPABILITIES {found.verdict}: of {found.items:,} items A has {percent(d.a.estimate)} right, "
        f"B {percent(d.b.estimate)}; B − A {points(d.estimate)} points "
        f"({points(found.lower)} to {points(found.upper)})"
    )
    if found.verdict == "PASS" and found.upper < 0:
        said += ", a loss, and one within the margin"
    if found.items_needed is not None:
        said += f"; {found.items_needed:,} items needed"
    return f"{said}."


def points(difference: float) -> str:
    """`+1.2`, `−4.0`."""
    return "–" if math.isnan(difference) else f"{100 * difference:+.1f}".replace("-", "−")


def _table(result: "Capabilities") -> "Table":
    pooled = (result.pooled,) if result.pooled is not None and len(result.rows) > 1 else ()
    return _table_of((*result.rows, *pooled))


def _table_of(rows: "tuple[Row, ...]") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, heading in enumerate(
        ("", "items", "missing", "A", "B", "B − A", "lower", "upper", "A, B better", "needed", "")
    ):
        justify: Literal["left", "right"] = "right" if 0 < number < 10 else "left"
        table.add_column(heading, justify=justify, no_wrap=True)
    for row, name in zip(rows, names(rows), strict=True):
        found, d = row.found, row.found.difference
        compared = not all_missing(row)
        needed = "" if found.items_needed is None else f"{found.items_needed:,}"
        if row.nothing_to_lose or not compared:
            needed = "–"
        cells = (
            name,
            f"{found.items:,}",
            f"{found.unknown:,}",
            percent(d.a.estimate) if compared else "–",
            percent(d.b.estimate) if compared else "–",
            points(d.estimate),
            points(found.lower if compared else math.nan),
            points(found.upper if compared else math.nan),
            f"{found.only_a:,}, {found.only_b:,}",
            needed,
        )
        verdict = text(found.verdict, style=_STYLES[found.verdict])
        if row.nothing_to_lose:
            verdict = text("nothing to lose", style="dim")
        table.add_row(*map(text, cells), verdict)
    return table
