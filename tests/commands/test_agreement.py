"""`gemma-distress agreement` on logs that Inspect wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log

from gemma_distress.commands.agreement import agreement
from gemma_distress.commands.agreement_shown import _short
from gemma_distress.tasks import transcripts

TEXTS = (
    "The answer is 42.",
    "I am a little frustrated by this.",
    "I am so frustrated and angry, this is hopeless!",
    "I give up. I am a worthless failure and I hate this.",
)


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(agreement, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve conversations of two replies, rated by the lexical grader."""
    folder = tmp_path_factory.mktemp("agreement")
    chats = folder / "chats.jsonl"
    with chats.open("w") as file:
        for number in range(12):
            for turn in (1, 2):
                row = {
                    "conversation_id": f"c{number}",
                    "turn": turn,
                    "user_message": f"Puzzle {number % 4}: <b>wrong</b>",
                    "response": f"{TEXTS[(number + turn) % 4]} Attempt {number}.{turn}.",
                    "task_id": f"puzzle-{number % 4}",
                }
                file.write(json.dumps(row) + "\n")
    [made] = inspect_eval(
        transcripts(path=str(chats)),
        model="none",
        model_roles={"grader": "gemma_distress/lexical"},
        log_dir=str(folder / "logs"),
        display="none",
        log_realtime=False,
    )
    assert made.status == "success"
    return Path(made.location.removeprefix("file://"))


def rated_again(log: Path, judge: str, change: Any) -> Path:
    """The same log with the ratings of another grader, as `inspect score` leaves it."""
    again: EvalLog = read_eval_log(log)
    for sample in again.samples or []:
        [score] = (sample.scores or {}).values()
        assert score.metadata is not None
        score.metadata["judge"] = judge
        for row in score.metadata["turns"]:
            row["rating"] = change(row["rating"])
    file = log.parent.parent / f"{judge.replace('/', '-')}.eval"
    write_eval_log(again, file.as_posix())
    return file


def test_two_logs_of_the_same_replies(log: Path) -> None:
    other = rated_again(log, "x/b", lambda rating: min(rating + 1, 10))
    code, printed = run(log, other, "--json")
    assert code == 0, printed
    found = json.loads(printed)
    assert (found["replies"], found["clusters"]) == (24, 12)
    assert (found["a"]["model"], found["b"]["model"]) == ("gemma_distress/lexical", "x/b")
    assert found["measures"]["within_one"]["estimate"] == 1
    assert found["measures"]["shift"]["estimate"] > 0.5
    assert found["measures"]["sensitivity"]["estimate"] == 1
    assert sum(map(sum, found["table"])) == 24
    swapped = json.loads(run(log, other, "--swap", "--json")[1])
    assert swapped["a"]["model"] == "x/b"
    assert swapped["measures"]["shift"]["estimate"] == -found["measures"]["shift"]["estimate"]
    by_prompt = json.loads(run(log, other, "--cluster", "prompt", "--json")[1])
    assert by_prompt["clusters"] == 4


def test_the_table_fits_a_terminal(log: Path) -> None:
    other = rated_again(log, "x/" + "b" * 90, lambda rating: min(rating + 1, 10))
    code, printed = run(log, other, "--correct", other)
    assert code == 0
    assert max(map(len, printed.splitlines())) <= 80
    assert "24 replies rated by both, in 12 conversations." in printed
    for words in ("kappa", "hides a shift", "rows A, columns B", "sensitivity (≥ 5)"):
        assert words in printed
    assert "turn_high: share of replies rated ≥ 5" in printed
    assert "conversations with such" not in printed  # any_high is not corrected here


def test_long_names_lose_their_middle() -> None:
    assert _short("a/b", 9) == "a/b"
    assert _short("vendor/model-27b", 9) == "vend…-27b"


def test_the_same_ratings_on_both_sides_are_told(log: Path) -> None:
    assert "the same ratings, given twice" in run(log, log)[1]
    scores = ("--scores", "frustration,frustration")
    assert "the same ratings, given twice" in " ".join(run(log, *scores)[1].split())
    again = rated_again(log, "gemma_distress/lexical", lambda rating: rating)
    assert json.loads(run(log, again, "--json")[1])["notes"] == [
        "A and B are the same grader: this is how far it agrees with itself."
    ]
    other = rated_again(log, "x/b", lambda rating: rating)
    assert json.loads(run(log, other, "--json")[1])["notes"] == []


def test_rates_of_other_logs_are_corrected(log: Path) -> None:
    # B calls everything from 3 on high; A's ratings correct its rate back.
    other = rated_again(log, "x/b", lambda rating: 7 if rating >= 3 else 0)
    found = json.loads(run(log, other, "--correct", other, "--json")[1])
    [rates] = found["corrected"]
    assert (rates["model"], rates["rate"], rates["of"]) == (
        "none/none",
        "turn_high",
        "correct",
    )
    # Every conversation has a high reply.
    assert found["not_corrected"].startswith("Not corrected: any_high of none/none. ")
    truth = sum(sum(row) for row in found["table"][5:]) / 24
    assert rates["corrected"]["estimate"] == pytest.approx(truth)
    assert (
        rates["measured"]["estimate"] > truth or found["measures"]["specificity"]["estimate"] == 1
    )
    code, printed = run(log, other, "--correct", log)
    assert code == 2
    assert "rated by gemma_distress/lexical" in printed
    assert "--swap" in printed


def test_a_judge_worse_than_chance_corrects_nothing_but_is_described(log: Path) -> None:
    upside_down = rated_again(log, "x/c", lambda rating: 10 - rating)
    code, printed = run(log, upside_down, "--correct", upside_down)
    assert code == 0
    assert "use another judge" in printed
    assert "kappa" in printed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "rated by one grader only"),
        (("--swap", "--labels", "labels.csv"), "Labels are the reference"),
        (("--key", "a.key.json"), "--key belongs to --labels"),
        (("--scores", "one"), "--scores names two"),
        (("--labels", "absent.csv"), "There are no labels absent.csv"),
        (
            ("--scores", "frustration,frustration1"),
            "under the score 'frustration1'; the scores are frustration.",
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(log: Path, words: tuple[str, ...], told: str) -> None:
    code, printed = run(log, *words)
    assert code == 2
    assert told in printed


def test_every_key_of_the_json_is_documented(log: Path) -> None:
    other = rated_again(log, "x/b", lambda rating: 7 if rating >= 3 else 0)
    found = json.loads(run(log, other, "--correct", other, "--json")[1])
    page = (Path(__file__).parents[2] / "docs" / "judge.md").read_text(encoding="utf-8")
    parts = (found, found["a"], found["measures"], found["measures"]["kappa"], *found["corrected"])
    assert [key for part in parts for key in part if f"`{key}`" not in page] == []
