"""Two models on the same conversations: their difference by category (a forest plot)."""

from __future__ import annotations

import math

from gemma_distress.analysis.compare import Comparison, Contrast
from gemma_distress.analysis.report.answers import Compared
from gemma_distress.analysis.report.by_category import AVERAGE
from gemma_distress.analysis.report.dots import Panel, dots, reach
from gemma_distress.analysis.report.estimates import estimated, estimates_table
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row
from gemma_distress.analysis.report.measured import category_name
from gemma_distress.analysis.report.wording import (
    counted,
    listed,
    named,
)
from gemma_distress.analysis.wording import p_equals
from gemma_distress.protocol import HIGH

NAME: FigureName = "differences"
ALL = "All conversations"


def by_pair(pair: Compared) -> Figure | Missing:
    """The paired difference of `any_high` in each category, over all conversations, and their average."""
    title = f"{pair.b.label} against {pair.a.label}, by category"
    if pair.comparison is None:
        return Missing(NAME, title, pair.sentences[0])
    found = pair.comparison
    rows = [
        contrast_row(pair, name, contrast, p_holm)
        for name, contrast, p_holm in _contrasts(found)
        if not math.isnan(contrast.difference.estimate)
    ]
    if not rows:
        return Missing(NAME, title, "No conversation is known for both.")
    panel = Panel("", rows, "points", reach(rows), reference=0.0)
    return Figure(
        NAME,
        title,
        _finding(pair, rows),
        f"Difference in the share of the pairs with a reply rated {HIGH} or higher, in percentage points, "
        f"with 95% intervals clustered by prompt. Right of zero: more often in {pair.b.label}. The p of a "
        f"category is adjusted by Holm’s method for all categories and conditions compared; “{ALL}” is "
        f"the declared endpoint, and its p stands alone.{_without(found, rows)}",
        rows,
        estimates_table(
            rows,
            {"row": "Category"},
            "Difference (points)",
            {
                "share_b": pair.b.label,
                "share_a": pair.a.label,
                "n": "Pairs",
                "prompts": "Prompts",
                "p": "p",
                "p_holm": "p (Holm)",
            },
        ),
        lambda layout: dots([panel], [pair.b], layout),
    )


def _contrasts(found: Comparison) -> list[tuple[str, Contrast, float]]:
    rows = [
        (category_name(row.name), row.primary, row.p_holm)
        for row in found.rows
        if row.kind == "category"
    ]
    rows.append((ALL, found.pooled.primary, math.nan))
    if "any_high" in found.macro:
        rows.append((AVERAGE, found.macro["any_high"], math.nan))
    return rows


def contrast_row(pair: Compared, name: str, contrast: Contrast, p_holm: float) -> Row:
    """One paired contrast as a row of a figure."""
    d = contrast.difference
    return {
        **estimated(pair.b.label, f"{name} against {pair.a.label}", d, "points", "pair"),
        "row": name,
        "reference": pair.a.label,
        "share_a": d.a.estimate,
        "share_b": d.b.estimate,
        "p": contrast.test.p,
        "p_holm": p_holm,
        "part": 0,
    }


def _finding(pair: Compared, rows: list[Row]) -> str:
    categories = [row for row in rows if row["row"] not in (ALL, AVERAGE)]
    clear = [row for row in categories if float(row["p_holm"]) < 0.05]
    told = [
        f"{row['row']} ({row['number']} points, {p_equals(float(row['p_holm']))})" for row in clear
    ]
    said = f"a difference is shown in {named(told)}" if told else "no difference is shown"
    return (
        f"{pair.b.label} against {pair.a.label}: of {counted(len(categories), 'category', 'categories')}, "
        f"{said}{'' if told else ' in any'} (at 5%, after Holm’s adjustment)."
    )


def _without(found: Comparison, rows: list[Row]) -> str:
    """What has no row, and why."""
    shown = {row["row"] for row in rows}
    without = [name for name, _, _ in _contrasts(found) if name not in shown]
    said = f" No pair is known in {listed(without)}." if without else ""
    if found.lacking:
        lacking = [category_name(name) for name in found.lacking]
        said += f" There is no average over the five: no pair of {listed(lacking)} is known."
    return said
