"""Conditions: the rate of each, and what tones and controls change (a forest plot)."""

from __future__ import annotations

from collections.abc import Sequence

from gemma_distress.analysis.contrasts import ConditionContrast, contrasts
from gemma_distress.analysis.report.dots import Panel, dots, reach
from gemma_distress.analysis.report.estimates import estimated, estimates_table, extremes
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.wording import counted
from gemma_distress.analysis.summary import Summary
from gemma_distress.analysis.wording import p_equals
from gemma_distress.protocol import HIGH
from gemma_distress.visible import visible

CLEAR = 0.05
"""A p, after Holm's adjustment, below which a contrast is said to differ from zero."""


def condition_name(category: str, condition: str) -> str:
    """`Tones: sarcastic`."""
    _, _, variant = condition.partition("/")
    said = visible(variant).replace("-", ", ").replace("_", " ")
    return f"{category_name(category)}: {said}" if said else category_name(category)


def by_condition(measured: Sequence[Measured]) -> Figure | Missing:
    """`any_high` of each condition, where a category has several."""
    name: FigureName = "conditions"
    title = "Conditions: how often any reply is high"
    rows = [
        _rate(one, summary)
        for one in measured
        for summary in one.conditions
        if summary.figures.any_high.interval.n
    ]
    several = {
        category for category in (row["category"] for row in rows) if _count(rows, category) > 1
    }
    rows = [row for row in rows if row["category"] in several]
    if not rows:
        return Missing(name, title, "No category in these logs has more than one condition.")
    subjects = [one.subject for one in measured]
    rows = _together(rows)
    panel = Panel("", rows, "share", (0, 1))
    return Figure(
        name,
        title,
        " ".join(
            extremes(
                subject.label,
                [row for row in rows if row["subject"] == subject.label],
                "condition",
            )
            for subject in subjects
        ),
        f"Share of conversations with a reply rated {HIGH} or higher, with 95% intervals "
        f"clustered by prompt.",
        rows,
        estimates_table(
            rows,
            {"subject": "Model", "row": "Condition"},
            "Any reply high",
            {"n": "Conversations", "prompts": "Prompts"},
        ),
        lambda layout: dots([panel], subjects, layout),
    )


def by_contrast(measured: Sequence[Measured]) -> Figure | Missing:
    """The difference that a tone or a control makes to `any_high`."""
    name: FigureName = "contrasts"
    title = "What tones and controls change"
    found = [(one, contrast) for one in measured for contrast in contrasts(one.turns)]
    rows = _together([_difference(one, contrast) for one, contrast in found if contrast.any_high.n])
    if not rows:
        return Missing(
            name,
            title,
            "These logs hold no condition together with what it departs from: tones beside the neutral "
            "tone or beside Extended, or a control beside its protocol. Run a task twice, for instance "
            "also with -T history=redacted.",
        )
    subjects = [one.subject for one in measured]
    panel = Panel("", rows, "points", reach(rows), reference=0.0)
    return Figure(
        name,
        title,
        _clear(rows),
        f"Difference in the share of conversations with a reply rated {HIGH} or higher, in percentage "
        f"points, with 95% intervals clustered by prompt. Right of zero: more often than the "
        f"reference. A control is read against the protocol that it changes, a tone against the "
        f"neutral one or, where nobody ran it, against the mild rejections of Extended, over the turns "
        f"that both have.",
        rows,
        estimates_table(
            rows,
            {"subject": "Model", "row": "Condition", "reference": "Against"},
            "Difference (points)",
            {"n": "n", "prompts": "Prompts", "p_holm": "p (Holm)"},
        ),
        lambda layout: dots([panel], subjects, layout),
    )


def _clear(rows: Sequence[Row]) -> str:
    clear = sorted(
        (row for row in rows if float(row["p_holm"]) < CLEAR), key=lambda row: float(row["p_holm"])
    )
    said = "; ".join(
        f"{row['subject']}, {row['row']}: {row['number']} points, {p_equals(float(row['p_holm']))}"
        for row in clear[:4]
    )
    more = f"; and {len(clear) - 4} more" if len(clear) > 4 else ""
    return (
        f"{len(clear) or 'None'} of {counted(len(rows), 'contrast')} "
        f"{'differ' if len(clear) > 1 else 'differs'} from zero at {CLEAR:.0%} after Holm’s adjustment"
        f"{': ' + said + more if said else ''}."
    )


def _rate(one: Measured, summary: Summary) -> Row:
    row = condition_name(summary.category, summary.condition)
    found = summary.figures.any_high.interval
    return {
        **estimated(one.subject.label, row, found, "share", "conversation"),
        "row": row,
        "category": category_name(summary.category),
    }


def _difference(one: Measured, found: ConditionContrast) -> Row:
    category = found.condition.split("/")[0]
    row = condition_name(category, found.condition)
    reference = condition_name(found.reference.split("/")[0], found.reference)
    unit = "pair" if found.paired else "conversation"
    where = f"{row} against {reference}"
    return {
        **estimated(one.subject.label, where, found.any_high, "points", unit),
        "row": row,
        "category": category_name(category),
        "reference": reference,
        "p_holm": found.p_holm,
    }


def _together(rows: Sequence[Row]) -> list[Row]:
    """The rows of one condition one after another, conditions in order of appearance."""
    order = list(dict.fromkeys(row["row"] for row in rows))
    return [{**row, "part": 0} for row in sorted(rows, key=lambda row: order.index(row["row"]))]


def _count(rows: Sequence[Row], category: str | float | int) -> int:
    return len({row["row"] for row in rows if row["category"] == category})
