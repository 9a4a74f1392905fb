"""The table of results in narrow terminals, and the command it gives for the log viewer."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console
from tests.suite.command import arguments, call, pure

from gemma_distress.suite.outcome import read_outcome
from gemma_distress.suite.table import WIDTH, show_outcome


def shown(folder: Path, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(show_outcome(read_outcome(folder), width))
    return console.file.getvalue().splitlines()


def test_nothing_is_cut_in_eighty_columns(
    openai_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "run"
    assert call(*arguments(openai_server(pure()), folder, tasks="triggers")).exit_code == 0
    wide, narrow = shown(folder, WIDTH), shown(folder, 80)
    [row] = [line for line in wide if line.startswith("triggers ")]
    cells = row.split("  ")
    figures = [cell.strip() for cell in cells if "[" in cell]
    assert len(figures) == 3  # mean rating, any high, the paper's reading
    row_at = next(n for n, line in enumerate(narrow) if line.startswith("triggers "))
    for figure in figures:
        estimate, interval = figure.split(" ", 1)
        assert estimate in narrow[row_at]
        assert interval in narrow[row_at + 1]
    assert not any("…" in line for line in narrow[: row_at + 2])
    assert max(map(len, narrow)) <= 80

    # The environment of this Python is not the active one, or there is nothing on the path.
    near = Path(sys.executable).parent
    monkeypatch.setenv("PATH", "/nowhere")
    if (near / "inspect").exists():
        assert f"{near / 'inspect'} view" in "".join(shown(folder, 400))
        monkeypatch.chdir(near)
        assert "open     inspect view" in "".join(shown(folder, 400))
        monkeypatch.setenv("PATH", str(near))
    assert "open     inspect view" in "".join(shown(folder, 400))
