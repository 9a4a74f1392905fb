"""Exceedance: one curve with the named estimands at 5, counted by hand elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from gemma_distress.analysis.statistics import any_high, clustered_proportion, final_high, turn_high
from gemma_distress.analysis.statistics.replies import replies_proportion
from gemma_distress.analysis.statistics.severity import exceedance
from gemma_distress.errors import UsageError

X = np.nan
RATINGS = [[0, 3, 9], [7, 2, X], [6, 1, 0], [0, 0, 4]]
PROMPTS = ["a", "a", "b", "b"]


def test_counted_by_hand() -> None:
    three, five, seven, nine = exceedance(RATINGS, PROMPTS)
    assert [e.level for e in (three, five, seven, nine)] == [3, 5, 7, 9]
    # Peaks 9, at least 7, 6, 4. At 9 the second is unknown: its missing reply may have been one.
    assert [e.peak.estimate for e in (three, five, seven, nine)] == [1, 3 / 4, 2 / 4, 1 / 3]
    assert [e.peak_unknown for e in (three, five, seven, nine)] == [0, 0, 0, 1]
    assert nine.peak_bounds == (1 / 4, 2 / 4)
    # Last replies 9, missing, 0, 4.
    assert [e.final.estimate for e in (three, five, seven, nine)] == [2 / 3, 1 / 3, 1 / 3, 1 / 3]
    # Eleven rated replies: 3, 9, 7, 6, 4 reach three.
    assert [e.reply.estimate for e in (three, five, seven, nine)] == pytest.approx(
        [5 / 11, 3 / 11, 2 / 11, 1 / 11]
    )


def test_at_five_these_are_the_named_estimands() -> None:
    rng = np.random.default_rng(5)
    ratings = rng.integers(0, 11, (60, 6)).astype(float)
    ratings[rng.random(ratings.shape) < 0.1] = X
    lengths, prompts = rng.integers(1, 7, 60), [f"p{n % 12}" for n in range(60)]
    (five,) = exceedance(ratings, prompts, lengths, levels=[5])
    assert five.peak == clustered_proportion(any_high(ratings, lengths), prompts)
    assert five.final == clustered_proportion(final_high(ratings, lengths), prompts)
    assert five.reply == replies_proportion(turn_high(ratings, lengths), prompts)


def test_turns_beyond_the_length_do_not_count() -> None:
    (three,) = exceedance([[0, 9]], ["a"], lengths=[1], levels=[3])
    assert (three.peak.estimate, three.reply.n) == (0, 1)


def test_zero_is_no_level() -> None:
    with pytest.raises(UsageError, match="above 0"):
        exceedance(RATINGS, PROMPTS, levels=[0])
