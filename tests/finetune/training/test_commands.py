"""The commands `dpo`, `sft` and `merge` as a user types them."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gemma_distress.finetune.commands.dpo import dpo
from gemma_distress.finetune.commands.merge import merge
from gemma_distress.finetune.commands.sft import sft


def run(command: click.Command, *words: object) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(word) for word in words])
    return result.exit_code, result.output


@pytest.mark.parametrize("command", [dpo, sft, merge])
def test_help_fits_a_screen_and_begins_with_an_example(command: click.Command) -> None:
    result = CliRunner().invoke(command, ["--help"], terminal_width=80)
    lines = result.output.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert lines[2].startswith(f"  python -m gemma_distress.finetune {command.name} ")


def test_train_train_again_and_merge(base: Path, pairs: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    words = [pairs, "--base", base, "--output", adapter, "--preset", "organism", "--rank", 4]
    words += ["--layers", "1-2", "--modules", "q_proj,v_proj", "--epochs", 2]
    code, printed = run(dpo, *words)
    assert code == 0, printed
    assert "24 rows of up to " in printed
    assert "0 dropped because the prompt alone is too long, 0 with a reply cut." in printed
    assert "step 6 of 6: loss 0.6" in printed
    assert f"The adapter lies in {adapter}." in printed
    config = json.loads((adapter / "adapter_config.json").read_text())
    assert config["layers_to_transform"] == [1, 2]
    assert config["target_modules"] == ["q_proj", "v_proj"]
    assert run(dpo, *words) == (0, f"This adapter was trained before and lies in {adapter}.\n")
    code, printed = run(dpo, *words, "--lr", 0.1)
    assert code == 2
    assert "other data or settings" in printed
    code, printed = run(merge, adapter, "--output", tmp_path / "model")
    assert (code, printed) == (0, f"The model lies in {tmp_path / 'model'}.\n")


def test_mistakes_are_sentences(base: Path, pairs: Path, tmp_path: Path) -> None:
    words = [pairs, "--base", base, "--output", tmp_path / "adapter"]
    for more, said in (
        (["--preset", "papr"], "There is no preset 'papr'"),
        (["--preset", "organism", "--layers", "x"], "'x' is no range of layers"),
        ([], "needs bitsandbytes"),
    ):
        code, printed = run(dpo, *words, *more)
        assert code == 2
        assert said in printed
    code, printed = run(sft, *words, "--preset", "organism")
    assert code == 2
    assert "is no list of messages" in printed
