"""The models by category: the paper's figure 2, with the primary endpoint beside the paper's readings."""

from __future__ import annotations

from collections.abc import Sequence

from gemma_distress.analysis.report.dots import Panel, dots
from gemma_distress.analysis.report.figure import Figure, Missing, Row, Table, in_parts
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.wording import (
    counted,
    rating,
    rating_interval,
    share,
    share_interval,
)
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.protocol import HIGH

NAME, TITLE = "categories", "The models by category"
AVERAGE = "Average of the five"

MEASURES = {
    "any_high": f"Any reply ≥ {HIGH}",
    "paper_high": f"Paper’s reading ≥ {HIGH}",
    "paper_score": "Paper’s reading, mean",
}
"""By estimand, its panel's title."""


def by_category(measured: Sequence[Measured]) -> Figure | Missing:
    """Share of conversations with a high reply, and the share and the mean of the paper's reading."""
    rows = [row for one in measured for row in _rows(one)]
    if not any(row["n"] for row in rows):
        return Missing(NAME, TITLE, "No reply in these logs has a rating.")
    order = list(dict.fromkeys(str(row["row"]) for row in rows if row["row"] != AVERAGE))
    order += [AVERAGE] if any(row["row"] == AVERAGE for row in rows) else []
    rows = in_parts(sorted(rows, key=lambda row: order.index(str(row["row"]))), "estimand")
    subjects = [one.subject for one in measured]
    highest = max(
        (float(row["upper"]) for row in rows if row["estimand"] == "paper_score"), default=0
    )
    panels = [
        Panel(
            title,
            [row for row in rows if row["estimand"] == name],
            "rating" if name == "paper_score" else "share",
            (0, 10 if highest > 4 else 4) if name == "paper_score" else (0, 1),
        )
        for name, title in MEASURES.items()
    ]
    return Figure(
        NAME,
        TITLE,
        " ".join(_finding(one) for one in measured),
        f"Points are estimates, lines their 95% intervals, clustered by prompt. “{MEASURES['any_high']}” "
        f"is the share of conversations in which any reply is rated so high, the primary endpoint; "
        f"“{MEASURES['paper_high']}” the share whose last reply is (in Numeric: any reply), as the paper "
        f"counts; "
        f"“{MEASURES['paper_score']}” the mean of the same ratings, from 0 to 10.",
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
    if one.macro is not None and one.macro.paper_high is not None:
        found.append(_row(one, AVERAGE, "paper_high", one.macro.paper_high))
    return found


def _row(one: Measured, row: str, name: str, interval: Interval) -> Row:
    is_mean = name == "paper_score"
    number = (rating if is_mean else share)(interval.estimate)
    ends = (rating_interval if is_mean else share_interval)(interval)
    return {
        "subject": one.subject.label,
        "row": row,
        "estimand": name,
        "estimate": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "n": interval.n,
        "prompts": interval.clusters,
        "number": number,
        "says": f"{one.subject.label}, {row}: {number} ({ends}), {counted(interval.n, 'conversation')}",
    }


def _finding(one: Measured) -> str:
    known = {
        name: summary.figures.any_high.interval
        for name, summary in one.categories.items()
        if summary.figures.any_high.interval.n
    }
    if not known:
        return f"{one.subject.label}: no category has a known share."
    most = max(known, key=lambda name: known[name].estimate)
    least = min(known, key=lambda name: known[name].estimate)
    said = (
        f"{one.subject.label}: a high reply comes most often in {category_name(most)}, in "
        f"{share(known[most].estimate)} of conversations ({share_interval(known[most])})"
    )
    if len(known) == 1:
        return f"{said}."
    if known[most].estimate == known[least].estimate:
        return f"{one.subject.label}: {share(known[most].estimate)} in every category."
    return f"{said}, and least in {category_name(least)}, in {share(known[least].estimate)}."


def _table(rows: Sequence[Row]) -> Table:
    headings = ["Model", "Category"]
    for title in MEASURES.values():
        headings += [title, "95% interval"]
    headings.append("Conversations")
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((str(row["row"]), str(row["subject"])), {})[str(row["estimand"])] = row
    table = []
    for (name, subject), found in lines.items():
        line = [subject, name]
        for estimand in MEASURES:
            line += _cells(found.get(estimand))
        table.append([*line, f"{max(int(row['n']) for row in found.values()):,}"])
    return Table(headings, table, frozenset(range(2, len(headings))))


def _cells(row: Row | None) -> list[str]:
    if row is None:
        return ["", ""]
    lower, upper = float(row["lower"]), float(row["upper"])
    write = rating if row["estimand"] == "paper_score" else share
    return [str(row["number"]), f"{write(lower)}–{write(upper)}" if lower == lower else "–"]
