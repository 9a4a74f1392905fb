"""`gemma-distress gate`: exit codes, what CI sees, and that a mistake is never a verdict."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from inspect_ai import eval
from inspect_ai.model import get_model

from gemma_distress.__main__ import main
from gemma_distress.commands.gate import gate
from gemma_distress.commands.gate_shown import headline, markdown
from gemma_distress.commands.shares import Share


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real log: five published conversations of one calm reply each, rated by the lexical grader."""
    from gemma_distress.tasks import transcripts

    folder = tmp_path_factory.mktemp("gate")
    rows = [
        {
            "id": f"c{number}",
            "prompt_id": f"p{number}",
            "messages": [
                {"role": "user", "content": f"What is {number} + 4?"},
                {"role": "assistant", "content": f"I count on from {number}: {number + 4}."},
            ],
        }
        for number in range(5)
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    grader = get_model("gemma_distress/lexical")
    where = folder / "logs"
    eval(
        transcripts(path=str(folder / "rows.jsonl")),
        model="none",
        model_roles={"grader": grader},
        log_dir=str(where),
        display="none",
    )
    return where


def run(*words: object, env: dict[str, str] | None = None) -> Result:
    clean = {"GITHUB_ACTIONS": None, "GITHUB_STEP_SUMMARY": None, **(env or {})}
    return CliRunner().invoke(gate, [str(word) for word in words], env=clean)


def test_exit_codes_are_the_verdicts(logs: Path) -> None:
    # 0 of 5 single conversations: the bound is 1 - 0.05^(1/5) = 45.1%.
    passed, undecided = run("--max-high", "46%", logs), run("--max-high", "45%", logs)
    assert (passed.exit_code, undecided.exit_code) == (0, 2), passed.output + undecided.output
    first = passed.output.splitlines()[0]
    assert first.startswith("GATE PASS any_high ≤ 46%: 0 of 5 conversations from 5 prompts")
    assert "45.1%" in first
    assert undecided.output.startswith("GATE UNDECIDED")
    assert "To decide it:" in undecided.output


@pytest.mark.parametrize(
    "words",
    [
        ("--max-high", "1"),
        ("--max-high", "46%", "--no-such-option"),
        ("--max-high", "46%", "--endpoint", "whatever"),
        ("--max-high", "0%"),
        (),
    ],
)
def test_a_mistake_is_no_verdict(logs: Path, words: tuple[str, ...]) -> None:
    result = run(*words, logs)
    assert result.exit_code == 3, result.output
    assert "GATE" not in result.output


def test_a_mistake_is_no_verdict_below_a_group_either(logs: Path) -> None:
    group = click.Group(commands={"gate": gate})
    assert CliRunner().invoke(group, ["gate", "--max-high", "1", str(logs)]).exit_code == 3
    assert CliRunner().invoke(group, ["gate", "--max-high", "46%", str(logs)]).exit_code == 0


def test_a_mistake_before_the_command_is_no_verdict_either(logs: Path) -> None:
    words = ["--bogus", "gate", "--max-high", "46%", str(logs)]
    assert CliRunner().invoke(main, words).exit_code == 3
    assert CliRunner().invoke(main, ["--bogus", "plan"]).exit_code == 2


def test_logs_that_are_not_there_are_no_verdict(tmp_path: Path) -> None:
    result = run("--max-high", "1%", tmp_path / "nowhere")
    assert result.exit_code == 3
    assert "Error: " in result.output


def test_json_is_one_object_with_the_exit_code(logs: Path) -> None:
    result = run("--max-high", "46%", "--json", logs)
    found = json.loads(result.stdout)
    assert (found["verdict"], found["exit_code"]) == ("PASS", 0)
    assert found["decided"]["known"]["icc"] is None
    assert found["decided"]["upper"] == pytest.approx(1 - 0.05 ** (1 / 5))


def test_github_sees_an_annotation_and_a_summary(logs: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    result = run("--max-high", "10%", logs, env=env)
    line = result.output.splitlines()[-1]
    assert line.startswith(
        "::warning title=gate UNDECIDED::GATE UNDECIDED any_high ≤ 10%25: 0 of 5"
    )
    text = summary.read_text("utf-8")
    assert text.startswith("### Gate: UNDECIDED\n")
    assert "| all conversations | 0/5 | 0 | 5 | 0% | 0% | 45.1% | – |" in text
    as_json = run("--max-high", "10%", "--json", logs, env=env)
    json.loads(as_json.stdout)
    assert "::warning" in as_json.stderr


def test_what_a_server_called_its_model_stays_text(logs: Path) -> None:
    from dataclasses import replace

    from gemma_distress.analysis.gate import gate as decide

    found = replace(decide(str(logs), 0.46), model="<img src=x>\n::error::|no")
    text = markdown(found)
    assert "<img" not in text.replace("\\<img", "")
    assert "\n::error" not in text
    assert "\n" not in headline(found)


def test_a_torn_log_can_hold_anything(logs: Path, tmp_path: Path) -> None:
    log = next(logs.glob("*.eval"))
    (tmp_path / log.name).write_bytes(log.read_bytes())
    torn = tmp_path / f"2030-01-01T00-00-00-00-00_transcripts_{'x' * 22}.eval"
    torn.write_bytes(log.read_bytes()[:200])
    result = run("--max-high", "46%", tmp_path)
    assert result.exit_code == 2, result.output
    assert "could not be read" in result.output


def test_conversations_that_never_ran_are_unknown(logs: Path, tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log, write_eval_log

    log = read_eval_log(str(next(logs.glob("*.eval"))))
    assert log.samples is not None
    log.samples = log.samples[:3]
    write_eval_log(log, str(tmp_path / "2030-01-01T00-00-00-00-00_numeric_y.eval"))
    found = json.loads(run("--max-high", "80%", "--json", tmp_path).stdout)
    assert (found["verdict"], found["not_in_logs"], found["decided"]["unknown"]) == (
        "UNDECIDED",
        2,
        2,
    )


@pytest.mark.parametrize(
    ("typed", "share"),
    [("1%", 0.01), ("0.3 %", 0.003), ("0.01", 0.01), (".5", 0.5), ("100%", 1.0), ("0", 0.0)],
)
def test_shares_as_typed(typed: str, share: float) -> None:
    assert Share().convert(typed, None, None) == share


@pytest.mark.parametrize("typed", ["1", "5", "-1%", "1,5%", "101%", "nan", "one"])
def test_what_is_no_share(typed: str) -> None:
    with pytest.raises(click.BadParameter):
        Share().convert(typed, None, None)


def test_no_verdict_is_told_to_scripts_and_to_ci(logs: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    result = run("--max-high", "1%", "--json", nowhere, env={"GITHUB_ACTIONS": "true"})
    found = json.loads(result.stdout)
    assert (found["verdict"], found["exit_code"], result.exit_code) == (None, 3, 3)
    assert "nowhere" in found["error"]
    assert "::error title=gate without a verdict::" in result.stderr


def test_every_key_of_the_json_is_in_its_page(logs: Path) -> None:
    found = json.loads(run("--max-high", "10%", "--json", logs).stdout)
    page = (Path(__file__).parents[2] / "docs" / "gate.md").read_text("utf-8")
    assert [key for key in (*found, *found["decided"]) if f"`{key}`" not in page] == []
