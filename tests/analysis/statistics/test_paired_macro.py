"""The macro difference: an empty category is told, and its ratio follows the difference."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gemma_distress.analysis.statistics.paired import ratio_of
from gemma_distress.analysis.statistics.paired_macro import Arms, macro_difference
from gemma_distress.errors import UsageError

X = math.nan


def arms(a: list[float], b: list[float]) -> Arms:
    return Arms(np.array(a), np.array(b), [f"p{i}" for i in range(len(a))])


def test_a_category_without_a_complete_pair_leaves_no_average_and_says_so() -> None:
    full, empty = arms([1, 0, 1], [0, 0, 1]), arms([1, X], [X, 0])
    found, test = macro_difference({"numeric": full, "tones": empty})
    assert math.isnan(found.estimate)
    assert (found.n, found.undefined) == (0, "tones has no complete pair")
    assert (test.n, math.isnan(test.p)) == (0, True)
    ratio = ratio_of(found)
    assert math.isnan(ratio.estimate)
    assert (ratio.n, ratio.undefined) == (0, "tones has no complete pair")
    two, _ = macro_difference({"numeric": empty, "tones": empty})
    assert two.undefined == "numeric, tones have no complete pair"


def test_an_average_that_there_is_has_nothing_undefined() -> None:
    found, test = macro_difference({"numeric": arms([1, 0, 1], [0, 0, 1])})
    assert (found.undefined, found.n, test.n) == ("", 3, 3)
    with pytest.raises(UsageError, match="none"):
        macro_difference({})


def test_its_ratio_excludes_1_just_where_the_difference_excludes_0() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        categories = {}
        for name in "xyz":
            a = (rng.random(60) < 0.4).astype(float)
            change = rng.random(60) < 0.2
            categories[name] = Arms(a, np.where(change, 0.0, a), list(range(60)))
        found, _ = macro_difference(categories)
        ratio = ratio_of(found)
        assert ratio.lower <= ratio.estimate <= ratio.upper
        assert (found.upper < 0) == (ratio.upper < 1)
