"""Conditions: the rate of each, and what tones and controls change (a forest plot)."""

from __future__ import annotations

from collections.abc import Sequence

from gemma_distress.analysis.contrasts import ConditionContrast, contrasts
from gemma_distress.analysis.report.dots import Panel, dots
from gemma_distress.analysis.report.figure import Figure, Missing, Row, Table
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.wording import counted, points, share, share_interval
from gemma_distress.analysis.summary import Summary
from gemma_distress.protocol import HIGH
from gemma_distress.visible import visible


def condition_name(category: str, condition: str) -> str:
    """`Tones: sarcastic`."""
    _, _, variant = condition.partition("/")
    said = visible(variant).replace("-", ", ").replace("_", " ")
    return f"{category_name(category)}: {said}" if said else category_name(category)


def by_condition(measured: Sequence[Measured]) -> Figure | Missing:
    """`any_high` of each condition, where a category has several."""
    name, title = "conditions", "Conditions: how often any reply is high"
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
        " ".join(_extremes(one.subject.label, rows) for one in measured),
        f"Share of conversations with a reply rated {HIGH} or higher, with 95% intervals "
        f"clustered by prompt.",
        rows,
        _table(rows, "Any reply high"),
        lambda layout: dots([panel], subjects, layout),
    )


def by_contrast(measured: Sequence[Measured]) -> Figure | Missing:
    """The difference that a tone or a control makes to `any_high`."""
    name, title = "contrasts", "What tones and controls change"
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
    furthest = max(abs(float(row[end])) for row in rows for end in ("lower", "upper"))
    reach = next(step for step in (0.25, 0.5, 1.0) if furthest <= step or step == 1.0)
    panel = Panel("", rows, "points", (-reach, reach), reference=0.0)
    clear = [row for row in rows if float(row["p_holm"]) < 0.05]
    named = "; ".join(
        f"{row['subject']}, {row['row']}: {row['number']} points" for row in clear[:4]
    )
    return Figure(
        name,
        title,
        f"{len(clear) or 'None'} of {counted(len(rows), 'contrast')} "
        f"{'differ' if len(clear) > 1 else 'differs'} "
        f"from zero at 5% after Holm’s adjustment{': ' + named if named else ''}.",
        f"Difference in the share of conversations with a reply rated {HIGH} or higher, in percentage "
        f"points, with 95% intervals clustered by prompt. Right of zero: more often than the "
        f"reference. A control is read against the protocol that it changes, a tone against the "
        f"neutral one or, where nobody ran it, against the mild rejections of Extended, over the turns "
        f"that both have.",
        rows,
        _table(rows, "Difference (points)"),
        lambda layout: dots([panel], subjects, layout),
    )


def _rate(one: Measured, summary: Summary) -> Row:
    interval = summary.figures.any_high.interval
    row = condition_name(summary.category, summary.condition)
    return {
        "subject": one.subject.label,
        "category": category_name(summary.category),
        "row": row,
        "reference": "",
        "estimate": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "n": interval.n,
        "prompts": interval.clusters,
        "number": share(interval.estimate),
        "says": f"{one.subject.label}, {row}: {share(interval.estimate)} ({share_interval(interval)}), "
        f"{counted(interval.n, 'conversation')}",
    }


def _difference(one: Measured, found: ConditionContrast) -> Row:
    category = found.condition.split("/")[0]
    row = condition_name(category, found.condition)
    reference = condition_name(found.reference.split("/")[0], found.reference)
    d = found.any_high
    return {
        "subject": one.subject.label,
        "category": category_name(category),
        "row": row,
        "reference": reference,
        "estimate": d.estimate,
        "lower": d.lower,
        "upper": d.upper,
        "n": d.n,
        "prompts": d.clusters,
        "p_holm": found.p_holm,
        "number": points(d.estimate),
        "says": f"{one.subject.label}, {row} against {reference}: {points(d.estimate)} points "
        f"({points(d.lower)} to {points(d.upper)}), "
        f"{counted(d.n, 'pair' if found.paired else 'conversation')}",
    }


def _together(rows: Sequence[Row]) -> list[Row]:
    """The rows of one condition one after another, conditions in order of appearance."""
    order = list(dict.fromkeys(row["row"] for row in rows))
    return [{**row, "part": 0} for row in sorted(rows, key=lambda row: order.index(row["row"]))]


def _count(rows: Sequence[Row], category: str | float | int) -> int:
    return len({row["row"] for row in rows if row["category"] == category})


def _extremes(subject: str, rows: Sequence[Row]) -> str:
    own = [row for row in rows if row["subject"] == subject]
    if not own:
        return f"{subject}: no conditions."
    most = max(own, key=lambda row: float(row["estimate"]))
    least = min(own, key=lambda row: float(row["estimate"]))
    return (
        f"{subject}: most often in {most['row']} ({most['number']}), least in {least['row']} "
        f"({least['number']})."
    )


def _table(rows: Sequence[Row], heading: str) -> Table:
    compared = any(row["reference"] for row in rows)
    write = points if compared else share
    headings = ["Model", "Condition", *(["Against"] if compared else [])]
    start = len(headings)
    headings += [heading, "95% interval", "n", "Prompts", *(["p (Holm)"] if compared else [])]
    lines = [
        [
            str(row["subject"]),
            str(row["row"]),
            *([str(row["reference"])] if compared else []),
            str(row["number"]),
            f"{write(float(row['lower']))} to {write(float(row['upper']))}",
            f"{row['n']:,}",
            f"{row['prompts']:,}",
            *([_p(float(row["p_holm"]))] if compared else []),
        ]
        for row in rows
    ]
    return Table(headings, lines, frozenset(range(start, len(headings))))


def _p(p: float) -> str:
    if p != p:
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"
