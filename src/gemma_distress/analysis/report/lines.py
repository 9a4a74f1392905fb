"""Small multiples of curves with bands: one panel for each category, one curve for each subject.

Rows have `subject` (a label), `panel` and its number `part`, `x`, `estimate`, `lower`, `upper` and
`says`, the words of the tooltip. A curve without a band (NaN) is drawn without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gemma_distress.analysis.report.figure import Layout, Row, part_of
from gemma_distress.analysis.report.scales import highlight, scales
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.wording import shortened

if TYPE_CHECKING:
    import altair as alt


GAP, LABELS = 14, 44
"""Pixels between panels, and beside each for the numbers of its axis."""
LETTER = 7
"""Pixels of a letter of a panel's title, about."""


@dataclass(frozen=True)
class Curves:
    """How the curves of a figure are drawn: the title of x, the unit of y, and steps."""

    x_title: str
    unit: Literal["share", "rating"] = "share"
    stepped: bool = False
    top: float | None = None
    """Upper end of the axis; the data's own where it is None."""
    bottom: float = 0.0
    numbers: str | None = None
    """How the axis writes numbers, in d3's format; by the unit where it is None."""


def curves(
    rows: Sequence[Row], subjects: Sequence[Subject], how: Curves, layout: Layout
) -> alt.ConcatChart:
    """The panels, in the order of their first rows."""
    import altair as alt

    panels = list(dict.fromkeys(str(row["panel"]) for row in rows))
    # Four stand two by two rather than three and one.
    columns = min(len(panels), 2 if layout.narrow or len(panels) == 4 else 3)
    width = (layout.width - GAP * (columns - 1)) // columns - LABELS
    top = how.top if how.top is not None else ceiling(rows, how.unit == "share")
    charts = []
    for panel in panels:
        own = [row for row in rows if row["panel"] == panel]
        chart = _panel(own, subjects, how, top, layout.width)
        title = alt.TitleParams(shortened(panel, max(width // LETTER, 8)), anchor="start")
        charts.append(
            chart.properties(width=width, height=120 if layout.narrow else 160, title=title)
        )
    chosen = [highlight("subject")] if len(subjects) > 1 else []
    together = alt.concat(*charts, columns=columns, spacing={"row": 20, "column": GAP})
    return together.add_params(*chosen)


def ceiling(rows: Sequence[Row], share: bool) -> float:
    """A round upper end of the axis that leaves room for every band.

    Shares end at 100% as soon as they pass a half: a curve at 60% should not touch the top.
    """
    ends = [float(row[key]) for row in rows for key in ("estimate", "upper")]
    highest = max((end for end in ends if end == end), default=0.0)
    steps = (0.05, 0.1, 0.25, 0.5, 1.0) if share else (2.0, 4.0, 6.0, 8.0, 10.0)
    return next((step for step in steps if highest <= step), steps[-1])


def _panel(
    rows: Sequence[Row], subjects: Sequence[Subject], how: Curves, top: float, room: int
) -> Any:
    import altair as alt

    at = sorted({float(row["x"]) for row in rows})
    scale = scales(subjects, room)
    x = alt.X("x:Q", title=how.x_title).scale(
        domain=[at[0], max(at[-1], at[0] + 1)], nice=False, padding=8
    )
    # Parts of a whole (quarters of a turn) lie between its numbers.
    whole = [value for value in at if value == int(value)]
    x = x.axis(values=whole, format="d", grid=False, labelOverlap=True)
    y_scale = alt.Scale(domain=[how.bottom, top], nice=False)
    numbers = how.numbers or ("~%" if how.unit == "share" else "d")
    y_axis = alt.Axis(format=numbers, tickCount=4, title=None)
    y = alt.Y("estimate:Q", scale=y_scale, axis=y_axis)
    interpolate: Any = "step" if how.stepped else "linear"
    chosen = highlight("subject")
    seen: Any = alt.value(1)
    faint: Any = alt.value(0.16)
    if scale.legend is not None:
        seen = alt.condition(chosen, alt.value(1), alt.value(0.12))
        faint = alt.condition(chosen, alt.value(0.16), alt.value(0.03))
    colour = alt.Color("subject:N", scale=scale.colour, legend=scale.legend)
    base, banded = part_of(rows).encode(x=x), part_of(rows, banded=True).encode(x=x)
    return alt.layer(
        banded.mark_area(interpolate=interpolate, clip=True).encode(
            y=alt.Y("lower:Q", scale=y_scale, axis=y_axis),
            y2="upper:Q",
            color=colour,
            opacity=faint,
        ),
        base.mark_line(interpolate=interpolate, strokeWidth=2).encode(
            y=y,
            color=colour,
            strokeDash=alt.StrokeDash("subject:N", scale=scale.dash, legend=None),
            opacity=seen,
        ),
        base.mark_point(filled=True, size=44, opacity=1).encode(
            y=y,
            color=colour,
            shape=alt.Shape("subject:N", scale=scale.shape, legend=scale.legend),
            opacity=seen,
            tooltip=alt.Tooltip("says:N", title=" "),
        ),
    )
