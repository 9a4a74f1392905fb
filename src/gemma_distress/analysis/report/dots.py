"""Estimates with intervals, by row: a point, a line for the interval, and the number beside it.

Rows of data have `subject` (a label), `row`, the number `part` of their panel, `estimate`, `lower`,
`upper`, `number` (what is written beside it) and `says` (the words of the tooltip).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gemma_distress.analysis.report.estimates import furthest
from gemma_distress.analysis.report.figure import Layout, Row, part_of
from gemma_distress.analysis.report.scales import highlight, scales
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.theme import theme

if TYPE_CHECKING:
    import altair as alt


GAP, NUMBERS = 18, 50
"""Pixels between panels, and beside each for its column of numbers."""
MOST_ABREAST = 3
CUT = "…"
"""Stands where an interval is cut off by the end of the axis."""


def reach(rows: Sequence[Row]) -> tuple[float, float]:
    """An axis of differences, alike on both sides of zero, with round ends."""
    end = next((step for step in (0.25, 0.5) if furthest(rows) <= step), 1.0)
    return -end, end


@dataclass(frozen=True)
class Panel:
    """One measure: its title, the rows of data, its axis, and where a reference line stands."""

    title: str
    rows: Sequence[Row]
    unit: Literal["share", "points", "rating", "odds"]
    domain: tuple[float, float]
    reference: float | None = None
    """Where a line across all rows says that nothing differs."""


def dots(
    panels: Sequence[Panel], subjects: Sequence[Subject], layout: Layout, *, alike: bool = True
) -> alt.TopLevelMixin:
    """Panels side by side where there is room, else below each other; rows in order of appearance.

    Panels that are `alike` share their rows, which are named once. Otherwise each names its own, and no
    two subjects share a panel.
    """
    import altair as alt

    orders = [list(dict.fromkeys(str(row["row"]) for row in panel.rows)) for panel in panels]
    count = 1 if layout.narrow else min(len(panels), MOST_ABREAST)
    if alike and count > 1:
        orders = [list(dict.fromkeys(name for order in orders for name in order))] * len(panels)
    longest = max((len(name) for order in orders for name in order), default=0)
    names = round(6.6 * min(longest, 26)) + 12
    named = 1 if alike else count
    width = (layout.width - names * named - GAP * (count - 1)) // count - NUMBERS
    room = layout.width if len(panels) > 1 and count > 1 else layout.width - names
    charts = [
        _panel(
            panel,
            order,
            subjects,
            width,
            room,
            names_shown=not alike or place % count == 0,
            legend=alike,
        )
        for place, (panel, order) in enumerate(zip(panels, orders, strict=True))
    ]
    chosen = [highlight("subject")] if alike and len(subjects) > 1 else []
    if len(charts) == 1:
        only: alt.TopLevelMixin = charts[0].add_params(*chosen)
        return only
    spacing = {"row": 24, "column": GAP}
    shared: Literal["shared", "independent"] = "shared" if alike and count > 1 else "independent"
    together = alt.concat(*charts, columns=count, spacing=spacing)
    drawn: alt.TopLevelMixin = together.resolve_scale(y=shared, x="independent").add_params(*chosen)
    return drawn


def _panel(
    panel: Panel,
    order: Sequence[str],
    subjects: Sequence[Subject],
    width: int,
    room: int,
    names_shown: bool,
    legend: bool,
) -> Any:
    import altair as alt

    scale = scales(subjects, room)
    shown = scale.legend if legend else None
    labels = alt.Axis(
        grid=False,
        domain=False,
        labelLimit=190,
        labelFontSize=13,
        labelColor=theme()["ink"],
        title=None,
    )
    y = alt.Y("row:N", axis=labels if names_shown else None).scale(
        domain=list(order), paddingInner=0.3
    )
    x_scale = alt.Scale(
        domain=list(panel.domain),
        nice=False,
        clamp=True,
        type="log" if panel.unit == "odds" else "linear",
    )
    x_axis = _axis(panel)
    x = alt.X("estimate:Q", scale=x_scale, axis=x_axis)
    chosen = highlight("subject")
    seen: Any = alt.value(1)
    if shown is not None:
        seen = alt.condition(chosen, alt.value(1), alt.value(0.12))
    base = part_of(panel.rows).encode(y=y)
    present = {row["subject"] for row in panel.rows}
    if len(present) > 1:
        domain = [subject.label for subject in subjects]
        base = base.encode(yOffset=alt.YOffset("subject:N").scale(domain=domain, paddingInner=0.2))
    colour = alt.Color("subject:N", scale=scale.colour, legend=shown)
    shape = alt.Shape("subject:N", scale=scale.shape, legend=shown)
    tooltip = alt.Tooltip("says:N", title=" ")
    layers: list[Any] = []
    if panel.reference is not None:
        rule = part_of(panel.rows).transform_aggregate(rows="count()")
        layers.append(
            rule.mark_rule(color=theme()["quiet"], strokeDash=[3, 3]).encode(
                x=alt.XDatum(panel.reference, type="quantitative", scale=x_scale, axis=x_axis)
            )
        )
    layers += [
        base.mark_rule(strokeWidth=2, strokeCap="round").encode(
            x=alt.X("lower:Q", scale=x_scale, axis=x_axis), x2="upper:Q", color=colour, opacity=seen
        ),
        base.mark_point(filled=True, size=64, opacity=1).encode(
            x=x, color=colour, shape=shape, opacity=seen, tooltip=tooltip
        ),
        *(mark.encode(color=colour, opacity=seen) for mark in _cuts(base, panel, width)),
        base.mark_text(align="right", baseline="middle", fontSize=12, color=theme()["ink"]).encode(
            x=alt.value(width + NUMBERS - 2), text="number:N", opacity=seen
        ),
    ]
    chart = alt.layer(*layers)
    step: Any = {"step": 17, "for": "offset"} if len(present) > 1 else {"step": 27}
    chart = chart.properties(width=width, height=step)
    return chart.properties(title=alt.TitleParams(panel.title)) if panel.title else chart


def _cuts(base: alt.Chart, panel: Panel, width: int) -> list[alt.Chart]:
    """Marks beyond the ends of the axis, in the line of each interval that goes on there."""
    import altair as alt

    low, high = panel.domain
    below = alt.FieldLTPredicate(field="lower", lt=low)
    above = alt.FieldGTPredicate(field="upper", gt=high)
    on_line: Any = {"text": CUT, "fontSize": 14, "baseline": "alphabetic", "dy": 1}
    marks = []
    if any(float(row["lower"]) < low for row in panel.rows):
        mark = base.transform_filter(below).mark_text(align="right", dx=-2, **on_line)
        marks.append(mark.encode(x=alt.value(0)))
    if any(float(row["upper"]) > high for row in panel.rows):
        mark = base.transform_filter(above).mark_text(align="left", dx=2, **on_line)
        marks.append(mark.encode(x=alt.value(width)))
    return marks


def _axis(panel: Panel) -> alt.Axis:
    import altair as alt

    low, high = panel.domain
    if panel.unit == "odds":
        values = [10.0**power for power in range(4) if low <= 10.0**power <= high]
        return alt.Axis(values=values, format="~g", title=None)
    parts = 2 if panel.unit == "rating" else 4
    values = [low + (high - low) * part / parts for part in range(parts + 1)]
    if panel.unit == "points":
        said = "datum.value == 0 ? '0' : format(100 * datum.value, '+~g')"
        return alt.Axis(values=values, labelExpr=said, title=None, labelOverlap=True)
    kind = "~%" if panel.unit == "share" else "d"
    return alt.Axis(values=values, format=kind, title=None, labelOverlap=True)
