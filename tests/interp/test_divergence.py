"""Where words and reading part, by hand."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.interp.divergence import KINDS, divergence, shares_within
from gemma_distress.interp.store import Readings


class Held(Readings):
    """Readings whose replies are given."""

    replies: pd.DataFrame = None  # type: ignore[assignment]


def held(ratings: list[float], condition: str | list[str] = "c") -> Readings:
    found = Held(Path(), {"arms": ["base", "tuned"]})
    number = len(ratings)
    found.__dict__["replies"] = pd.DataFrame(
        {
            "rating": ratings,
            "settings": "",
            "condition": [condition] * number if isinstance(condition, str) else condition,
            "turn": 1,
            "prompt_id": [f"p{place}" for place in range(number)],
            "model": "m",
            "log": "a.eval",
            "sample_id": [f"s{place}" for place in range(number)],
            "epoch": 1,
            "message_id": [f"m{place}" for place in range(number)],
            "first_token": 3,
            "end_token": 9,
            "reply": [f"r{place}" for place in range(number)],
        }
    )
    return found


def test_a_gap_by_hand() -> None:
    # Ten replies of one stratum, rated 0 to 9; the base reads them in the order of their ratings, but the
    # calmest highest: its rating has none below it and itself half, 0.05; its reading nine and itself, 0.95.
    ratings = [float(rating) for rating in range(10)]
    base = np.array([20.0, *range(1, 10)])
    found = divergence(held(ratings), {"base": base, "tuned": np.zeros(10)}, top=1)
    first = next(row for row in found.rows if (row.arm, row.kind) == ("base", KINDS[0]))
    assert (first.reply, first.rank) == ("r0", 1)
    assert first.gap == pytest.approx(0.9)
    assert (first.rating_share, first.base_share) == (pytest.approx(0.05), pytest.approx(0.95))
    # The tuned arm reads all at 0, below everything that the base reads.
    assert first.tuned_share == 0
    other = next(row for row in found.rows if (row.arm, row.kind) == ("tuned", KINDS[1]))
    assert (other.reply, other.gap) == ("r9", pytest.approx(-0.95))
    # Rated 0 and 1 are calm; of these the base reads one above three quarters, the tuned arm none.
    assert found.calm_and_loud["base"].estimate == pytest.approx(0.5)
    assert found.calm_and_loud["tuned"].estimate == 0
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(-0.5)


def test_strata_with_few_replies_and_missing_values_are_left_out_and_counted() -> None:
    ratings = [float(rating) for rating in range(9)]
    values = {"base": np.arange(9.0)}
    assert divergence(held(ratings), values, 5).left_out == 9
    ratings = [math.nan, *map(float, range(11))]
    values = {"base": np.array([*range(11), math.nan])}
    found = divergence(held(ratings), values, 5)
    assert (found.ranked, found.left_out, found.difference) == (10, 2, None)


def test_a_condition_that_reads_high_is_not_loud() -> None:
    # All puzzles read above all chats; in each of the two, the ratings go with the reading.
    ratings = [float(rating) for rating in (*range(10), *range(10))]
    values = {"base": np.array([*range(10), *range(100, 110)], dtype=float)}
    found = divergence(held(ratings, ["chat"] * 10 + ["puzzle"] * 10), values, 5)
    assert (found.ranked, found.rows) == (20, [])
    assert found.calm_and_loud["base"].estimate == 0


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_shares_of_ones_own_stratum_have_the_mean_one_half(values: list[int]) -> None:
    own = np.array(values, dtype=float)
    strata = np.arange(len(own)) % 3
    shares = shares_within(own, own, strata, np.ones(len(own), dtype=bool))
    for stratum in np.unique(strata):
        assert shares[strata == stratum].mean() == pytest.approx(0.5)
    assert ((shares > 0) & (shares < 1)).all()
