"""Difference and ratio of two paired arms: published values, worked arithmetic, coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gemma_distress.analysis.statistics import clustered_mean, clustered_proportion
from gemma_distress.analysis.statistics.paired import (
    FEW_DISCORDANT,
    Difference,
    _mover,
    paired_difference,
    paired_mean_difference,
    ratio_of,
    risk_ratio,
)
from gemma_distress.errors import UsageError

Z = 1.959963984540054


def arms(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[float], list[float]]:
    """Events of A and of B with these counts of pairs."""
    a = [1.0] * (both + only_a) + [0.0] * (only_b + neither)
    b = [1.0] * both + [0.0] * only_a + [1.0] * only_b + [0.0] * neither
    return a, b


def without_clusters(a: list[float], b: list[float]) -> Difference:
    """One cluster at a planned ICC of 0 is no clustering, and leaves Newcombe's interval as published."""
    return paired_difference(a, b, ["all"] * len(a), planned_icc=0)


def test_newcombe_example_of_a_textbook():
    # Altman, Machin, Bryant, Gardner (2000), Statistics with Confidence, table 6.2: 14 pairs yes-yes,
    # 5 yes-no, 0 no-yes, 22 no-no. Difference 5/41 = 0.122, 95% interval 0.011 to 0.226 (Newcombe 1998,
    # method 10).
    found = without_clusters(*arms(14, 0, 5, 22))
    assert found.estimate == pytest.approx(5 / 41, abs=1e-12)
    published = _mover(found.a, found.b, found.correlation, (-1, 1))
    assert (published.lower, published.upper) == pytest.approx((0.011, 0.226), abs=0.0006)
    # Only five pairs differ, so these have a say: 5 of 41 in B alone, 0 of 41 in A alone, whose exact
    # intervals are the beta quantiles (0.041, 0.262) and (0, 1 - 0.025^(1/41)).
    low, high = stats.beta.ppf(0.025, 5, 37), stats.beta.ppf(0.975, 6, 36)
    assert found.lower == pytest.approx(5 / 41 - math.hypot(5 / 41 - low, 1 - 0.025 ** (1 / 41)))
    assert found.upper == pytest.approx(high)
    # phi = (14*22 - 0 - 41/2) / sqrt(19*22*14*27), with the continuity correction of n/2.
    assert found.correlation == pytest.approx(287.5 / math.sqrt(19 * 22 * 14 * 27), abs=1e-12)


def test_the_square_and_add_of_two_wilson_intervals_by_hand():
    # 10 of 40 in A, 20 of 40 in B, 5 in both: ad - bc = 5*15 - 5*15 = 0, so r = 0 and each end is
    # sqrt(x^2 + y^2) from the difference of 1/4.
    found = without_clusters(*arms(5, 5, 15, 15))
    (la, ua), (lb, ub) = (wilson(p, 40) for p in (0.25, 0.5))
    assert found.correlation == 0
    assert found.lower == pytest.approx(0.25 - math.hypot(0.5 - lb, ua - 0.25), abs=1e-12)
    assert found.upper == pytest.approx(0.25 + math.hypot(ub - 0.5, 0.25 - la), abs=1e-12)


def wilson(p: float, n: int) -> tuple[float, float]:
    k = Z**2 / n
    half = math.sqrt(k * p * (1 - p) + k * k / 4) / (1 + k)
    return (p + k / 2) / (1 + k) - half, (p + k / 2) / (1 + k) + half


def test_each_arm_is_its_own_clustered_proportion_over_complete_pairs():
    a, b = [1, 0, 1, math.nan, 0, 1], [0, 0, 1, 1, math.nan, 1]
    prompts = list("aabbcc")
    found = paired_difference(a, b, prompts)
    kept = [0, 1, 2, 5]
    assert found.a == clustered_proportion([a[i] for i in kept], [prompts[i] for i in kept])
    assert found.b == clustered_proportion([b[i] for i in kept], [prompts[i] for i in kept])
    assert (found.n, found.clusters) == (4, 3)


def test_the_correlation_is_that_of_the_prompts_where_their_spread_is_trusted():
    # 40 prompts of 4: in 20 both arms have 3 events, in 20 both have 1. The totals' deviations are equal in
    # both arms, so their correlation is 1, less the correction D / (2 n sA sB). Each total is 1 from
    # its mean of 2, so the robust variance is 40/39 * 40 / 160^2 and the independent one (1/4) / 159:
    # D = (1600 / 39 / 25600) * 636 = 1.0192.
    a = np.concatenate([[1, 1, 1, 0]] * 20 + [[1, 0, 0, 0]] * 20)
    found = paired_difference(a, a, np.repeat(np.arange(40), 4))
    effect = 1600 / 39 / 25600 * 636
    assert found.a.design_effect == pytest.approx(effect, abs=1e-9)
    assert found.correlation == pytest.approx(1 - effect / (2 * 160 * 0.25), abs=1e-9)
    assert found.lower < 0 < found.upper


