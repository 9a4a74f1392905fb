"""The page of the science: what is there is drawn, what is not is said."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gemma_distress.__main__ import main
from gemma_distress.errors import UsageError
from gemma_distress.science.page import PARTS, science


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no results"):
        science(tmp_path)


def test_every_part_has_a_module_that_says_what_it_lacks(tmp_path: Path) -> None:
    for part in PARTS:
        (tmp_path / part).mkdir()
    found = science(tmp_path)
    page = found.page.read_text("utf-8")
    assert {one.name.split("-")[0] for one in found.missing} >= {*PARTS} - {"readings"}
    for heading, _ in PARTS.values():
        assert heading in page
    for one in found.missing:
        assert one.title in page
    assert not found.figures
    assert "6 of 6 parts<" in page


def test_the_command_names_what_was_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    told = CliRunner().invoke(main, ["science", str(tmp_path)], catch_exceptions=False)
    assert told.exit_code == 0
    assert "Not drawn" in told.output
    assert f"Page: {tmp_path / 'science.html'}" in told.output
    page = (tmp_path / "science.html").read_text("utf-8")
    assert (
        "1 of 6 parts; no results of prefill, recovery, sweep, readings and capabilities<" in page
    )


def test_a_result_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "recovery").mkdir()
    (tmp_path / "recovery" / "recovery.json").write_text("{", "utf-8")
    told = CliRunner().invoke(main, ["science", str(tmp_path)])
    assert told.exit_code == 2
    assert "recovery.json" in told.output
    assert not isinstance(told.exception, json.JSONDecodeError)
