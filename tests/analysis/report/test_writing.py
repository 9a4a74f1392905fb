"""What a second report leaves of the first."""

from pathlib import Path

import pytest
from tests.analysis.report.reports import reported
from tests.analysis.tables import table

from gemma_distress.analysis.report.writing import remove_others
from gemma_distress.errors import UsageError


def test_figures_of_an_earlier_report_go_and_nothing_else_does(tmp_path: Path) -> None:
    tones = [
        {"ratings": [1, 6], "category": "tones", "condition": f"tones/{tone}", "prompt_id": "p"}
        for tone in ("neutral", "sarcastic")
    ]
    first, _ = reported(table(tones), tmp_path)
    assert first.figures / "conditions.svg" in first.files
    others = ["conditions.txt", "mine.svg", "conditions.svg.bak", "conditions-2.png"]
    for name in others:
        (first.figures / name).write_text("mine")
    (first.figures / "words.csv").mkdir()  # no file that a report wrote
    second, html = reported(table([{"ratings": [1, 6]}]), tmp_path)
    kept = {path.name for path in second.figures.iterdir()}
    assert kept == {path.name for path in second.files} | {*others, "words.csv"}
    assert "conditions.svg" not in html


def test_what_cannot_be_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "words.svg").write_text("")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UsageError, match="a figure of an earlier report, cannot be removed"):
        remove_others(tmp_path, [])
