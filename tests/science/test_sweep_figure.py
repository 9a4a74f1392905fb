"""The figure of a sweep, drawn from its file alone."""

from pathlib import Path

import pytest
from tests.finetune.some_sweep import some_sweep, without

from gemma_distress.analysis.report.figure import NARROW, WIDE, Figure, Missing, drawing
from gemma_distress.finetune.sweep_results import ALL, MACRO, NOTHING_TO_COMPARE, write_sweep
from gemma_distress.science.sweep import figures

pytest.importorskip("altair")


def drawn(folder: Path, **given) -> Figure:
    write_sweep(some_sweep(**given), folder)
    [figure] = figures(folder)
    assert isinstance(figure, Figure)
    return figure


def test_without_a_sweep_it_says_how_to_make_one(tmp_path: Path):
    [missing] = figures(tmp_path)
    assert isinstance(missing, Missing)
    assert "finetune sweep PAIRS" in missing.reason


def test_a_range_without_the_average_is_drawn_by_all_conversations_and_one_without_these_is_not(
    tmp_path: Path,
):
    lacking = without(some_sweep(), MACRO)
    write_sweep(lacking, tmp_path)
    [figure] = figures(tmp_path)
    assert isinstance(figure, Figure)
    assert "All conversations" in drawing(figure, WIDE).svg
    write_sweep(without(lacking, ALL), tmp_path)
    [missing] = figures(tmp_path)
    assert missing == Missing("sweep", "By the layers that were trained", NOTHING_TO_COMPARE)


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_a_row_for_each_range_with_its_seeds_and_their_mean(tmp_path: Path, layout):
    figure = drawn(tmp_path)
    high = [row for row in figure.rows if row["part"] == 0]
    assert [(row["row"], row["subject"]) for row in high[:4]] == [
        ("Layers 0-1", "Mean over seeds"),
        ("Layers 0-1", "Seed 42"),
        ("Layers 0-1", "Seed 43"),
        ("Layers 2-3", "Mean over seeds"),
    ]
    assert [row["number"] for row in high[:3]] == ["−91.7", "−100.0", "−83.3"]
    svg = drawing(figure, layout).svg
    for said in ("Layers 0-1", "All layers", "Mean over seeds", "Seed 43", "−91.7"):
        assert said in svg


def test_in_words_all_layers_come_first_and_then_the_largest_fall(tmp_path: Path):
    said = drawn(tmp_path).finding
    assert said.startswith("All layers: 100% before")
    places = [said.index(name) for name in ("All layers", "Layers 0-1", "Layers 2-3")]
    assert places == sorted(places)
    assert "by seed −100.0 to −83.3); against all layers −33.3 (" in said


def test_the_table_has_the_categories_and_what_it_cost(tmp_path: Path):
    table = drawn(tmp_path).table
    of_first = [row[1] for row in table.rows if row[0] == "Layers 0-1"]
    assert of_first == [
        *["Average over the five"] * 3,
        *("Numeric", "Triggers", "Tones", "Extended", "WildChat"),
        "A reply not coherent",
    ]
    assert {row[-1] for row in table.rows} == {"2,000", "6,000"}


def test_unequal_widths_are_said_beside_it(tmp_path: Path):
    assert "differ in width" not in drawn(tmp_path).note
    assert "differ in width" in drawn(tmp_path, ranges=((0, 1), (2, 4), None)).note


def test_axes_hold_what_is_drawn(tmp_path: Path):
    """Words fell by nearly a half at most, so the axis of ratios reaches that far."""
    spec = drawing(drawn(tmp_path), WIDE).spec
    assert "'domain': [0.5, 1.5]" in str(spec)
    assert "'domain': [-1.0, 1.0]" in str(spec)