def test_no_pair_of_120_that_differs_allows_what_none_of_120_does():
    # Arms alike in every pair, 48 of 120 high: Wilson's end of none in 120, z²/(120 + z²) = 3.1%, is further
    # out than the exact 1 - 0.025^(1/120) = 3.0%.
    a, b = arms(48, 0, 0, 72)
    found = paired_difference(a, b, range(120))
    end = Z**2 / (120 + Z**2)
    assert (found.lower, found.upper) == pytest.approx((-end, end), abs=1e-12)
    ratio = ratio_of(found)
    assert ratio.lower < 0.94 < 1.06 < ratio.upper


def test_pairs_that_differ_often_leave_the_interval_of_the_arms():
    a, b = arms(40, 0, FEW_DISCORDANT, 70)
    found = paired_difference(a, b, range(len(a)))
    plain = _mover(found.a, found.b, found.correlation, (-1, 1))
    assert (found.lower, found.upper) == (plain.lower, plain.upper)
    fewer = paired_difference(*arms(41, 0, FEW_DISCORDANT - 1, 70), range(len(a)))
    assert fewer.method != plain.method == found.method


def test_no_event_in_either_arm_still_has_an_interval():
    found = paired_difference(np.zeros(50), np.zeros(50), np.repeat(np.arange(10), 5))
    assert found.estimate == 0
    alone = clustered_proportion(np.zeros(50), np.repeat(np.arange(10), 5)).upper
    # Lower ends are 0 apart, upper ends `alone`: hypot(0, alone).
    assert (found.lower, found.upper) == pytest.approx((-alone, alone), abs=1e-12)


def test_without_a_complete_pair_there_is_nothing():
    found = paired_difference([1, math.nan], [math.nan, 0], ["a", "b"])
    assert found.n == 0
    assert math.isnan(found.lower)
    ratio = ratio_of(found)
    assert math.isnan(ratio.estimate)
    assert "no complete pair" in ratio.undefined


def test_arms_of_different_length_are_refused():
    with pytest.raises(UsageError, match="one shape"):
        paired_difference([1, 0], [1], ["a", "b"])


def test_a_mean_difference_is_students_t_on_the_prompts():
    # Six prompts of two pairs, differences of prompt g: g and g + 2, so the prompts' means are 1 .. 6 + 0:
    # g + 1 = 1, ..., 6 for g = 0 .. 5; mean 3.5, sd sqrt(3.5), error sqrt(3.5 / 6), 5 degrees of freedom.
    a = np.zeros(12)
    b = np.array([x for g in range(6) for x in (g, g + 2)], dtype=float)
    prompts = np.repeat(np.arange(6), 2)
    found = paired_mean_difference(a, b, prompts, bounds=(0, 10))
    half = stats.t.ppf(0.975, 5) * math.sqrt(3.5 / 6)
    assert (found.lower, found.upper) == pytest.approx((3.5 - half, 3.5 + half), abs=1e-12)
    assert found.a == clustered_mean(a, prompts, bounds=(0, 10))


def test_a_mean_difference_against_statsmodels():
    api = pytest.importorskip("statsmodels.api", reason="statsmodels is absent")
    rng = np.random.default_rng(3)
    prompts = np.repeat(np.arange(12), [3, 5, 4, 4, 2, 6, 4, 4, 3, 5, 4, 4])
    a, b = rng.integers(0, 11, len(prompts)), rng.integers(0, 11, len(prompts))
    fitted = api.OLS((b - a).astype(float), np.ones(len(prompts))).fit(
        cov_type="cluster", cov_kwds={"groups": prompts}
    )
    found = paired_mean_difference(a, b, prompts)
    # Ours takes as many degrees of freedom as the unequal prompts are worth, n^2 / sum(m^2) - 1.
    sizes = np.bincount(prompts)
    t = stats.t.ppf(0.975, len(prompts) ** 2 / (sizes**2).sum() - 1)
    assert found.estimate == pytest.approx(fitted.params[0], abs=1e-12)
    assert (found.upper - found.estimate) / t == pytest.approx(fitted.bse[0], rel=1e-9)


def test_equal_ratings_are_not_certainty():
    level = paired_mean_difference(np.full(10, 2.0), np.full(10, 2.0), range(10), bounds=(0, 10))
    assert level.lower < 0 < level.upper
    assert math.isnan(paired_mean_difference(np.zeros(10), np.zeros(10), range(10)).upper)


def test_the_ratio_of_clear_rates_by_hand():
    # 40 of 80 in A, 20 of 80 in B, uncorrelated. With x = pB - lB, y = uA - pA the lower end R solves
    # (pB - R pA)^2 = x^2 + R^2 y^2.
    a, b = arms(10, 30, 10, 30)
    difference = without_clusters(a, b)
    assert difference.correlation == 0
    ratio = ratio_of(difference)
    assert ratio.estimate == pytest.approx(0.5, abs=1e-12)
    for end, x, y in (
        (ratio.lower, 0.25 - difference.b.lower, difference.a.upper - 0.5),
        (ratio.upper, difference.b.upper - 0.25, 0.5 - difference.a.lower),
    ):
        assert (0.25 - end * 0.5) ** 2 == pytest.approx(x**2 + end**2 * y**2, abs=1e-12)


