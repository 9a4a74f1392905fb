"""The figures of prefill and recovery: what helps is told, and a model looks alike in both."""

from pathlib import Path
from typing import Any

import pytest
from tests.analysis.test_prefix_rates import found

from gemma_distress.analysis.prefill import Prefill
from gemma_distress.analysis.prefix_rates import arm_contrasts, rates
from gemma_distress.analysis.recovery import Recovery, _helps
from gemma_distress.analysis.report.figure import WIDE, Figure
from gemma_distress.commands.shown import write_json
from gemma_distress.science import prefill, recovery

pytest.importorskip("altair")

HIGH, CALM = [[6, 6], [6, 6]], [[0, 0], [0, 0]]


def figure_of_prefill(folder: Path, *arms: str) -> Figure:
    some = found({arm: {"numeric-early": HIGH, "numeric-onset": CALM} for arm in arms})
    result = Prefill(tuple(rates(some)), tuple(arm_contrasts(some)), ())
    write_json(result, folder / "prefill.json")
    [figure] = prefill.figures(folder)
    assert isinstance(figure, Figure)
    return figure


def figure_of_recovery(folder: Path, *arms: str) -> Figure:
    helps = {"none": HIGH, "hidden": CALM, "go_on": HIGH, "apology": CALM}
    some = found(dict.fromkeys(arms, helps), task="recovery")
    result = Recovery(
        tuple(rates(some)), tuple(arm_contrasts(some)), tuple(_helps(some)), tuple(some.notes())
    )
    write_json(result, folder / "recovery.json")
    [figure] = recovery.figures(folder)
    assert isinstance(figure, Figure)
    return figure


def colours(figure: Figure) -> dict[str, str]:
    """By label of a model, from the scale that the drawing has."""

    def scales(spec: Any) -> Any:
        if isinstance(spec, dict):
            if {"domain", "range"} <= set(spec) and "#" in str(spec["range"]):
                yield dict(zip(spec["domain"], spec["range"], strict=True))
            for inner in spec.values():
                yield from scales(inner)
        elif isinstance(spec, list):
            for inner in spec:
                yield from scales(inner)

    return next(scales(figure.draw(WIDE).to_dict()))


def test_what_helps_is_told_against_its_reference_for_each_model(tmp_path: Path) -> None:
    figure = figure_of_recovery(tmp_path, "x/a")
    assert figure.finding.startswith("a, in points: earlier replies hidden −100.0 (")
    assert ") over nothing" in figure.finding
    assert "an apology −100.0 (" in figure.finding
    assert ") over “Please go on.”" in figure.finding


def test_a_model_looks_alike_whichever_is_held_against_which(tmp_path: Path) -> None:
    one = colours(figure_of_prefill(tmp_path, "x/b", "x/a", "x/c"))
    other = colours(figure_of_recovery(tmp_path, "x/a", "x/c", "x/b"))
    assert one == other
    assert len(set(one.values())) == 3
