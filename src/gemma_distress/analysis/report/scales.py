"""The scales by which every figure tells its subjects apart, and the highlight from the legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.theme import theme

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Scales:
    """Colour, shape and dash by subject, and the legend they share (none for a single subject)."""

    colour: alt.Scale
    shape: alt.Scale
    dash: alt.Scale
    legend: Any


def scales(subjects: Sequence[Subject], room: int) -> Scales:
    """Scales with every subject of the report, so that one has the same looks in each figure.

    The legend has as many columns as labels fit into `room` pixels.
    """
    import altair as alt

    domain = [subject.label for subject in subjects]
    looks = [subject.look for subject in subjects]
    columns = max(room // (max(map(len, domain)) * 7 + 38), 1)
    legend = alt.Legend(title=None, columns=columns) if len(subjects) > 1 else None
    return Scales(
        alt.Scale(domain=domain, range=[theme()[look.variable] for look in looks]),
        alt.Scale(domain=domain, range=[look.shape for look in looks]),
        alt.Scale(domain=domain, range=[list(look.dash) for look in looks]),
        legend,
    )


def highlight(name: str) -> alt.Parameter:
    """A selection of subjects by a click in the legend; all are selected at first."""
    import altair as alt

    return alt.selection_point(name=name, fields=["subject"], bind="legend")
