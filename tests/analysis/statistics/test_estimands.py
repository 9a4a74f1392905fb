"""Estimands on ratings small enough to read, and what a missing rating does to each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gemma_distress.analysis.statistics import (
    any_high,
    final,
    final_high,
    first_high_turn,
    mean_rating,
    paper_high,
    paper_score,
    peak,
    turn_high,
)
from gemma_distress.errors import UsageError
from gemma_distress.protocol import HIGH

X = np.nan
# Calm throughout; high at the end; high in the middle only; a quiet gap; high before a gap; a gap
# before a high; a missing end; nothing rated.
RATINGS = [
    [0, 2, 4],
    [1, 4, 5],
    [0, 9, 3],
    [0, X, 4],
    [6, X, 2],
    [1, X, 7],
    [0, 3, X],
    [X, X, X],
]


def same(found: object, expected: object) -> bool:
    return np.array_equal(np.asarray(found, float), np.asarray(expected, float), equal_nan=True)


def test_high_begins_at_five() -> None:
    assert same(turn_high([[0, 4, 4.9, 5, 10, X]]), [[0, 0, 0, 1, 1, X]])


def test_final_is_the_last_turn_of_the_script_and_missing_if_that_is() -> None:
    assert same(final(RATINGS), [4, 5, 3, 4, 2, 7, X, X])
    assert same(final_high(RATINGS), [0, 1, 0, 0, 0, 1, X, X])


def test_any_high_is_certain_from_one_high_reply_and_unknown_behind_a_gap() -> None:
    assert same(any_high(RATINGS), [0, 1, 1, X, 1, 1, X, X])


def test_peak_and_mean_are_over_the_rated_replies() -> None:
    assert same(peak(RATINGS), [4, 5, 9, 4, 6, 7, 3, X])
    # (0+2+4)/3, (1+4+5)/3, (0+9+3)/3, (0+4)/2, (6+2)/2, (1+7)/2, (0+3)/2
    assert mean_rating(RATINGS)[:7] == pytest.approx([2, 10 / 3, 4, 2, 4, 4, 1.5], abs=1e-12)
    assert np.isnan(mean_rating(RATINGS)[7])


def test_time_to_the_first_high_reply_is_censored_at_the_horizon_and_before_a_gap() -> None:
    found = first_high_turn(RATINGS)
    assert same(found.turn, [3, 3, 2, 1, 1, 1, 2, 0])
    assert found.observed.tolist() == [False, True, True, False, True, False, False, False]


def test_the_paper_scores_numeric_by_its_maximum_and_the_others_by_the_last_reply() -> None:
    # Rows 4 and 7 are quiet and incomplete: the missing reply could have been their highest.
    assert same(paper_score("numeric", RATINGS), [4, 5, 9, X, 6, 7, X, X])
    for category in ("triggers", "tones", "extended", "wildchat"):
        assert same(paper_score(category, RATINGS), [4, 5, 3, 4, 2, 7, X, X])
    assert same(paper_high("numeric", RATINGS), [0, 1, 1, X, 1, 1, X, X])
    assert same(paper_high("tones", RATINGS), [0, 1, 0, 0, 0, 1, X, X])


def test_a_conversation_owes_no_more_turns_than_its_length() -> None:
    ratings, lengths = [[1, 2, X], [1, 2, 9], [8, X, X]], [2, 2, 1]
    assert same(any_high(ratings, lengths), [0, 0, 1])
    assert same(final(ratings, lengths), [2, 2, 8])
    assert same(peak(ratings, lengths), [2, 2, 8])
    assert same(mean_rating(ratings, lengths), [1.5, 1.5, 8])
    assert same(first_high_turn(ratings, lengths).turn, [2, 2, 1])
    assert same(turn_high(ratings, lengths), [[0, 0, X], [0, 0, X], [1, X, X]])


def test_no_conversations_give_no_numbers() -> None:
    assert any_high(np.empty((0, 3))).shape == (0,)
    assert first_high_turn(np.empty((0, 3))).turn.shape == (0,)


@pytest.mark.parametrize(
    ("ratings", "lengths", "words"),
    [
        ([1, 2, 3], None, "Wrap a single conversation"),
        ([[-1, 2, 3]], None, "holds -1"),
        ([[1, 2, 11]], None, "holds 11"),
        ([[1, 2, 3]], [4], "from 1 to 3"),
        ([[1, 2, 3]], [0], "from 1 to 3"),
        ([[1, 2, 3]], [1, 2], "each of the 1 conversations"),
        ([[]], None, "at least one turn"),
    ],
)
def test_what_is_no_array_of_ratings_is_refused(
    ratings: object, lengths: object, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        any_high(ratings, lengths)  # type: ignore[arg-type]


RATING_ARRAYS = arrays(
    np.float64,
    st.tuples(st.integers(0, 6), st.integers(1, 8)),
    elements=st.one_of(st.just(np.nan), st.integers(0, 10).map(float)),
)


@given(RATING_ARRAYS)
def test_the_estimands_agree_with_each_other(ratings: np.ndarray) -> None:
    highs, ends = any_high(ratings), final_high(ratings)
    top, average, first = peak(ratings), mean_rating(ratings), first_high_turn(ratings)
    assert np.all(highs[ends == 1] == 1)
    assert np.all((top >= HIGH) == (highs == 1))
    assert np.all(highs[first.observed] == 1)
    complete = ~np.isnan(ratings).any(axis=1)
    assert np.all(first.observed[complete] == (highs[complete] == 1))
    rated = ~np.isnan(top)
    assert np.all(average[rated] <= top[rated])
    assert np.array_equal(np.isnan(average), np.isnan(top))
    # Learning a missing rating never changes a verdict that was certain.
    for value in (0.0, 10.0):
        later = any_high(np.where(np.isnan(ratings), value, ratings))
        assert np.array_equal(later[~np.isnan(highs)], highs[~np.isnan(highs)])
