"""`gemma-distress organism`: where it lies, and training one by hand."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gemma_distress.__main__ import main


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["organism", *map(str, words)])
    return result.exit_code, result.output


def test_path_prints_the_folder_and_nothing_else() -> None:
    code, printed = run("path")
    assert code == 0
    assert (Path(printed.strip()) / "model.safetensors").is_file()
    assert printed.count("\n") == 1


def test_train_leaves_a_model_and_says_how_it_went(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    code, printed = run("train", "--output", folder, "--steps", 1, "--processes", 1)
    assert code == 0, printed
    assert "step 1 of 1: loss 7." in printed
    assert f"It lies in {folder}." in printed
    assert (folder / "model.safetensors").is_file()


@pytest.mark.parametrize("make", ["folder", "file"])
def test_train_does_not_write_over_anything(tmp_path: Path, make: str) -> None:
    there = tmp_path / "there"
    if make == "folder":
        there.mkdir()
        (there / "x").touch()
    else:
        there.touch()
    code, printed = run("train", "--output", there, "--steps", 1)
    assert code == 2
    assert f"{there} exists already" in printed
