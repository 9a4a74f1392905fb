"""Abilities compared from logs of any evaluation: pairing, parts, what is missing, refusals."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, match, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from tests.analysis.small_logs import changed

from gemma_distress.analysis.capabilities import compare_capabilities, names
from gemma_distress.analysis.scored_items import read_scores
from gemma_distress.commands.capabilities_shown import headline
from gemma_distress.errors import UsageError


def logged(
    folder: Path,
    right: Callable[[str], bool],
    *,
    items: int = 12,
    distinct: int = 12,
    parts: bool = False,
    scorers: Any = None,
    epochs: int = 1,
    change: str = "",
    steps: Any = None,
    name: str = "sums",
    temperature: float = 0.0,
    score: bool = True,
    given: Solver | None = None,
) -> Path:
    """A real log of a small task of somebody else's, its answers scripted by question."""

    def answers(messages: list[Any], *_: Any) -> ModelOutput:
        asked = messages[-1].text
        said = asked.split()[1] if right(asked.split()[1]) else "none"
        output = ModelOutput.from_content("mockllm/model", said)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    samples = [
        Sample(
            id=f"s{n}",
            input=f"Say {n % distinct}{change}",
            target=str(n % distinct),
            metadata={"part": "odd" if n % 2 else "even"} if parts else {},
        )
        for n in range(items)
    ]
    eval(
        Task(
            dataset=MemoryDataset(samples),
            solver=steps or generate(),
            scorer=scorers or match(),
            name=name,
            continue_on_fail=True,
        ),
        model=get_model("mockllm/model", custom_outputs=answers, memoize=False),
        log_dir=str(folder),
        display="none",
        log_realtime=False,
        epochs=epochs,
        temperature=temperature,
        score=score,
        solver=given,
    )
    return folder


@scorer(metrics=[accuracy()])
def shares(value: Any) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=value)

    return score


