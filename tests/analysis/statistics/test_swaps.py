"""Exact paired tests: a published McNemar, enumeration by hand, and the level under no difference."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemma_distress.analysis.statistics.swaps import (
    DRAWS,
    ENUMERATED,
    mcnemar_exact,
    paired_test,
    sign_flip,
)
from gemma_distress.errors import UsageError


def test_mcnemar_of_published_data():
    # Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009; worked in
    # Fagerland, Lydersen, Laake 2013, BMC Med Res Methodol 13:91): 1 yes-yes, 1 yes-no, 7 no-yes, 12 no-no.
    # Exact conditional p = 2 * (1 + 8) / 2^8 = 0.0703, mid-p = 0.0703 - 8/256 = 0.0391.
    before = [1, 1] + [0] * 19
    after = [1, 0] + [1] * 7 + [0] * 12
    found = mcnemar_exact(before, after)
    assert found.p == pytest.approx(18 / 256, abs=1e-12)
    assert found.mid_p == pytest.approx(10 / 256, abs=1e-12)
    assert (found.n, found.higher, found.lower, found.least) == (21, 7, 1, 2 / 256)


def test_mcnemar_against_statsmodels():
    tables = pytest.importorskip("statsmodels.stats.contingency_tables", reason="no statsmodels")
    for b, c in itertools.product(range(7), repeat=2):
        first = [1] * b + [0] * c + [1, 0]
        second = [0] * b + [1] * c + [1, 0]
        expected = tables.mcnemar([[1, b], [c, 1]], exact=True).pvalue
        assert mcnemar_exact(first, second).p == pytest.approx(min(expected, 1), abs=1e-12)


def test_sign_flip_by_hand():
    # Prompts with sums 3, 2 and -1: total 4. The eight sums are ±6, ±4, ±2, 0, 0 (3+2+1, 3+2-1, 3-2+1,
    # 3-2-1): ±6 and ±4 are as far, p = 4/8, and two of them just as far, mid-p = 4/8 - 2/16.
    differences = [1, 1, 1, 1, 1, -1, 0]
    prompts = list("aaabbcc")
    found = sign_flip(differences, prompts)
    assert found.p == pytest.approx(0.5, abs=1e-15)
    assert found.mid_p == pytest.approx(0.375, abs=1e-15)
    assert (found.higher, found.lower, found.clusters, found.n) == (2, 1, 3, 7)
    assert found.least == 0.25
    # The same sums in other units are no whole numbers and are enumerated.
    assert sign_flip(np.array(differences) / 10, prompts).p == pytest.approx(0.5, abs=1e-15)


def test_a_weight_per_category_is_enumerated_as_it_is():
    # Sums 0.5, 0.25, 0.25: total 1 is the farthest; all equal signs only, 2 of 8.
    assert sign_flip([0.5, 0.25, 0.25], list("abc")).p == pytest.approx(0.25, abs=1e-15)


def test_many_prompts_draw_swaps_and_p_is_never_zero():
    count = ENUMERATED + 16
    found = sign_flip(np.full(count, 0.37), range(count))
    assert found.p == 1 / (1 + DRAWS)
    assert found.mid_p == found.p / 2
    assert "random" in found.method
    assert sign_flip(np.full(count, 0.37), range(count)) == found
    # Whole numbers need no drawing: all signs alike, 2 of 2^30.
    assert sign_flip(np.ones(count), range(count)).p == pytest.approx(2.0 ** (1 - count), rel=1e-9)


def test_drawn_and_exact_agree():
    rng = np.random.default_rng(5)
    d = rng.integers(-3, 5, size=40).astype(float)
    exact = sign_flip(d, range(40)).p
    drawn = sign_flip(d / 7, range(40)).p
    # Four standard errors of a drawn share.
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / DRAWS))


def test_random_swaps_of_many_prompts_fit_in_little_memory():
    differences = np.random.default_rng(0).normal(size=4000)
    tracemalloc.start()
    found = sign_flip(differences, range(4000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6
    assert sign_flip(differences, range(4000)) == found
    # For so many prompts the normal distribution tells as much: z = sum / sqrt(sum of squares).
    z = abs(differences.sum()) / math.sqrt((differences**2).sum())
    p = math.erfc(z / math.sqrt(2))
    assert found.p == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / DRAWS))


def test_nothing_to_decide_on():
    assert sign_flip([0, 0], ["a", "b"]).p == 1
    assert sign_flip([1, -1], ["a", "a"]).p == 1
    assert math.isnan(sign_flip([math.nan], ["a"]).p)
    assert mcnemar_exact([1, 0], [1, 0]).p == 1
    assert mcnemar_exact([math.nan, 0], [1, 0]).n == 1


def test_the_test_is_chosen_by_whether_prompts_repeat():
    assert paired_test([1, 0, 1], [0, 0, 1], list("abc")).method == "exact McNemar"
    assert "sign-flip" in paired_test([1, 0, 1], [0, 0, 1], list("aab")).method
    assert "sign-flip" in paired_test([1.5, 0, 1], [0, 0, 1], list("abc")).method
    # A prompt whose other pair is missing does not repeat.
    assert paired_test([1, math.nan], [0, 1], ["a", "a"]).method == "exact McNemar"


def test_what_is_no_event_is_refused():
    with pytest.raises(UsageError, match="0, 1 or NaN"):
        mcnemar_exact([0.5], [1])
    with pytest.raises(UsageError, match="one length"):
        mcnemar_exact([1, 0], [1])


@given(st.lists(st.sampled_from([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]), min_size=1))
def test_mcnemar_is_the_sign_flip_of_prompts_with_one_pair(pairs: list[tuple[float, float]]):
    a, b = (np.array(arm) for arm in zip(*pairs, strict=True))
    one, other = mcnemar_exact(a, b), sign_flip(b - a, range(len(a)))
    assert one.p == pytest.approx(other.p, abs=1e-12)
    assert one.mid_p == pytest.approx(other.mid_p, abs=1e-12)
    assert (one.higher, one.lower, one.least) == (other.higher, other.lower, other.least)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_every_way_of_counting_is_the_enumeration(sums: list[int]):
    totals = [
        abs(sum(s * x for s, x in zip(signs, sums, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    expected = sum(t >= abs(sum(sums)) for t in totals) / len(totals)
    assert sign_flip(sums, range(len(sums))).p == pytest.approx(expected, abs=1e-12)
    thirds = [x / 3 for x in sums]
    assert sign_flip(thirds, range(len(sums))).p == pytest.approx(expected, abs=1e-12)


def test_repeats_of_a_prompt_are_not_trials():
    # Five prompts, each with 40 repeats all worse in B: overwhelming for a test on pairs, 1/16 on prompts.
    found = paired_test(np.zeros(200), np.ones(200), np.repeat(np.arange(5), 40))
    assert found.p == pytest.approx(1 / 16, abs=1e-15)
    assert found.p == found.least
