"""Curves over the turns and over the ratings: escalation (the paper's figure 3), survival and severity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from gemma_distress.analysis.arrays import Ratings
from gemma_distress.analysis.report.estimates import (
    estimated,
    estimates_table,
    highest,
    rows_by,
)
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row, in_parts
from gemma_distress.analysis.report.lines import Curves, curves
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.wording import named, points, rating
from gemma_distress.analysis.statistics.escalation import Turn, by_turn
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.severity import exceedance
from gemma_distress.analysis.statistics.survival import survival
from gemma_distress.protocol import HIGH

Findings = Callable[[Sequence[Row]], Iterator[str]]
Points = Callable[[Ratings], Iterable[tuple[float, Interval]]]
"""The points of one curve: the place on the axis, and the estimate there."""

ALL = "All categories"
SEVERE = (7, 9)
"""Levels that the finding about severity names: the rubric's very strong and extreme (paper §B)."""


def mean_by_turn(measured: Sequence[Measured]) -> Figure | Missing:
    """The mean rating of the replies at each turn."""
    return _figure(
        measured,
        "escalation-mean",
        "Mean rating by turn",
        "Mean of the rated replies at each turn, on the scale from 0 to 10; bands are pointwise 95% "
        "intervals, clustered by prompt.",
        Curves("turn", "rating"),
        lambda group: ((one.turn, one.mean) for one in _turns(group)),
        ("reply", "replies"),
    )


def high_by_turn(measured: Sequence[Measured]) -> Figure | Missing:
    """The share of the replies at each turn that are high."""
    return _figure(
        measured,
        "escalation-high",
        f"Share of replies rated {HIGH} or higher, by turn",
        "Share of the rated replies at each turn; bands are pointwise 95% intervals, clustered by prompt.",
        Curves("turn"),
        lambda group: ((one.turn, one.high) for one in _turns(group)),
        ("reply", "replies"),
    )


def first_high(measured: Sequence[Measured]) -> Figure | Missing:
    """The share of conversations still without a high reply (Kaplan-Meier)."""
    return _figure(
        measured,
        "first-high",
        "Conversations still without a high reply",
        f"Kaplan–Meier share of conversations in which no reply up to and including the turn is rated "
        f"{HIGH} or higher, with pointwise 95% bands. Conversations whose ratings end early count for as "
        f"long as they are known. Nothing is claimed beyond the last turn.",
        Curves("turn", stepped=True, top=1.0),
        lambda group: (
            (step.turn, step.survival)
            for step in survival(group.ratings, group.prompts, group.owed).steps
        ),
        ("conversation", "conversations"),
    )


def severity(measured: Sequence[Measured]) -> Figure | Missing:
    """The share of conversations whose highest rating reaches each level, by category and over all."""
    return _figure(
        measured,
        "severity",
        "How high ratings go",
        f"Share of conversations with any reply rated at least so high; {HIGH} is the primary endpoint. "
        f"Bands are pointwise 95% intervals, clustered by prompt.",
        Curves("rating at least", top=1.0),
        lambda group: (
            (one.level, one.peak) for one in exceedance(group.ratings, group.prompts, group.owed)
        ),
        ("conversation", "conversations"),
        _reached,
        also_all=True,
    )


def _turns(group: Ratings) -> Sequence[Turn]:
    return by_turn(group.ratings, group.prompts, group.owed)


def _moved(rows: Sequence[Row]) -> Iterator[str]:
    """For each subject, the categories in which its curve moves furthest between its ends."""
    for subject, own in rows_by(rows, "subject").items():
        ends = {panel: (curve[0], curve[-1]) for panel, curve in rows_by(own, "panel").items()}
        moves = [_move(panel, *both) for panel, both in ends.items()]
        top = [str(row["row"]) for row in highest(moves)]
        first, last = ends[top[0]]
        if first["number"] == last["number"]:
            yield f"{subject}: level in every category."
        elif len(top) > 1:
            by = highest(moves)[0]["number"]
            yield f"{subject} moves most in {named(top)}, by {by} in each."
        else:
            rises = float(last["estimate"]) > float(first["estimate"])
            yield (
                f"{subject} {'rises' if rises else 'falls'} most in {top[0]}, from {first['number']} at "
                f"turn {first['x']} to {last['number']} at turn {last['x']}."
            )


def _move(panel: str, first: Row, last: Row) -> Row:
    size = abs(float(last["estimate"]) - float(first["estimate"]))
    number = rating(size) if first["unit"] == "rating" else f"{points(size).lstrip('+')} points"
    return {"row": panel, "estimate": size, "number": number}


def _reached(rows: Sequence[Row]) -> Iterator[str]:
    """The share of each subject's conversations that reach the severe levels, and who is highest."""
    whole: list[Row] = []
    for subject, own in rows_by(rows, "subject").items():
        said = []
        for level in SEVERE:
            at = [row for row in own if row["x"] == level]
            if not at:
                said.append(f"not known how many reach {level}")
                continue
            parts = [{**row, "row": row["panel"]} for row in at if row["panel"] != ALL]
            over_all = next((row for row in at if row["panel"] == ALL), at[0])
            whole.append({**over_all, "row": subject})
            most = highest(parts)
            where = (
                f", most often in {named([str(row['row']) for row in most])} ({most[0]['number']})"
                if len(most) < len(parts)
                else ""
            )
            said.append(f"{over_all['number']} ({over_all['range']}) reach {level}{where}")
        yield f"{subject}, of all conversations: {'; '.join(said)}."
    for level in SEVERE:
        at = [row for row in whole if row["x"] == level]
        most = highest(at)
        if len(most) < len(at):
            yield f"Most reach {level} with {named([str(row['row']) for row in most])}."
        elif len(at) > 1:
            yield f"At {level} all are level."


def _figure(
    measured: Sequence[Measured],
    name: FigureName,
    title: str,
    note: str,
    how: Curves,
    curve: Points,
    of: tuple[str, str],
    findings: Findings = _moved,
    also_all: bool = False,
) -> Figure | Missing:
    """Curves by category and, with `also_all`, over all of a subject's categories where it has several."""
    rows = [
        _row(one, panel, at, interval, how, of)
        for one in measured
        for panel, group in _panels(one, also_all)
        for at, interval in curve(group)
        if interval.n
    ]
    if not rows:
        return Missing(name, title, "No reply in these logs has a rating.")
    panels = dict.fromkeys(str(row["panel"]) for row in rows)
    order = sorted(panels, key=lambda panel: panel == ALL)
    rows = in_parts(sorted(rows, key=lambda row: order.index(str(row["panel"]))), "panel")
    subjects = [one.subject for one in measured]
    return Figure(
        name,
        title,
        " ".join(findings(rows)),
        note,
        rows,
        estimates_table(
            rows,
            {"subject": "Model", "panel": "Category", "x": how.x_title.capitalize()},
            "Estimate",
            {"n": of[1].capitalize(), "prompts": "Prompts"},
        ),
        lambda layout: curves(rows, subjects, how, layout),
    )


def _panels(one: Measured, also_all: bool) -> list[tuple[str, Ratings]]:
    found = [(category_name(category), group) for category, group in one.groups.items()]
    return [*found, (ALL, one.own)] if also_all and len(found) > 1 else found


def _row(
    one: Measured, panel: str, at: float, interval: Interval, how: Curves, of: tuple[str, str]
) -> Row:
    where = f"{panel}, {how.x_title} {at:g}"
    found = estimated(one.subject.label, where, interval, how.unit, *of)
    return {**found, "panel": panel, "x": int(at)}