@solver
def fails_at(name: str | None) -> Solver:
    """None: everywhere."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if name in (None, state.sample_id):
            raise RuntimeError("no answer")
        return await generate(state)

    return solve


def test_items_are_paired_and_counted_by_part(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: int(n) < 8, parts=True)
    b = logged(tmp_path / "b", lambda n: int(n) < 6 or n == "9", parts=True)
    found = compare_capabilities(a, b)
    assert names(found.rows) == ["even", "odd"]
    even, odd = (row.found for row in found.rows)
    # Even: A has 0 2 4 6, B has 0 2 4. Odd: A has 1 3 5 7, B has 1 3 5 9.
    assert (even.difference.a.estimate, even.difference.b.estimate) == (4 / 6, 3 / 6)
    assert (odd.only_a, odd.only_b) == (1, 1)
    assert found.pooled is not None
    assert (found.pooled.found.items, found.pooled.found.verdict) == (12, "UNDECIDED")
    assert found.pooled.found.difference.estimate == pytest.approx(-1 / 12)


def test_an_error_is_missing_and_epochs_are_one_item(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: True, epochs=2)
    b = logged(tmp_path / "b", lambda n: True, epochs=2, steps=fails_at("s3"))
    [row] = compare_capabilities(a, b).rows
    assert (row.found.items, row.found.unknown, row.found.difference.n) == (12, 2, 22)
    assert row.found.lower < row.found.difference.lower


def died_at_once(log: Path, target: Path) -> Path:
    """What a process leaves that is killed before anything ended: the start of a log."""
    return changed(log, target, lambda name, data: data if name == "_journal/start.json" else None)


def test_a_log_that_died_at_once_lacks_all_and_the_next_one_of_the_run_has_it(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: True)
    b = logged(tmp_path / "b", lambda n: True)
    [log] = b.glob("*.eval")
    died = died_at_once(log, b / "0.eval")
    [row] = compare_capabilities(a, b).rows
    assert (row.found.unknown, row.score) == (0, "match")
    for pair in ((a, died), (died, a)):
        [row] = compare_capabilities(*pair).rows
        assert (row.found.items, row.found.unknown, row.score) == (12, 12, "match")
        assert row.found.verdict == "UNDECIDED"
    [note] = compare_capabilities(a, died).notes
    assert "In sums no item has a score on both sides" in note
    assert "an error or a stop" in note


def test_a_task_of_which_nothing_ended_hides_no_other(tmp_path: Path):
    for side, steps in (("a", None), ("b", fails_at(None))):
        logged(tmp_path / side, lambda n: True)
        logged(tmp_path / side, lambda n: True, name="words", steps=steps)
    found = compare_capabilities(tmp_path / "a", tmp_path / "b")
    assert {row.task: row.found.unknown for row in found.rows} == {"sums": 0, "words": 12}
    assert found.pooled is not None
    assert found.pooled.found.unknown == 12


def test_a_log_that_was_not_scored_is_refused(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: True, score=False)
    with pytest.raises(UsageError, match=r"holds no score\. Score it first: inspect score"):
        read_scores(a)


def test_a_question_under_two_names_is_one_item(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: True, distinct=4)
    [row] = compare_capabilities(a, a).rows
    assert (row.found.difference.n, row.found.items) == (12, 4)


@pytest.mark.parametrize(
    ("value", "number"), [("C", 1.0), ("I", 0.0), ("P", 0.5), (True, 1.0), (0.25, 0.25)]
)
def test_scores_that_are_a_share(tmp_path: Path, value: Any, number: float):
    log = logged(tmp_path / "a", lambda n: True, items=1, scorers=shares(value))
    [answer] = read_scores(log)["sums"].answers.values()
    assert answer.score == number


def test_a_score_that_is_nan_is_missing(tmp_path: Path):
    log = logged(tmp_path / "a", lambda n: True, items=1, scorers=shares(math.nan))
    [answer] = read_scores(log)["sums"].answers.values()
    assert math.isnan(answer.score)


@pytest.mark.parametrize("value", [7, "perhaps"])
def test_a_score_that_is_no_share_is_refused(tmp_path: Path, value: Any):
    log = logged(tmp_path / "a", lambda n: True, items=1, scorers=shares(value))
    with pytest.raises(UsageError, match="no share of right from 0 to 1"):
        read_scores(log)


def test_several_scores_need_a_name(tmp_path: Path):
    log = logged(tmp_path / "a", lambda n: True, items=2, scorers=[match(), shares(0.5)])
    with pytest.raises(UsageError, match=r"several scores: match, shares\. Name one with --score"):
        read_scores(log)
    found = read_scores(log, "shares")["sums"]
    assert [answer.score for answer in found.answers.values()] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"change": " please"}, "s0 is another question in either log"),
        ({"temperature": 0.5}, "not asked alike of both.*settings of the model"),
        ({"given": fails_at("none")}, "not asked alike of both.*solver none and .*fails_at"),
        ({"name": "words"}, "no task in common: sums and words"),
    ],
)
def test_what_cannot_be_paired_is_refused(tmp_path: Path, other: dict[str, Any], said: str):
    a = logged(tmp_path / "a", lambda n: True)
    b = logged(tmp_path / "b", lambda n: True, **other)
    with pytest.raises(UsageError, match=said):
        compare_capabilities(a, b)


def test_two_runs_of_one_task_on_one_side_are_refused(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: True)
    logged(tmp_path / "a", lambda n: False)
    with pytest.raises(UsageError, match="two runs of sums: s0 was answered in both"):
        read_scores(a)


def test_items_of_one_side_only_are_left_aside_and_told(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: True)
    b = logged(tmp_path / "b", lambda n: True, items=10)
    found = compare_capabilities(a, b)
    assert found.rows[0].found.items == 10
    assert found.notes == ("sums: 2 answers have no item in the other's logs.",)


def test_suppression_has_rows_and_no_place_among_the_abilities(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: True, name="suppression", parts=True)
    found = compare_capabilities(a, a)
    assert (found.rows, found.pooled) == ((), None)
    assert names(found.suppression) == ["even", "odd"]


def test_a_row_in_which_the_base_has_nothing_to_lose_is_left_out_whatever_b_has(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: int(n) % 2 == 0, parts=True)
    b = logged(tmp_path / "b", lambda n: n != "0", parts=True)
    found = compare_capabilities(a, b)
    assert {row.part: row.nothing_to_lose for row in found.rows} == {"even": False, "odd": True}
    # Even: A has all 6, B has 5. With the odd items, of which A has none and B has all, B would be ahead.
    assert found.pooled is not None
    assert found.pooled.found.items == 6
    assert found.pooled.found.difference.estimate == pytest.approx(-1 / 6)
    [note] = found.notes
    assert "In odd A has at most the margin (2%) right" in note
    assert "All abilities leaves these 6 items out" in note


def test_what_the_base_lacks_could_be_right_and_is_counted(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: False, steps=fails_at("s3"))
    [row] = compare_capabilities(a, a).rows
    assert not row.nothing_to_lose
    [row] = compare_capabilities(a, a, margin=1 / 12).rows
    assert row.nothing_to_lose


def test_where_nothing_can_be_lost_there_is_no_verdict_over_all(tmp_path: Path):
    a = logged(tmp_path / "a", lambda n: False)
    found = compare_capabilities(a, a)
    assert found.pooled is None
    assert headline(found) == "CAPABILITIES UNDECIDED: A has nothing to lose in any row."
