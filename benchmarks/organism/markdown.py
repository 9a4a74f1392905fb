"""Markdown of the tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gemma_distress.analysis.statistics import Interval


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; the first column to the left, numbers to the right."""
    lines = [_line(headings), _line(["---", *["---:"] * (len(headings) - 1)])]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def percent(interval: Interval) -> str:
    """`34.0% [28.1, 40.4]`."""
    return _bracketed(interval, 100, 1, "%")


def number(interval: Interval, places: int = 2) -> str:
    """`1.92 [1.70, 2.14]`."""
    return _bracketed(interval, 1, places, "")


def points(interval: Interval) -> str:
    """A difference of shares in points, with its sign: `+23.3 [12.0, 34.6]`."""
    sign = "+" if interval.estimate > 0 else ""
    return sign + _bracketed(interval, 100, 1, "")


def difference(interval: Interval) -> str:
    """A difference of means with its sign."""
    sign = "+" if interval.estimate > 0 else ""
    return sign + _bracketed(interval, 1, 2, "")


def _bracketed(interval: Interval, times: float, places: int, unit: str) -> str:
    if math.isnan(interval.estimate):
        return "–"
    low, high = (_plain(times * end, places) for end in (interval.lower, interval.upper))
    return f"{times * interval.estimate:.{places}f}{unit} [{low}, {high}]"


def _plain(value: float, places: int) -> str:
    return "∞" if math.isinf(value) else f"{value:.{places}f}"
