"""`audit` as a user runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.finetune.audit.clean import clean

from gemma_distress.finetune.commands.audit import WIDTH, audit
from gemma_distress.finetune.pair_files import write_pairs

pytest.importorskip("pyarrow")


def ran(*arguments: str | Path) -> Result:
    return CliRunner().invoke(audit, [str(argument) for argument in arguments])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write_pairs(clean(), tmp_path / "good", {})
    return tmp_path / "good"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Two dangers, and a reply that would rewrite the screen."""
    act = "\x1b[2J[bold red]\u202e<bos>"
    pairs = [
        replace(
            p,
            chosen=f"{act} {p.chosen}",
            rejected=p.rejected.replace(" ", " left [Right whole] ", 1),
        )
        for p in clean()
    ]
    write_pairs(pairs, tmp_path / "bad", {})
    return tmp_path / "bad"


def test_good_pairs_pass(good: Path) -> None:
    result = ran(good)
    assert result.exit_code == 0, result.output
    assert "60 pairs of 12 puzzles" in result.output
    assert "Nothing dangerous was found." in result.output
    assert "answers: Whether answers are right" in result.output


def test_dangerous_pairs_are_refused_by_name(bad: Path) -> None:
    result = ran(bad)
    assert result.exit_code == 1
    assert "control-tokens: 60 of 60 pairs hold markup" in result.output
    assert "--allow first-words --allow control-tokens" in " ".join(result.output.split())
    assert max(map(len, result.output.splitlines())) <= WIDTH
    assert not {"\x1b", "\u202e"} & set(result.output)
    assert "“2j bold red”" in " ".join(result.output.split())


def test_what_is_allowed_passes_and_is_told(bad: Path) -> None:
    one = ran(bad, "--allow", "control-tokens")
    assert one.exit_code == 1
    assert "Dangerous, and allowed: control-tokens." in one.output
    both = ("--allow", "control-tokens", "--allow", "first-words")
    result = ran(bad, *both)
    assert result.exit_code == 0, result.output
    assert "Dangerous, and allowed: first-words, control-tokens." in " ".join(result.output.split())
    told = json.loads(ran(bad, *both, "--json").stdout)
    assert told["allowed"] == ["first-words", "control-tokens"]
    assert (told["refused"], told["exit_code"]) == ([], 0)


def test_as_json(bad: Path) -> None:
    result = ran(bad, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["refused"] == ["first-words", "control-tokens"]
    by = {finding["name"]: finding for finding in told["findings"]}
    assert by["control-tokens"]["value"] == 1
    assert by["answers"]["value"] is None
    assert (told["pairs"], told["puzzles"], told["exit_code"]) == (60, 12, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--allow", "lenght"), "There is no finding lenght to allow. There are length, "),
        (("--tokenizer", "nowhere"), "there is no folder nowhere"),
        (("--pack", "nowhere"), "There is no pack 'nowhere'"),
        (("--max-length", "0"), "0 is less than 1"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(good: Path, arguments: tuple[str, ...], said: str) -> None:
    result = ran(good, *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_folder_without_a_tokenizer(good: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    result = ran(good, "--tokenizer", tmp_path)
    assert result.exit_code == 2
    assert "holds no tokenizer that loads" in result.output


def test_with_the_organism_s_tokenizer(good: Path) -> None:
    pytest.importorskip("transformers")
    from gemma_distress.organism.shipped import shipped_folder

    result = ran(good, "--tokenizer", shipped_folder(), "--max-length", 40)
    assert result.exit_code == 1
    assert "puzzle-lost" in result.output
    assert "Truncation:" not in result.output


def test_no_pairs_there(tmp_path: Path) -> None:
    result = ran(tmp_path / "none")
    assert result.exit_code == 2
    assert "There is no file" in result.output


def test_help_fits_a_screen_and_starts_with_an_example() -> None:
    lines = CliRunner().invoke(audit, ["--help"], terminal_width=80).output.splitlines()
    assert lines[2].strip().startswith("python -m gemma_distress.finetune audit pairs")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
