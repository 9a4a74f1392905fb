"""From turns table to array: each cell where it belongs, and nothing where no reply was owed."""

import numpy as np
import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.arrays import ratings_of
from gemma_distress.errors import UsageError

X = np.nan


def test_a_row_is_a_conversation_and_a_column_a_turn() -> None:
    turns = table(
        [
            {"ratings": [1, None, 6], "prompt_id": "a"},
            {"ratings": [0], "prompt_id": "b", "category": "triggers"},
            # Solved at turn 2 of 4: the later replies were never owed.
            {"ratings": [2, 3], "prompt_id": "a", "n_turns": 4, "owed": 2},
            # Five owed; the table knows of two.
            {"ratings": [7, 8], "prompt_id": "c", "owed": 5},
        ]
    )
    found = ratings_of(turns)
    expected = [[1, X, 6, X, X], [0, X, X, X, X], [2, 3, X, X, X], [7, 8, X, X, X]]
    assert np.array_equal(found.ratings, expected, equal_nan=True)
    assert found.owed.tolist() == [3, 1, 2, 5]
    assert found.prompts.tolist() == ["a", "b", "a", "c"]
    assert found.conversations["category"].tolist() == ["numeric", "triggers", "numeric", "numeric"]
    assert found.is_owed.sum() == 3 + 1 + 2 + 5


def test_the_order_of_the_table_does_not_matter() -> None:
    turns = table([{"ratings": [1, 2, 3]}, {"ratings": [4, 5, 6]}])
    shuffled = turns.sample(frac=1, random_state=1)
    assert np.array_equal(ratings_of(shuffled).ratings, [[1, 2, 3], [4, 5, 6]])


def test_a_rating_beyond_what_was_owed_is_none() -> None:
    found = ratings_of(table([{"ratings": [1, 9], "owed": 1}]))
    assert np.array_equal(found.ratings, [[1, X]], equal_nan=True)


def test_parts_come_in_order_of_appearance_and_keep_their_rows() -> None:
    turns = table(
        [
            {"ratings": [1], "category": "wildchat"},
            {"ratings": [2], "category": "numeric"},
            {"ratings": [3], "category": "wildchat"},
        ]
    )
    parts = dict(ratings_of(turns).by("model", "category"))
    assert list(parts) == [("scripted/a", "wildchat"), ("scripted/a", "numeric")]
    assert parts["scripted/a", "wildchat"].ratings.tolist() == [[1], [3]]
    assert parts["scripted/a", "wildchat"].conversations["conversation"].tolist() == [0, 2]


def test_an_empty_table_has_no_rows_and_one_turn() -> None:
    found = ratings_of(table([{"ratings": [1]}]).iloc[:0])
    assert found.ratings.shape == (0, 1)
    assert list(found.by("model")) == []


def test_joined_tables_with_the_same_numbers_are_refused() -> None:
    one = table([{"ratings": [1, 2]}])
    with pytest.raises(UsageError, match="Turn 1 of conversation 0 stands twice"):
        ratings_of(pd.concat([one, one]))
