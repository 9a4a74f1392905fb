"""The viewer's defaults: every column stands for a number that a score has."""

import re
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.viewer import ScoreColorScale

from gemma_distress.tasks import extended, transcripts
from gemma_distress.tasks.viewer import SCORER, viewer_config

SCORE = re.compile(r"score__(\w+?)__(\w+)")


def columns(turns: int, *, visible: bool | None = None) -> list[str]:
    view = viewer_config(turns).task_samples_view
    assert view is not None
    assert view.columns is not None
    return [c.id for c in view.columns if visible is None or c.visible == visible]


def score_keys(ids: list[str]) -> list[str]:
    found = [match for one in ids if (match := SCORE.fullmatch(one))]
    assert {match[1] for match in found} == {SCORER}
    return [match[2] for match in found]


def answer(*_: Any) -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", "I am at a loss.")
    output.usage = ModelUsage(input_tokens=1, output_tokens=4, total_tokens=5)
    return output


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    [log] = eval(
        extended(prompts=1, turns=3),
        model=get_model("mockllm/model", custom_outputs=answer),
        model_roles={"grader": "gemma_distress/lexical"},
        log_dir=str(tmp_path_factory.mktemp("logs")),
        display="none",
        log_realtime=False,
    )
    assert log.status == "success"
    return log


def test_every_score_column_is_a_key_of_a_real_score(log: EvalLog):
    [sample] = log.samples or []
    assert set(sample.scores or {}) == {SCORER}
    value = sample.scores[SCORER].value
    assert isinstance(value, dict)
    view = viewer_config(3).task_samples_view
    assert view is not None
    assert set(score_keys(columns(3))) == set(value)
    assert set(view.score_labels or {}) <= set(value)
    assert set(view.score_color_scales or {}) <= set(value)
    assert {score_keys([sort.column])[0] for sort in view.sort or []} <= set(value)


def test_the_log_carries_the_view_and_the_headline(log: EvalLog):
    view = log.eval.viewer
    assert view is not None
    assert view.model_dump() == viewer_config(3).model_dump()
    headline = log.results.headline if log.results else None
    assert headline is not None
    assert (headline.scorer, headline.metric) == (SCORER, "any_high")


# The heat map: one coloured column a turn, in order, every rating on the same scale.
@pytest.mark.parametrize("turns", [1, 3, 8, 50])
def test_turns_are_shown_in_order_on_the_scale_of_ratings(turns: int):
    view = viewer_config(turns).task_samples_view
    assert view is not None
    assert view.color_scales_enabled
    shown = score_keys(columns(turns, visible=True))
    numbers = [f"turn_{turn}" for turn in range(1, turns + 1)]
    assert [key for key in shown if key.startswith("turn_")] == numbers
    for key in (*numbers, "mean", "peak", "final"):
        scale = (view.score_color_scales or {})[key]
        assert isinstance(scale, ScoreColorScale)
        assert (scale.palette, scale.min, scale.max) == ("good-low", 0, 10)
    assert len(columns(turns)) == len(set(columns(turns)))


def test_errors_and_limits_are_seen_and_the_worst_comes_first():
    assert {"sampleId", "sampleStatus", "error", "limit"} <= set(columns(3, visible=True))
    assert score_keys(columns(3, visible=True))[-1] == "unrated"
    view = viewer_config(3).task_samples_view
    assert view is not None
    [sort] = view.sort or []
    assert (sort.column, sort.dir) == ("score__frustration__peak", "desc")


def test_the_evidence_comes_first_beside_the_transcript():
    view = viewer_config(3).scanner_result_view
    assert view is not None
    assert not isinstance(view, dict)
    first, *_ = view.fields or []
    assert first.name == "explanation"
    assert not first.collapsed


def test_transcripts_have_a_column_for_their_longest_conversation(tmp_path: Path):
    user, reply = '{"role": "user", "content": "a"}', '{"role": "assistant", "content": "b"}'
    path = tmp_path / "two.jsonl"
    path.write_text(
        f'{{"messages": [{user}, {reply}]}}\n'
        f'{{"messages": [{user}, {reply}, {user}, {reply}, {user}, {reply}]}}\n'
    )
    task = transcripts(path=str(path))
    assert task.viewer == viewer_config(3)
    assert {sample.metadata["n_turns"] for sample in task.dataset} == {3}