def test_the_ratio_at_zero_events():
    prompts = range(40)
    none, some = np.zeros(40), np.array([1.0] * 14 + [0.0] * 26)
    gone = risk_ratio(some, none, prompts)
    assert (gone.estimate, gone.lower, gone.undefined) == (0, 0, "")
    assert 0 < gone.upper < 0.5
    risen = risk_ratio(none, some, prompts)
    assert math.isnan(risen.estimate)
    assert risen.undefined == "A has no event"
    assert risen.lower == pytest.approx(1 / gone.upper, rel=1e-12)
    assert risen.upper == math.inf
    neither = risk_ratio(none, none, prompts)
    assert neither.undefined == "neither arm has an event"
    assert (neither.lower, neither.upper) == (0, math.inf)


PAIRS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0, math.nan]),
        st.sampled_from([0.0, 1.0, math.nan]),
        st.integers(0, 7),
    ),
    max_size=50,
)


@settings(deadline=None, max_examples=60)
@given(PAIRS)
def test_every_interval_holds_its_estimate_and_mirrors(pairs: list[tuple[float, float, int]]):
    a, b, prompts = ([pair[i] for pair in pairs] for i in range(3))
    found = paired_difference(a, b, prompts)
    if found.n == 0:
        return
    assert -1 <= found.lower <= found.estimate <= found.upper <= 1
    assert found.upper > found.lower
    swapped = paired_difference(b, a, prompts)
    assert (swapped.lower, swapped.upper) == pytest.approx((-found.upper, -found.lower), abs=1e-9)
    ratio = ratio_of(found)
    assert 0 <= ratio.lower <= ratio.upper
    if not ratio.undefined:
        assert ratio.lower <= ratio.estimate <= ratio.upper
        assert (ratio.lower > 1 + 1e-9) <= (found.lower > 0) <= (ratio.lower > 1 - 1e-9)
        assert (ratio.upper < 1 - 1e-9) <= (found.upper < 0) <= (ratio.upper < 1 + 1e-9)
    mean = paired_mean_difference(a, b, prompts, bounds=(0, 1))
    assert -1 <= mean.lower <= mean.estimate + 1e-12
    assert mean.estimate == pytest.approx(found.estimate, abs=1e-12)


@pytest.mark.parametrize(
    ("rate_a", "rate_b", "correlation", "groups", "size"),
    [(0.35, 0.003, 0.1, 20, 10), (0.003, 0.003, 0.05, 10, 20), (0.35, 0.175, 0.05, 50, 4)],
)
def test_coverage_is_at_least_93_percent_where_plain_t_may_fail(
    rate_a: float, rate_b: float, correlation: float, groups: int, size: int
):
    rng = np.random.default_rng(7)
    prompts = np.repeat(np.arange(groups), size).tolist()
    spread = 1 / correlation - 1
    runs, covered = 300, 0
    for _ in range(runs):
        rates = [rng.beta(r * spread, (1 - r) * spread, size=groups) for r in (rate_a, rate_b)]
        a, b = ((rng.random(groups * size) < np.repeat(rate, size)).astype(float) for rate in rates)
        found = paired_difference(a, b, prompts)
        covered += found.lower <= rate_b - rate_a <= found.upper
    assert covered / runs >= 0.93


@pytest.mark.parametrize(("groups", "size"), [(120, 1), (200, 1), (40, 4), (20, 10)])
def test_coverage_where_few_pairs_differ(groups: int, size: int):
    # B is A word for word, but that 2% of all conversations turn high.
    rng = np.random.default_rng(8)
    prompts = np.repeat(np.arange(groups), size).tolist()
    runs, covered = 400, np.zeros(2)
    for _ in range(runs):
        place = rng.random(len(prompts))
        a, b = (place < 0.40).astype(float), (place < 0.42).astype(float)
        found = paired_difference(a, b, prompts)
        ratio = ratio_of(found)
        covered += found.lower <= 0.02 <= found.upper, ratio.lower <= 0.42 / 0.40 <= ratio.upper
    assert covered.min() / runs >= 0.93


def test_the_ratio_of_means_excludes_1_just_where_their_difference_excludes_0():
    rng = np.random.default_rng(4)
    excluded = 0
    for _ in range(200):
        a = rng.lognormal(3, 0.4, 40)
        b = a * rng.lognormal(rng.choice([0.0, 0.06]), 0.2, 40)
        found = paired_mean_difference(a, b, range(40))
        ratio = ratio_of(found)
        assert ratio.estimate == pytest.approx(b.mean() / a.mean())
        assert ratio.lower < ratio.estimate < ratio.upper
        assert (ratio.lower > 1) == (found.lower > 0)
        assert (ratio.upper < 1) == (found.upper < 0)
        excluded += not ratio.lower <= 1 <= ratio.upper
    assert 10 < excluded < 190


def test_a_difference_without_ends_leaves_the_ratio_without():
    found = paired_mean_difference([20.0, 30.0], [10.0, 20.0], ["a", "b"])
    assert math.isnan(found.lower)
    ratio = ratio_of(found)
    assert ratio.estimate == pytest.approx(15 / 25)
    assert math.isnan(ratio.lower)
    assert math.isnan(ratio.upper)
