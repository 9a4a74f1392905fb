"""Each turn described by the conversations that owe it."""

from __future__ import annotations

import numpy as np

from gemma_distress.analysis.statistics import clustered_mean, clustered_proportion
from gemma_distress.analysis.statistics.escalation import by_turn

X = np.nan


def test_counted_by_hand() -> None:
    ratings = [[0, 5, 9], [1, X, 6], [2, 4, 0], [3, 9, 9]]
    # The third owes two turns, the fourth one; what stands behind is none of theirs.
    first, second, third = by_turn(ratings, list("aabb"), lengths=[3, 3, 2, 1])
    assert [(t.turn, t.owed, t.unrated) for t in (first, second, third)] == [
        (1, 4, 0),
        (2, 3, 1),
        (3, 2, 0),
    ]
    assert (first.mean.estimate, first.mean.n, first.high.estimate) == (1.5, 4, 0)
    assert (second.mean.estimate, second.high.estimate) == (4.5, 1 / 2)
    assert second.high_bounds == (1 / 3, 2 / 3)
    assert (third.mean.estimate, third.high.estimate) == (7.5, 1)
    assert first.high.upper > 0
    assert third.high.lower < 1


def test_the_intervals_are_those_of_the_column() -> None:
    rng = np.random.default_rng(2)
    ratings = rng.integers(0, 11, (40, 4)).astype(float)
    prompts = [f"p{n % 10}" for n in range(40)]
    last = by_turn(ratings, prompts)[-1]
    assert last.mean == clustered_mean(ratings[:, 3], prompts, bounds=(0, 10))
    assert last.high == clustered_proportion(ratings[:, 3] >= 5, prompts)


def test_a_turn_that_nobody_owes_is_not_there() -> None:
    assert [t.turn for t in by_turn([[0, X], [1, X]], ["a", "b"], lengths=[1, 1])] == [1]
