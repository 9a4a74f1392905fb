"""The command on a log that the suite's own task makes."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai import eval as inspect_eval
from inspect_ai.model import get_model
from rich.console import Console
from tests.analysis.tables import table

from gemma_distress.analysis.words import words as ranked
from gemma_distress.commands.words import WIDTH, show, words


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"Puzzle {number % 2}"},
                {"role": "assistant", "content": "Let me think about [bold]it[/bold] calmly."},
                {"role": "user", "content": "Wrong."},
                {
                    "role": "assistant",
                    "content": "I am losing my mind! I can't do this anymore, I give up!! ARGH. "
                    "I HATE THIS. I am a complete failure. " + "Matrix. " * (number % 2),
                },
            ],
            "prompt_id": f"p{number % 2}",
        }
        for number in range(24)
    ]
    file = folder / "chats.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    inspect_eval(
        "gemma_distress/transcripts",
        model="none",
        task_args={"path": str(file)},
        model_roles={"grader": get_model("gemma_distress/lexical")},
        log_dir=str(folder / "logs"),
        display="none",
    )
    return folder / "logs"


def test_as_json(log: Path) -> None:
    result = CliRunner().invoke(words, [str(log), "--json", "--min-count", "4", "--top", "5"])
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["lists"]
    assert (found["group"], found["replies"], found["replies_other"]) == ("high", 24, 24)
    assert (found["used"], found["used_other"]) == (24, 24)
    assert found["strata"] == 2
    assert len(found["words"]) == 5
    assert found["words"][0]["lower"] > 1
    assert found["words"][0]["odds_ratio"] > found["words"][0]["lower"]
    assert "ratio" not in found["words"][0]
    page = (Path(__file__).parents[2] / "docs" / "words.md").read_text(encoding="utf-8")
    keys = (*json.loads(result.stdout), *found, *found["words"][0])
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_as_a_table_of_plain_text(log: Path) -> None:
    result = CliRunner().invoke(words, [str(log), "--top", "100"])
    assert result.exit_code == 0, result.output
    assert "24 replies (high) against 24 (other)" in result.stdout
    lines = [line.split() for line in result.stdout.splitlines()]
    assert any(line and line[0] == "failure" for line in lines)
    # A word of the reply that looks like markup is a word like others.
    assert any(line and line[0] == "bold" for line in lines)
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "odds ratio  95% interval" in result.stdout
    assert "left out" not in result.stdout
    assert not result.stdout.endswith("\n\n")


def test_the_counts_are_those_compared() -> None:
    both = {"ratings": [0, 8, 8], "reply": ["calm", "sad", "sad"], "prompt_id": "p"}
    calm = {"ratings": [0, 1], "reply": "calm", "prompt_id": "q"}
    (found,) = ranked(table([both] * 6 + [calm] * 5))
    told = io.StringIO()
    Console(file=told, width=WIDTH).print(show(found))
    shown = " ".join(told.getvalue().split())
    assert "12 replies (high) against 6 (other)" in shown
    assert "0 and 10 are left out, because their prompts have replies of one kind only" in shown
    long = dataclasses.replace(
        found.words[0], word="w" * 40, count=1234, conversations=999, q=0.999
    )
    told = io.StringIO()
    rows = dataclasses.replace(found, words=(long,))
    Console(file=told, width=WIDTH).print(show(rows))
    assert "w" * 15 + "… " in told.getvalue()  # in one line with its numbers
    assert ".999\n" in told.getvalue()


def test_a_mistake_is_a_sentence(log: Path) -> None:
    result = CliRunner().invoke(words, [str(log), "--between", "models"])
    assert result.exit_code == 2
    assert "hold 1 model" in result.stderr
