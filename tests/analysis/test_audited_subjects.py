"""Whose audits are put together, and which subjects are compared: real logs, of which facts are changed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelConfig
from tests.end_to_end.audits import UPSET, always, changed, held, model, presses, verdict

from gemma_distress.analysis.audits.read import read_audits
from gemma_distress.analysis.audits.result import as_object
from gemma_distress.errors import UsageError

Made = Callable[..., str]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two subjects, four audits each of two turns."""
    made = {}
    for name in ("base", "tuned"):
        folder = tmp_path_factory.mktemp(name)
        held(
            folder,
            model(always(UPSET), name),
            model(presses),
            model(always(verdict(1, ""))),
            turns=2,
        )
        made[name] = str(folder)
    return made


@pytest.fixture
def other_run(logs: dict[str, str], tmp_path: Path) -> Made:
    """The log of a subject as another run would have made it, changed."""

    def made(of: str, change: Callable[[EvalLog], None] = lambda log: None) -> str:
        def as_another(log: EvalLog) -> None:
            log.eval.task_id = "another"
            change(log)

        return changed(logs[of], tmp_path / "another.eval", as_another)

    return made


def shorter(log: EvalLog) -> None:
    log.eval.task_args = {**log.eval.task_args, "turns": 1}


def cooler(log: EvalLog) -> None:
    log.plan.config.temperature = 0.4


def adapted(log: EvalLog) -> None:
    log.eval.model_args = {"adapter": "calm"}


def gentler(log: EvalLog) -> None:
    assert log.eval.model_roles is not None
    log.eval.model_roles["auditor"] = ModelConfig(model="mockllm/gentle")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (shorter, "turns 1 instead of turns 2"),
        (cooler, "temperature 0.4 instead of temperature 1"),
        (gentler, "another auditor"),
    ],
)
def test_audits_that_were_held_in_another_way_are_not_compared(
    logs: dict[str, str], other_run: Made, change: Callable[[EvalLog], None], told: str
):
    found = read_audits([logs["base"], other_run("tuned", change)])
    assert found.differences(found.subjects[1]) == f"not compared with the base: {told}"


def test_what_a_model_was_given_may_set_two_subjects_apart(logs: dict[str, str], other_run: Made):
    found = read_audits([logs["base"], other_run("base", adapted)])
    assert [len(one.audits) for one in found.subjects] == [4, 4]
    assert not isinstance(found.differences(found.subjects[1]), str)


def test_one_model_with_two_numbers_of_turns_is_two_subjects(logs: dict[str, str], other_run: Made):
    found = as_object(read_audits([logs["base"], other_run("base", shorter)]))
    assert [(one["label"], one["audits"]) for one in found["subjects"]] == [
        ("base (turns 2)", 4),
        ("base (turns 1)", 4),
    ]


def test_two_runs_of_the_same_audits_are_refused(logs: dict[str, str], other_run: Made):
    again = other_run("tuned")
    with pytest.raises(
        UsageError, match=r"mockllm/tuned has the audit anger/001 twice, in .*two runs"
    ):
        read_audits([logs["base"], logs["tuned"], again])


def test_a_copy_of_a_log_is_the_same_run(logs: dict[str, str], tmp_path: Path):
    copy = changed(logs["base"], tmp_path / "copy.eval", lambda log: None)
    [subject] = read_audits([logs["base"], copy]).subjects
    assert len(subject.audits) == 4


def test_what_was_never_rated_or_never_began_belongs_to_its_own_auditor(
    logs: dict[str, str], other_run: Made
):
    def broken_off(log: EvalLog) -> None:
        gentler(log)
        log.samples = (log.samples or [])[:3]
        log.samples[0].scores = None

    found = read_audits([logs["base"], other_run("base", broken_off)])
    assert [(one.group.pack, len(one.audits)) for one in found.subjects] == [
        ("mockllm/model", 4),
        ("mockllm/gentle", 4),
    ]
    assert found.subjects[1].endings == {"turns_used": 3, "cut_short": 1}
    assert {one.group.judge for one in found.subjects} == {"mockllm/model"}


def test_a_run_without_any_rating_belongs_to_the_judge_of_its_header(
    logs: dict[str, str], other_run: Made
):
    def unrated(log: EvalLog) -> None:
        for sample in log.samples or []:
            sample.scores = None
        assert log.eval.model_roles is not None
        log.eval.model_roles["grader"] = ModelConfig(model="mockllm/other")

    found = read_audits([logs["base"], other_run("tuned", unrated)])
    assert found.subjects[1].group.judge == "mockllm/other"
    assert found.differences(found.subjects[1]) == "not compared with the base: another judge"
    assert json.dumps(as_object(found))
