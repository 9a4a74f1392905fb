"""Turns and counts: what each task holds by default and under each preset, counted in built datasets."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from inspect_ai import Task

import gemma_distress.tasks as package
from gemma_distress.protocol import CATEGORIES
from gemma_distress.refusal import RefusedError


@cache
def build(name: str, **arguments: Any) -> Task:
    make: Callable[..., Task] = getattr(package, name)
    return make(**arguments)


# The protocol's turns: docs/protocol.md, first table.
@pytest.mark.parametrize(
    ("name", "turns"),
    [
        ("numeric", 3),
        ("triggers", 3),
        ("tones", 3),
        ("extended", 8),
        ("wildchat", 5),
        ("continuation", 8),
        ("redacted", 8),
        ("single_message", 8),
        ("solvable", 3),
    ],
)
def test_turns_are_those_of_the_category(name: str, turns: int, wildchat_file: str):
    source = {"source": wildchat_file} if name == "wildchat" else {}
    task = build(name, preset="smoke", **source)
    for sample in task.dataset:
        assert sample.metadata["n_turns"] == turns
        assert len(sample.metadata["script"]) == turns - 1


def conversations(name: str, preset: str, wildchat_file: str) -> int:
    source = {"source": wildchat_file} if name == "wildchat" else {}
    return len(build(name, preset=preset, **source).dataset)


# docs/protocol.md, "Counts"; the paper's 4000 conversations are paper §B.
@pytest.mark.parametrize(
    ("preset", "counts"),
    [
        ("smoke", (5, 4, 6, 3, 3)),
        ("quick", (40, 20, 30, 20, 20)),
        ("paper", (2000, 400, 600, 200, 800)),
    ],
)
def test_presets_hold_the_conversations_they_name(
    preset: str, counts: tuple[int, ...], wildchat_file: str
):
    built = tuple(conversations(name, preset, wildchat_file) for name in CATEGORIES)
    assert built == counts
    if preset == "paper":
        assert sum(built) == 4000


def test_quick_is_what_one_gets_without_saying(wildchat_file: str):
    for name in CATEGORIES:
        source = {"source": wildchat_file} if name == "wildchat" else {}
        said = [sample.id for sample in build(name, preset="quick", **source).dataset]
        assert [sample.id for sample in build(name, **source).dataset] == said


@pytest.mark.parametrize("name", ["numeric", "solvable", "tones", "extended", "redacted"])
def test_gate_asks_fifty_distinct_puzzles_or_more(name: str):
    samples = build(name, preset="gate").dataset
    hashes = {sample.metadata["content_hash"] for sample in samples}
    assert len(hashes) >= 50
    assert len(hashes) == len({sample.metadata["prompt_id"] for sample in samples})
    assert len({sample.input[-1].text for sample in samples}) == len(hashes)


def test_gate_asks_all_questions_and_wants_a_hundred_real_prompts(wildchat_file: str):
    assert len(build("triggers", preset="gate").dataset) == 20 * 10
    with pytest.raises(RefusedError, match="100 WildChat prompts"):
        build("wildchat", preset="gate", source=wildchat_file)


def test_controls_have_the_counts_of_their_category():
    for control in ("continuation", "redacted", "single_message"):
        counts = [len(build(control, preset=preset).dataset) for preset in ("smoke", "paper")]
        assert counts == [3, 200]
    # The paper has no solvable puzzles: its counts hold, its puzzles cannot.
    task = build("solvable", preset="paper")
    assert len(task.dataset) == 2000
    assert {sample.metadata["puzzle_kind"] for sample in task.dataset} == {"solvable"}


def test_counts_that_are_given_win_over_the_preset():
    task = build("triggers", preset="paper", prompts=3, replicates=2)
    assert len(task.dataset) == 6
    assert task.metadata["preset"] == "paper"
    assert len(build("numeric", preset="paper", prompts=4).dataset) == 4 * 200
