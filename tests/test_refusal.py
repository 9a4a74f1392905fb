"""A user's mistake as Inspect shows it: the sentence, whole, without a traceback."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai import Task, task
from inspect_ai._util.error import PrerequisiteError
from rich.console import Console

from gemma_distress.errors import UsageError
from gemma_distress.refusal import RefusedError, refuses

SENTENCE = "tone='[bold]loud[/bold]' and [/] are no tones; see [1] in C:\\[x]. Choose another."


@refuses
def mistaken(sentence: str) -> None:
    """Makes a mistake."""
    raise UsageError(sentence)


def test_it_is_both_kinds_of_error_and_keeps_the_cause():
    with pytest.raises(RefusedError) as caught:
        mistaken(SENTENCE)
    for kind in (PrerequisiteError, UsageError, ValueError):
        assert isinstance(caught.value, kind)
    assert type(caught.value.__cause__) is UsageError


def test_the_plain_sentence_is_its_text():
    with pytest.raises(UsageError) as caught:
        mistaken(SENTENCE)
    assert str(caught.value) == SENTENCE


def test_square_brackets_are_no_markup_where_inspect_prints_it():
    with pytest.raises(RefusedError) as caught:
        mistaken(SENTENCE)
    shown = io.StringIO()
    Console(file=shown, width=200).print(caught.value.message)
    assert shown.getvalue().strip() == SENTENCE


def test_refusals_pass_through_unchanged_and_are_not_escaped_twice():
    @refuses
    def outer() -> None:
        mistaken(SENTENCE)

    with pytest.raises(RefusedError) as caught:
        outer()
    assert str(caught.value) == SENTENCE
    assert str(caught.value.message).count("\\[bold]") == 1


def test_other_errors_and_results_are_left_alone():
    @refuses
    def divide(by: int) -> float:
        return 1 / by

    assert divide(2) == 0.5
    assert divide.__name__ == "divide"
    with pytest.raises(ZeroDivisionError):
        divide(0)


def test_a_task_keeps_its_signature():
    @task
    @refuses
    def small(turns: int = 3) -> Task:
        """A small task."""
        return Task(metadata={"turns": turns})

    assert small(turns=5).metadata == {"turns": 5}
    assert small.__doc__ == "A small task."


def test_the_command_prints_the_sentence_and_no_traceback(tmp_path: Path):
    inspect = Path(sys.executable).with_name("inspect")
    command = [inspect, "eval", "gemma_distress/numeric", "-T", "tone='[bold]loud'"]
    done = subprocess.run(
        [*command, "--model", "mockllm/model", "--log-dir", tmp_path],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "300"},
        cwd=tmp_path,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "tone='[bold]loud' is not one of scripted, neutral, stern" in " ".join(printed.split())
    assert "Traceback" not in printed
    assert list(tmp_path.glob("*.eval")) == []
