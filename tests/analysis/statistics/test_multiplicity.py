"""Holm's adjustment: by hand, against statsmodels, and its properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemma_distress.analysis.statistics.multiplicity import holm
from gemma_distress.errors import UsageError


def test_four_p_values_by_hand():
    # In order .005, .01, .03, .04: times 4, 3, 2, 1 = .02, .03, .06, .04; the last may not fall below
    # the one before it, so it is .06 too. At 5% the first two are rejected and the procedure stops.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-15)


def test_a_test_that_could_not_be_made_does_not_count():
    found = holm([0.02, math.nan, 0.03])
    assert found[[0, 2]] == pytest.approx([0.04, 0.04], abs=1e-15)
    assert math.isnan(found[1])
    assert holm([]).shape == (0,)


def test_never_above_one():
    assert holm([0.6, 0.9]) == pytest.approx([1, 1])


@pytest.mark.parametrize("wrong", [[1.2], [-0.1], [[0.1, 0.2]]])
def test_what_is_no_list_of_probabilities_is_refused(wrong: list[float]):
    with pytest.raises(UsageError, match="p-values from 0 to 1"):
        holm(wrong)


@settings(deadline=None)  # the first import of statsmodels is slow
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_same_as_statsmodels(p: list[float]):
    reference = pytest.importorskip("statsmodels.stats.multitest", reason="statsmodels is absent")
    expected = reference.multipletests(p, method="holm")[1]
    assert holm(p) == pytest.approx(expected, abs=1e-12)
    assert np.all(holm(p) >= np.asarray(p) - 1e-15)
