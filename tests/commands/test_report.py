"""`gemma-distress report`: what it prints, and its refusals."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.analysis.report.reports import reported
from tests.analysis.tables import table

from gemma_distress.analysis.report import needed
from gemma_distress.commands.report import as_object, report
from gemma_distress.commands.shown import plain


def test_json_has_paths_and_the_verdict(tmp_path: Path) -> None:
    turns = table([{"ratings": [1, 6]}, {"ratings": [1, None]}])
    found = plain(as_object(reported(turns, tmp_path)[0]))
    json.dumps(found, allow_nan=False)
    assert found["page"] == str(tmp_path / "report.html")
    assert found["figures"] == str(tmp_path / "report_files")
    [verdict] = found["verdicts"]
    # One of one known conversation is high; the other is open, so between one and two of two.
    assert verdict["model"] == "scripted/a"
    assert verdict["any_high"]["estimate"] == 1
    assert verdict["any_high"]["n"] == 1
    assert verdict["unknown"] == 1
    assert verdict["if_none_and_if_all"] == [0.5, 1]
    assert verdict["macro_paper_high"] is None
    assert all(Path(path).exists() for path in found["files"])


@pytest.mark.parametrize("limit", ["5", "much", "-1%"])
def test_a_limit_is_a_share(limit: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(report, [str(tmp_path), f"--max-high={limit}"])
    assert found.exit_code == 2
    assert "Invalid value for '--max-high'" in found.stderr


def test_what_is_not_installed_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(needed.NEEDED, "altair_that_nobody_installed", "altair")
    found = CliRunner().invoke(report, [str(tmp_path)])
    assert found.exit_code == 2
    assert "The report needs altair, which is not installed" in found.stderr
    assert "pip install 'gemma-distress[report]'" in found.stderr


def test_every_key_of_the_json_is_in_its_page(tmp_path: Path) -> None:
    turns = table([{"ratings": [1, 6], "model": name, "log": name} for name in ("x/a", "x/b")])
    found = as_object(reported(turns, tmp_path, max_high=0.01)[0])
    inner = [found["verdicts"][0], found["compared"], found["gate"][0]]
    docs = (Path(__file__).parents[2] / "docs" / "report.md").read_text("utf-8")
    for key in [*found, *(key for part in inner for key in part)]:
        assert f"`{key}`" in docs or f".{key}`" in docs, key
