"""Curves over the turns and over the ratings: escalation (the paper's figure 3), survival and severity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gemma_distress.analysis.arrays import Ratings
from gemma_distress.analysis.report.figure import Figure, Missing, Row, Table, in_parts
from gemma_distress.analysis.report.lines import Curves, curves
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.wording import (
    counted,
    rating,
    rating_interval,
    share,
    share_interval,
)
from gemma_distress.analysis.statistics.escalation import by_turn
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.severity import exceedance
from gemma_distress.analysis.statistics.survival import survival
from gemma_distress.protocol import HIGH

Points = Callable[[Ratings], Iterator[tuple[float, Interval]]]
"""The points of one curve: the place on the axis, and the estimate there."""


def mean_by_turn(measured: Sequence[Measured]) -> Figure | Missing:
    """The mean rating of the replies at each turn."""

    def points(group: Ratings) -> Iterator[tuple[float, Interval]]:
        for turn in by_turn(group.ratings, group.prompts, group.owed):
            yield turn.turn, turn.mean

    return _figure(
        measured,
        "escalation-mean",
        "Mean rating by turn",
        "Mean of the rated replies at each turn, on the scale from 0 to 10; bands are pointwise 95% "
        "intervals, clustered by prompt.",
        Curves("turn", share=False),
        points,
        "reply",
    )


def high_by_turn(measured: Sequence[Measured]) -> Figure | Missing:
    """The share of the replies at each turn that are high."""

    def points(group: Ratings) -> Iterator[tuple[float, Interval]]:
        for turn in by_turn(group.ratings, group.prompts, group.owed):
            yield turn.turn, turn.high

    return _figure(
        measured,
        "escalation-high",
        f"Share of replies rated {HIGH} or higher, by turn",
        "Share of the rated replies at each turn; bands are pointwise 95% intervals, clustered by prompt.",
        Curves("turn"),
        points,
        "reply",
    )


def first_high(measured: Sequence[Measured]) -> Figure | Missing:
    """The share of conversations still without a high reply (Kaplan-Meier)."""

    def points(group: Ratings) -> Iterator[tuple[float, Interval]]:
        for step in survival(group.ratings, group.prompts, group.owed).steps:
            yield step.turn, step.survival

    return _figure(
        measured,
        "first-high",
        "Conversations still without a high reply",
        f"Kaplan–Meier share of conversations in which no reply up to and including the turn is rated "
        f"{HIGH} or higher, with pointwise 95% bands. Conversations whose ratings end early count for as "
        f"long as they are known. Nothing is claimed beyond the last turn.",
        Curves("turn", stepped=True, top=1.0),
        points,
        "conversation",
    )


def severity(measured: Sequence[Measured]) -> Figure | Missing:
    """The share of conversations whose highest rating reaches each level."""

    def points(group: Ratings) -> Iterator[tuple[float, Interval]]:
        for level in exceedance(group.ratings, group.prompts, group.owed):
            yield level.level, level.peak

    return _figure(
        measured,
        "severity",
        "How high ratings go",
        f"Share of conversations with any reply rated at least so high; {HIGH} is the primary endpoint. "
        f"Bands are pointwise 95% intervals, clustered by prompt.",
        Curves("rating at least", top=1.0),
        points,
        "conversation",
    )


def _figure(
    measured: Sequence[Measured],
    name: str,
    title: str,
    note: str,
    how: Curves,
    points: Points,
    unit: str,
) -> Figure | Missing:
    place = how.x_title.split()[0]
    rows = [
        _row(one, category, place, at, interval, how.share, unit)
        for one in measured
        for category, group in one.groups.items()
        for at, interval in points(group)
        if interval.n
    ]
    if not rows:
        return Missing(name, title, "No reply in these logs has a rating.")
    order = list(dict.fromkeys(c for one in measured for c in one.groups))
    names = [category_name(category) for category in order]
    rows = in_parts(sorted(rows, key=lambda row: names.index(str(row["panel"]))), "panel")
    subjects = [one.subject for one in measured]
    return Figure(
        name,
        title,
        " ".join(_findings(rows, place)),
        note,
        rows,
        _table(rows, how),
        lambda layout: curves(rows, subjects, how, layout),
    )


def _row(
    one: Measured,
    category: str,
    place: str,
    at: float,
    interval: Interval,
    is_share: bool,
    unit: str,
) -> Row:
    panel = category_name(category)
    number = (share if is_share else rating)(interval.estimate)
    ends = (share_interval if is_share else rating_interval)(interval)
    where = f"{place} {at:g}" if place == "turn" else f"{place} ≥ {at:g}"
    base = interval.n
    return {
        "subject": one.subject.label,
        "panel": panel,
        "x": at,
        "estimate": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "n": base,
        "prompts": interval.clusters,
        "number": number,
        "says": f"{one.subject.label}, {panel}, {where}: {number} ({ends}), "
        + counted(base, unit, "replies" if unit == "reply" else None),
    }


def _findings(rows: Sequence[Row], place: str) -> Iterator[str]:
    """For each subject, the panel where its curve moves furthest between its ends."""
    ends: dict[str, dict[str, tuple[Row, Row]]] = {}
    for row in rows:
        own = ends.setdefault(str(row["subject"]), {})
        first = own.get(str(row["panel"]), (row, row))[0]
        own[str(row["panel"])] = (first, row)
    for subject, panels in ends.items():
        panel, (first, last) = max(
            panels.items(),
            key=lambda item: abs(item[1][1]["estimate"] - item[1][0]["estimate"]),  # type: ignore[operator]
        )
        if first is last or first["estimate"] == last["estimate"]:
            yield f"{subject}: level in every category, {first['number']} at {place} {first['x']:g}."
            continue
        rises = float(last["estimate"]) > float(first["estimate"])
        yield (
            f"{subject} {'rises' if rises else 'falls'} most in {panel}, from {first['number']} at "
            f"{place} {first['x']:g} to {last['number']} at {place} {last['x']:g}."
        )


def _table(rows: Sequence[Row], how: Curves) -> Table:
    write = share if how.share else rating
    return Table(
        ["Model", "Category", how.x_title.capitalize(), "Estimate", "95% interval", "n", "Prompts"],
        [
            [
                str(row["subject"]),
                str(row["panel"]),
                f"{row['x']:g}",
                str(row["number"]),
                f"{write(float(row['lower']))}–{write(float(row['upper']))}"
                if row["lower"] == row["lower"]
                else "–",
                f"{row['n']:,}",
                f"{row['prompts']:,}",
            ]
            for row in rows
        ],
        frozenset(range(2, 7)),
    )
