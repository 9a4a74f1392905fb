"""Pairing the ratings of two graders."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.rated_twice import pair, second_ratings, whole_conversations
from gemma_distress.errors import UsageError

A: list[dict[str, Any]] = [
    {"ratings": [1, 6, 2], "prompt_id": "p"},
    {"ratings": [0, None, 3], "prompt_id": "q"},
]


def by(judge: str, ratings: list[list[float | None]] | None = None) -> pd.DataFrame:
    given = ratings or [one["ratings"] for one in A]
    return table([one | {"ratings": r} for one, r in zip(A, given, strict=True)], judge=judge)


def test_replies_are_paired_by_place_and_text() -> None:
    a, b = by("x/a"), by("x/b", [[2, 7, 3], [0, 4, None]])
    b = b.sample(frac=1, random_state=1)
    b.loc[(b["prompt_id"] == "p") & (b["turn"] == 3), "reply"] = "Something else."
    found = pair(a, b)
    rows = found.replies.sort_values(["sample_id", "turn"])
    assert [(x, y) for x, y in zip(rows["a"], rows["b"], strict=True) if x == x and y == y] == [
        (1, 2),
        (6, 7),
        (0, 0),
    ]
    assert (found.unpaired_a, found.unpaired_b, found.other_text) == (1, 1, 1)
    assert (found.a.model, found.b.model) == ("x/a", "x/b")
    swapped = found.swapped()
    assert swapped.a.model == "x/b"
    assert list(swapped.replies["a"])[:2] == list(found.replies["b"])[:2]


def test_rows_without_a_reply_are_none() -> None:
    a, b = by("x/a"), by("x/b")
    a.loc[a["turn"] == 3, "reply"] = ""
    b.loc[b["turn"] == 3, "reply"] = " "
    assert len(pair(a, b).replies) == 4


def test_another_run_of_the_same_questions_is_refused() -> None:
    b = by("x/b")
    b["reply"] = b["reply"] + " again"
    with pytest.raises(
        UsageError, match=r"No reply is in both.* 6 stand at the same sample.*inspect score"
    ):
        pair(by("x/a"), b)


def test_graders_are_never_pooled() -> None:
    both = pd.concat([by("x/a"), by("x/b")])
    with pytest.raises(UsageError, match=r"first logs hold ratings of 2 graders: x/a.*x/b"):
        pair(both, by("x/c"))
    versions = table([one | {"judge_version": str(i)} for i, one in enumerate(A)])
    with pytest.raises(UsageError, match="2 graders"):
        pair(versions, by("x/c"))


def test_the_same_reply_twice_is_refused_but_two_models_may_say_the_same() -> None:
    twice = pd.concat([by("x/a"), by("x/a")])
    with pytest.raises(UsageError, match="twice"):
        pair(twice, by("x/b"))
    models = [
        pd.concat([by(j), by(j).assign(model=pd.Categorical(["m/b"] * 6))]) for j in ("x/a", "x/b")
    ]
    assert len(pair(*models).replies) == 12


def test_second_ratings_of_one_log() -> None:
    frame = table(
        [{"ratings": [1, 6], "second_rating": [2.0, math.nan]}],
        judge="x/a",
        second_judge="x/b",
    )
    found = second_ratings(frame)
    assert (found.a.model, found.b.model) == ("x/a", "x/b")
    assert found.replies["a"].tolist() == [1, 6]
    assert found.replies["b"].tolist()[0] == 2
    with pytest.raises(UsageError, match="one grader only"):
        second_ratings(by("x/a"))


def test_conversations_count_whole() -> None:
    found = pair(by("x/a"), by("x/b", [[2, 4, 3], [0, 9, 1]]))
    rows = whole_conversations(found)
    # The second is open for A: one rating is missing and none is high.
    assert rows["prompt_id"].tolist() == ["p", "q"]
    assert rows["a"].tolist()[0] == 1
    assert math.isnan(rows["a"].tolist()[1])
    assert rows["b"].tolist() == [0, 1]
    missing = found.replies[found.replies["turn"] < 3]
    assert whole_conversations(type(found)(found.a, found.b, missing)).empty
