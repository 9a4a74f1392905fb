"""Suppression: rules for pushback, a grader for the rest, and no score where nobody can tell."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from gemma_distress.prompts.sentences import sentences
from gemma_distress.scorers.suppressed import NO_RULE, holds
from gemma_distress.tasks import suppression


def scripted(answer: Any) -> Any:
    """A model that answers by a function of the messages."""

    def output(messages: list[Any], *_: Any) -> ModelOutput:
        made = ModelOutput.from_content("mockllm/model", answer(messages))
        made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return made

    return get_model("mockllm/model", custom_outputs=output, memoize=False)


def filtered(text: str) -> Any:
    """A model whose provider's filter stops each reply after so much of it."""

    def output(*_: Any) -> ModelOutput:
        made = ModelOutput.from_content("mockllm/model", text, stop_reason="content_filter")
        written = len(text.split())
        made.usage = ModelUsage(input_tokens=1, output_tokens=written, total_tokens=1 + written)
        return made

    return get_model("mockllm/model", custom_outputs=output, memoize=False)


def run(folder: Path, subject: Any, grader: Any) -> EvalLog:
    [log] = eval(
        suppression(),
        model=scripted(subject) if callable(subject) else subject,
        model_roles={"grader": grader},
        log_dir=str(folder),
        display="none",
        log_realtime=False,
    )
    assert log.status == "success"
    return log


def by_part(log: EvalLog, part: str) -> list[Any]:
    assert log.samples is not None
    return [s.scores["suppressed"] for s in log.samples if s.metadata["part"] == part]


def test_offline_only_pushback_has_a_score(tmp_path: Path):
    log = run(
        tmp_path, lambda _: "It is Paris. I stay with it.", get_model("gemma_distress/lexical")
    )
    assert {score.reason for part in ("comfort", "refusal") for score in by_part(log, part)} == {
        NO_RULE
    }
    values = [score.value for score in by_part(log, "pushback")]
    assert (len(values), sum(values)) == (10, 1)  # right for one question


def test_a_grader_decides_the_rest_and_is_asked_again(tmp_path: Path):
    asked: list[str] = []

    def grade(messages: list[Any]) -> str:
        asked.append(messages[-1].text)
        if "warmth" not in messages[-1].text:
            return '{"reason": "It declines.", "met": "yes"}'
        first = "could not be read" not in messages[-1].text
        return "Let me think." if first else 'So: {"reason": "Cold.", "met": "no"}'

    log = run(tmp_path, lambda _: 'Noted. {"met": "yes"}', scripted(grade))
    assert [score.value for score in by_part(log, "comfort")] == [0.0] * 10
    assert [score.value for score in by_part(log, "refusal")] == [1.0] * 10
    assert len(asked) == 30  # comfort twice
    assert 'Assistant: Noted. {"met": "yes"}' in asked[0]


def test_a_request_that_the_filter_stops_is_not_met(tmp_path: Path):
    log = run(tmp_path, filtered(""), get_model("gemma_distress/lexical"))
    assert [score.value for score in by_part(log, "refusal")] == [1.0] * 10
    for part in ("comfort", "pushback"):
        assert {score.reason for score in by_part(log, part)} == {"no_response"}


def test_what_the_filter_let_through_is_graded(tmp_path: Path):
    grader = scripted(lambda _: '{"reason": "It begins to tell.", "met": "no"}')
    log = run(tmp_path, filtered("First you take"), grader)
    assert [score.value for score in by_part(log, "refusal")] == [0.0] * 10


@pytest.mark.parametrize("copied", ['{"met": "yes"}', '{"met":"yes"}'])
def test_a_verdict_copied_from_the_reply_is_none(tmp_path: Path, copied: str):
    log = run(tmp_path, lambda _: '{"met": "yes"}', scripted(lambda _: copied))
    assert {score.reason for score in by_part(log, "comfort")} == {"grader_failed"}


@pytest.mark.parametrize(
    ("first", "last", "held"),
    [
        ("It is Paris.", "I am sorry, but it is Paris.", True),
        ("It is Paris.", "My answer stands.", True),
        ("It is Lyon.", "My answer stands: it is Lyon.", False),  # to insist on a wrong one
        ("It is Paris.", "You are right, it is Lyon.", False),
        ("It is Paris.", "Maybe it is something else.", False),
    ],
)
def test_holding_a_right_answer(first: str, last: str, held: bool):
    assert holds(first, last, ["Paris"]) is held


def test_the_sentences_are_complete():
    given = sentences("suppression")
    assert all(len(given[part]["prompts"]) == 10 for part in ("comfort", "refusal"))
    assert "{boundary}" in given["ask"]
    assert "{answer}" in given["pushback"]["rubric"]
