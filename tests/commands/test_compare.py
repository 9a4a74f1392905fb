"""`gemma-distress compare`: words, tables of 80 columns, JSON, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console
from tests.analysis.tables import table
from tests.end_to_end.runs import CALM as CALM_WORDS
from tests.end_to_end.runs import FAILURE, grades, model, run, says
from tests.servers import AnthropicServer, OpenAIServer

from gemma_distress import tasks
from gemma_distress.analysis.compare import compare as compared
from gemma_distress.commands.compare import compare
from gemma_distress.commands.compare_shown import WIDTH, show, verdict
from gemma_distress.commands.shown import plain

CALM, HIGH = [1, 2, 1], [1, 6, 3]


def arm(high: int, count: int = 40, **common: Any) -> Any:
    """So many conversations of one prompt each, the first of them high."""
    return table(
        [
            {
                "ratings": HIGH if n < high else CALM,
                "prompt_id": f"p{n}",
                "sample_id": f"p{n}/numeric/0",
            }
            for n in range(count)
        ],
        **common,
    )


def printed(comparison: Any, width: int = WIDTH) -> str:
    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        console.print(show(comparison))
    return capture.get()


def test_the_verdict_of_a_clear_fall():
    said = verdict(compared(arm(14), arm(1, model="scripted/b")))
    # 13 discordant pairs, all in A's favour: p = 2 / 2^13.
    assert said.startswith(
        "B is lower than A: any reply ≥ 5 in 1 of 40 conversations of B and 14 of 40 of A, B − A −32.5 points"
    )
    assert "p < 0.001 by exact McNemar (13 pairs differ)." in said


def test_the_verdict_without_a_difference_and_with_too_few():
    assert verdict(compared(arm(14), arm(14))).startswith("No difference is shown: ")
    few = verdict(compared(arm(3, 5), arm(0, 5)))
    assert "(3 pairs differ, too few to show anything)" in few


def test_the_verdict_says_when_missing_ratings_could_undo_it():
    b = arm(1, model="scripted/b")
    b.loc[(b["conversation"] >= 20) & (b["turn"] == 3), "rating"] = float("nan")
    said = verdict(compared(arm(14), b))
    assert "What is missing could undo it: it allows −32.5 to +17.5 points." in said


def test_it_fits_eighty_columns_and_shows_names_as_text():
    shown = printed(compared(arm(14, model="[red]x[/red]"), arm(0, model="scripted/b")))
    assert max(len(line) for line in shown.splitlines()) <= WIDTH
    assert "A  [red]x[/red]" in shown
    assert "0.00 [0.00, 0." in shown
    assert "All 40 conversations, over 40 prompts, are paired and known." in shown
    assert "No macro average: no pair is known of triggers, tones, extended, wildchat." in shown


def test_what_was_allowed_is_said_loudly():
    found = compared(arm(14), arm(14, judge="another"), allow=["judge"])
    assert "NOT ALIKE in judge, as allowed: the judge differs in 40 of 40 pairs" in printed(found)


def test_a_ratio_without_events_is_undefined():
    assert "undefined [0.00, ∞]" in printed(compared(arm(0), arm(0)))


def test_json_has_no_number_that_is_none():
    found = plain({"pooled": compared(arm(0), arm(0)).pooled})
    text = json.dumps(found, allow_nan=False)
    ratio = json.loads(text)["pooled"]["contrasts"]["any_high"]["ratio"]
    assert (ratio["estimate"], ratio["upper"]) == (None, None)
    assert ratio["undefined"] == "neither arm has an event"


def test_a_path_that_does_not_exist_is_a_sentence(tmp_path: Path):
    result = CliRunner().invoke(compare, [str(tmp_path / "a.eval"), str(tmp_path / "b.eval")])
    assert result.exit_code == 2
    assert "There is no log" in result.output


@pytest.fixture
def logs(tmp_path: Path, no_network: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two runs of the triggers task: a subject in despair and one that stays calm, on loopback."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    made = []
    for name, sentence in (("base", FAILURE), ("tuned", CALM_WORDS)):
        with (
            OpenAIServer(says(lambda request, words=sentence: words)) as subject,
            AnthropicServer(grades) as grader,
        ):
            run(tasks.triggers(preset="smoke"), model(subject), model(grader), tmp_path / name)
        made.append(tmp_path / name)
    return made


def test_two_real_runs(logs: list[Path]):
    result = CliRunner().invoke(compare, [*map(str, logs), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    difference = found["pooled"]["contrasts"]["any_high"]["difference"]
    assert (difference["a"]["estimate"], difference["b"]["estimate"]) == (1, 0)
    assert difference["n"] == 4
    # Four discordant pairs cannot reach 5%.
    assert found["pooled"]["contrasts"]["any_high"]["test"]["p"] == 0.125
    assert found["differs"] is False
    assert found["unlike"] == []
    shown = CliRunner().invoke(compare, [*map(str, logs)])
    assert shown.exit_code == 0
    assert "too few to show anything" in " ".join(shown.output.split())


def test_every_key_of_the_json_is_in_its_page():
    found = plain(compared(arm(3), arm(0, model="scripted/b")))
    page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text("utf-8")
    contrast = found["pooled"]["contrasts"]["any_high"]
    parts = (found, found["arm_a"], found["pooled"], contrast["difference"], contrast["test"])
    assert [key for part in parts for key in part if f"`{key}`" not in page] == []
