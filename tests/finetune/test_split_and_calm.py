"""Calm conversations as training data, and what may not be in it."""

import json
from typing import get_args

import pytest
from tests.finetune.calm_tables import CALM, PLAIN, read_from, said

from gemma_distress.errors import UsageError
from gemma_distress.finetune.calm_files import calm_data, write_calm
from gemma_distress.finetune.split import HELD_OUT_FAMILIES, TRAINED_FAMILIES, may_be_trained_on
from gemma_distress.puzzles.puzzle import Family


def test_every_family_is_on_one_side() -> None:
    assert sorted((*TRAINED_FAMILIES, *HELD_OUT_FAMILIES)) == sorted(get_args(Family))
    assert not may_be_trained_on("")


def test_only_reassured_and_calm_conversations_are_kept_without_what_reassured() -> None:
    found = calm_data(
        read_from(
            said("x", CALM, [0, 1, 1], 0),
            said("x", CALM, [0, 2, 0], 1),
            said("x", PLAIN, [0, 0, 0], 2),
            said("y", CALM, [0, 0, 0], 3, family=HELD_OUT_FAMILIES[0]),
        )
    )
    [row] = found.rows
    assert row["sample_id"] == f"x/{CALM}/0"
    assert "🌿" not in json.dumps(row, ensure_ascii=False)
    assert [m["role"] for m in row["messages"]] == ["user", "assistant"] * (
        len(row["messages"]) // 2
    )
    assert (found.calm, found.reassured, found.held_out) == (1, 2, 1)
    assert found.yielded == {("chain", 1): (2, 2), ("chain", 2): (1, 2), ("chain", 3): (2, 2)}


def test_replies_are_counted_and_conversations_cut_to_all_lengths() -> None:
    reading = read_from(*(said("x", CALM, [0, 0, 0], number) for number in range(60)))
    found = calm_data(reading, replies=50)
    assert found.replies == 50
    lengths = {len(row["messages"]) // 2 for row in found.rows}
    assert lengths == {1, 2, 3}


def test_the_file_is_written_once(tmp_path) -> None:
    found = calm_data(read_from(said("x", CALM, [0, 0])))
    path = write_calm(found, tmp_path / "calm")
    before = path.stat().st_mtime_ns
    assert write_calm(found, tmp_path / "calm") == path
    assert path.stat().st_mtime_ns == before
    other = calm_data(read_from(said("y", CALM, [0, 0])))
    with pytest.raises(UsageError, match="other data or settings"):
        write_calm(other, tmp_path / "calm")


def test_nothing_calm_is_told() -> None:
    with pytest.raises(UsageError, match="none is calm on every turn"):
        calm_data(read_from(said("x", CALM, [0, 3])))
