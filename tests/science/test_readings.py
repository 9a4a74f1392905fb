"""Figures of readings, from the files of the commands."""

from pathlib import Path

import pytest
from tests.interp.conftest import *  # noqa: F403  (readings of the organism)

from gemma_distress.analysis.report.figure import NARROW, WIDE, Figure, Missing, drawing
from gemma_distress.interp import directions as module
from gemma_distress.interp.results import make_directions, make_divergence
from gemma_distress.interp.store import Readings
from gemma_distress.science.readings import figures
from gemma_distress.science.readings_curves import TITLES


def test_a_folder_without_readings_has_no_figure(tmp_path: Path) -> None:
    found = figures(tmp_path)
    assert [one.name for one in found] == list(TITLES)
    assert all(isinstance(one, Missing) for one in found)


def test_every_figure_is_drawn_at_both_widths_with_its_finding(
    readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUFFLES", 2)
    monkeypatch.setattr(module, "LEAST_OF_A_KIND", 2)
    make_directions(readings)
    make_divergence(readings)
    found = figures(readings.folder)
    assert [one.name for one in found] == list(TITLES)
    for one in found:
        assert isinstance(one, Figure), one
        assert one.finding
        assert one.table.rows
        for layout in (WIDE, NARROW):
            assert drawing(one, layout).svg.startswith("<svg")
    along = [row for row in found[0].rows if row["panel"] == "negative emotions"]
    assert {row["where"] for row in along} >= {"turn 1, quarter 1", "turn 2, quarter 4"}
    assert {row["subject"] for row in along} == {"base", "tuned, same text"}
    random = [row for row in found[1].rows if row["panel"] == "random words"]
    assert len(random) == 2 * readings.layers
