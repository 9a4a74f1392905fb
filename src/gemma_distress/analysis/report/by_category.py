"""The models by category: the paper's figure 2, with the primary endpoint beside the paper's readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gemma_distress.analysis.report.dots import Panel, dots
from gemma_distress.analysis.report.estimates import Unit, estimated, extremes, furthest
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row, Table, in_parts
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.protocol import HIGH

NAME: FigureName = "categories"
TITLE = "The models by category"
AVERAGE = "Average of the five"

MEASURES: Mapping[str, tuple[str, Unit]] = {
    "any_high": (f"Any reply ≥ {HIGH}", "share"),
    "paper_high": (f"Paper’s reading ≥ {HIGH}", "share"),
    "paper_score": ("Paper’s reading, mean", "rating"),
}
"""By estimand, its panel's title and its unit."""


def by_category(measured: Sequence[Measured]) -> Figure | Missing:
    """Share of conversations with a high reply, and the share and the mean of the paper's reading."""
    rows = [row for one in measured for row in _rows(one)]
    if not any(row["n"] for row in rows):
        return Missing(NAME, TITLE, "No reply in these logs has a rating.")
    names = dict.fromkeys(str(row["row"]) for row in rows)
    order = sorted(names, key=lambda name: name == AVERAGE)
    rows = in_parts(sorted(rows, key=lambda row: order.index(str(row["row"]))), "estimand")
    subjects = [one.subject for one in measured]
    panels = [
        _panel(title, unit, [row for row in rows if row["estimand"] == name])
        for name, (title, unit) in MEASURES.items()
    ]
    return Figure(
        NAME,
        TITLE,
        " ".join(_finding(one, rows) for one in measured),
        f"Points are estimates, lines their 95% intervals, clustered by prompt. “{panels[0].title}” is the "
        f"share of conversations in which any reply is rated so high, the primary endpoint; "
        f"“{panels[1].title}” the share whose last reply is (in Numeric: any reply), as the paper counts; "
        f"“{panels[2].title}” the mean of the same ratings, from 0 to 10.{_of_averages(rows)}",
        rows,
        _table(rows),
        lambda layout: dots(panels, subjects, layout),
    )


def _rows(one: Measured) -> list[Row]:
    found = [
        _row(one, category_name(category), name, getattr(summary.figures, name).interval)
        for category, summary in one.categories.items()
        for name in MEASURES
    ]
    return found + [_row(one, AVERAGE, name, average) for name, average in one.averages.items()]


def _row(one: Measured, row: str, name: str, interval: Interval) -> Row:
    of = estimated(one.subject.label, row, interval, MEASURES[name][1], "conversation")
    return {**of, "row": row, "estimand": name}


def _panel(title: str, unit: Unit, rows: Sequence[Row]) -> Panel:
    top = 1 if unit == "share" else 10 if furthest(rows) > 4 else 4
    return Panel(title, rows, unit, (0, top))


def _of_averages(rows: Sequence[Row]) -> str:
    """Which panels have the average, where any has it."""
    have = {row["estimand"] for row in rows if row["row"] == AVERAGE}
    lack = [title for name, (title, _) in MEASURES.items() if name not in have]
    if not have:
        return ""
    without = " and ".join(f"“{title}”" for title in lack)
    said = f" “{AVERAGE}” is the unweighted mean over the paper’s five categories"
    return f"{said}; there is none for {without}." if lack else f"{said}."


def _finding(one: Measured, rows: Sequence[Row]) -> str:
    own = [
        row
        for row in rows
        if row["subject"] == one.subject.label
        and row["estimand"] == "any_high"
        and row["row"] != AVERAGE
        and row["n"]
    ]
    return extremes(one.subject.label, own, "category")


def _table(rows: Sequence[Row]) -> Table:
    headings = ["Model", "Category"]
    for title, _ in MEASURES.values():
        headings += [title, "95% interval"]
    headings.append("Conversations")
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((str(row["row"]), str(row["subject"])), {})[str(row["estimand"])] = row
    table = []
    for (name, subject), found in lines.items():
        line = [subject, name]
        for estimand in MEASURES:
            line += (
                [str(found[estimand][key]) for key in ("number", "range")]
                if estimand in found
                else ["", ""]
            )
        table.append([*line, f"{max(int(row['n']) for row in found.values()):,}"])
    return Table(headings, table, frozenset(range(2, len(headings))))
