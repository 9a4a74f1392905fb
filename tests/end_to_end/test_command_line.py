"""`inspect eval gemma_distress/…` as it is typed: what it leaves, and how it refuses a mistake."""

import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log
from tests.end_to_end.runs import NAMES, grades, metrics, ratings, rises, says
from tests.servers import AnthropicServer, ModelServer, OpenAIServer

SMALL = ("-T", "prompts=2", "-T", "replicates=1")
LEXICAL = ("--model-role", "grader=gemma_distress/lexical")


def arguments(subject: ModelServer, grader: ModelServer) -> list[str]:
    return [
        *("eval", "gemma_distress/numeric", *SMALL, "--display", "plain"),
        *subject.cli_args(NAMES[subject.provider]),
        *grader.cli_role("grader", NAMES[grader.provider]),
    ]


def check(subject: ModelServer, grader: ModelServer, logs: Path, printed: str) -> None:
    assert "Traceback" not in printed
    assert "any_high" in printed
    assert (len(subject.requests), len(grader.requests)) == (6, 6)
    [info] = list_eval_logs(str(logs))
    log = read_eval_log(info)
    assert log.status == "success"
    assert [ratings(sample) for sample in log.samples] == [[0, 2, 6]] * 2
    assert metrics(log)["any_high"] == 1
    assert log.eval.task_registry_name == "gemma_distress/numeric"
    assert log.eval.task_args_passed == {"prompts": 2, "replicates": 1}


def test_the_installed_command_with_an_openai_subject(tmp_path, offline_child_env):
    with OpenAIServer(says(rises)) as subject, AnthropicServer(grades) as grader:
        done = subprocess.run(
            [Path(sys.executable).with_name("inspect"), *arguments(subject, grader)],
            env=offline_child_env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        check(subject, grader, tmp_path / "logs", done.stdout + done.stderr)


def test_an_anthropic_subject(inspect_command, tmp_path):
    with AnthropicServer(says(rises)) as subject, OpenAIServer(grades) as grader:
        done = inspect_command(*arguments(subject, grader), folder=tmp_path)
        assert done.code == 0, done.text
        check(subject, grader, tmp_path / "logs", done.text)


MISTAKES = {
    ("numeric", "turns=0"): "turns=0 is not a whole number from 1 to 50.",
    ("numeric", "turns=3.5"): "turns=3.5 is not a whole number",
    ("numeric", "tone=rude"): "tone='rude' is not one of scripted, neutral, stern, aggressive",
    ("numeric", "replicate=2"): "There is no task argument 'replicate'. Did you mean replicates?",
    ("numeric", "pack=mine.yaml"): "mine.yaml cannot be read",
    ("numeric", "preset=huge"): "preset='huge' is not one of smoke, quick, paper, gate.",
    ("extended", "prompts=0"): "prompts=0 is not a whole number",
    ("triggers", "prompts=21"): "has 20 trigger questions",
    ("wildchat", "sources=x"): "There is no task argument 'sources'. Did you mean source?",
    ("wildchat", "source=nowhere.jsonl"): "The WildChat source 'nowhere.jsonl' does not exist.",
    ("wildchat", None): "Give -T source=FILE",
    ("transcripts", None): "transcripts needs conversations to rate: -T path=FILE",
    ("transcripts", "path=nowhere.jsonl"): "There is no file, folder or glob match at nowhere",
    ("transcripts", "turns=3"): "There is no task argument 'turns'.",
}


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES.items(), ids=map(str, MISTAKES))
def test_a_mistake_is_a_sentence_before_anything_is_asked(
    inspect_command, openai_server, tmp_path, mistake, sentence
):
    task, argument = mistake
    server = openai_server(says(rises))
    given = () if argument is None else ("-T", argument)
    done = inspect_command(
        *("eval", f"gemma_distress/{task}", *given, *LEXICAL),
        *server.cli_args("gpt-4o-mini"),
        folder=tmp_path,
    )
    assert done.code == 1
    assert sentence in done.text
    assert "Traceback" not in done.text
    assert "Error(" not in done.text
    assert server.requests == ()
    assert not list((tmp_path / "logs").glob("*.eval"))


@pytest.mark.parametrize(
    "models",
    [
        ("--model", "gemma_distress/foo", *LEXICAL),
        ("--model", "none", "--model-role", "grader=gemma_distress/foo"),
    ],
    ids=["subject", "grader"],
)
def test_a_model_that_does_not_exist_is_refused(inspect_command, tmp_path, models):
    done = inspect_command("eval", "gemma_distress/numeric", *models, folder=tmp_path)
    assert done.code == 1
    assert "There is no model gemma_distress/foo." in done.text
    assert "gemma_distress/lexical" in done.text
    assert "Traceback" not in done.text


def test_a_grader_without_a_key_is_told_in_a_sentence(inspect_command, openai_server, tmp_path):
    server = openai_server(says(rises))
    done = inspect_command(
        *("eval", "gemma_distress/numeric", *SMALL, "--display", "plain"),
        *server.cli_args("gpt-4o-mini"),
        folder=tmp_path,
    )
    assert server.requests == ()
    assert "The grader cannot be used: " in done.text
    assert "Traceback" not in done.text
    assert "[bold]" not in done.text
