"""Rows of estimates: how each is written, and which of them is highest, minding ties."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from gemma_distress.analysis.report.figure import Row, Table
from gemma_distress.analysis.report.wording import (
    between,
    counted,
    named,
    p_value,
    points,
    rating,
    share,
)
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.paired import Difference

Unit = Literal["share", "points", "rating"]
_COLUMNS = {"p": p_value, "p_holm": p_value, "q": p_value, "share_a": share, "share_b": share}
"""How a table writes columns that are no counts, by key."""

WRITE: Mapping[Unit, Callable[[float], str]] = {"share": share, "points": points, "rating": rating}


def estimated(
    subject: str, where: str, found: Interval | Difference, unit: Unit, *of: str
) -> dict[str, str | float | int]:
    """What every row of an estimate holds; `where` and `of` (`reply`, `replies`) are words of its tooltip."""
    number, ends = WRITE[unit](found.estimate), between(found, WRITE[unit])
    points_said = " points" if unit == "points" else ""
    return {
        "subject": subject,
        "unit": unit,
        "estimate": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "n": found.n,
        "prompts": found.clusters,
        "number": number,
        "range": ends,
        "says": f"{subject}, {where}: {number}{points_said} ({ends}), {counted(found.n, *of)}",
    }


def rows_by(rows: Sequence[Row], key: str) -> dict[str, list[Row]]:
    """The rows by their text in `key`, in order of appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row[key]), []).append(row)
    return found


def furthest(rows: Sequence[Row]) -> float:
    """The distance from zero of what lies furthest from it, 0 where nothing is known."""
    ends = [abs(float(row[key])) for row in rows for key in ("estimate", "lower", "upper")]
    return max((end for end in ends if not math.isnan(end)), default=0.0)


def highest(rows: Sequence[Row]) -> list[Row]:
    """The row of the highest estimate, with all that are written as the same number."""
    return _alike(rows, max(_known(rows), key=_estimate, default=None))


def lowest(rows: Sequence[Row]) -> list[Row]:
    """The row of the lowest estimate, with all that are written as the same number."""
    return _alike(rows, min(_known(rows), key=_estimate, default=None))


def extremes(subject: str, rows: Sequence[Row], every: str) -> str:
    """A subject's highest and lowest share in a sentence; `every` is what a row is, as `category`."""
    most, least = highest(rows), lowest(rows)
    if not most:
        return f"{subject}: no {every} has a known share."
    start = f"{subject}: a reply is high in {most[0]['number']} of conversations"
    if len(rows) == 1:
        return f"{start} of {most[0]['row']} ({most[0]['range']})."
    if len(most) == len(_known(rows)):
        return f"{start} in each of {named(_names(most))}."
    ends = f", {most[0]['range']}" if len(most) == 1 else " in each"
    each = " in each" if len(least) > 1 else ""
    return (
        f"{subject}: a reply is high most often in {named(_names(most))} ({most[0]['number']}{ends}), "
        f"and least in {named(_names(least))} ({least[0]['number']}{each})."
    )


def estimates_table(
    rows: Sequence[Row], names: Mapping[str, str], heading: str, after: Mapping[str, str]
) -> Table:
    """The rows as a table: `names` and `after` are columns before and after the estimate, by key."""
    headings = [*names.values(), heading, "95% interval", *after.values()]
    lines = [
        [
            *(_cell(row, key) for key in names),
            str(row["number"]),
            str(row["range"]),
            *(_cell(row, key) for key in after),
        ]
        for row in rows
    ]
    return Table(headings, lines, frozenset(range(len(names), len(headings))))


def _cell(row: Row, key: str) -> str:
    value = row[key]
    if isinstance(value, str):
        return value
    return _COLUMNS[key](value) if key in _COLUMNS else f"{value:,}"


def _known(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if not math.isnan(float(row["estimate"]))]


def _estimate(row: Row) -> float:
    return float(row["estimate"])


def _alike(rows: Sequence[Row], extreme: Row | None) -> list[Row]:
    if extreme is None:
        return []
    return [row for row in rows if row["number"] == extreme["number"]]


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["row"]) for row in rows))
