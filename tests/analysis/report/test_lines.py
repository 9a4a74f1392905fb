"""Curves: how panels stand, and what the axis numbers."""

from typing import Any

import pytest

from gemma_distress.analysis.report.figure import NARROW, WIDE, Layout, Row, in_parts
from gemma_distress.analysis.report.lines import Curves, curves
from gemma_distress.analysis.report.subjects import subjects_of
from gemma_distress.analysis.subjects import Group

pytest.importorskip("altair")


def drawn(panels: int, at: list[float], layout: Layout = WIDE) -> dict[str, Any]:
    """One subject that is at 0.5 everywhere."""
    group = Group(model="a", settings="", judge="", judge_version="", rubric="", pack="")
    rows: list[Row] = [
        {"subject": "a", "panel": f"p{panel}", "x": x, "says": "", "estimate": 0.5}
        | {"lower": 0.4, "upper": 0.6}
        for panel in range(panels)
        for x in at
    ]
    chart = curves(in_parts(rows, "panel"), subjects_of([group]), Curves("turn"), layout)
    found: dict[str, Any] = chart.to_dict()
    return found


@pytest.mark.parametrize(("panels", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)])
def test_four_panels_stand_two_by_two(panels: int, columns: int) -> None:
    assert drawn(panels, [1, 2])["columns"] == columns
    assert drawn(panels, [1, 2], NARROW)["columns"] == min(panels, 2)


def test_the_axis_numbers_turns_and_not_their_quarters() -> None:
    spec = drawn(1, [1, 1.25, 1.5, 1.75, 2, 2.25])
    layers = spec["concat"][0]["layer"]
    axes = [layer["encoding"]["x"]["axis"]["values"] for layer in layers]
    assert axes == [[1.0, 2.0]] * len(layers)
