"""Clustered intervals: worked arithmetic, edges, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gemma_distress.analysis.statistics import (
    Interval,
    clustered_mean,
    clustered_proportion,
    design_effect,
    icc,
    planned_design_effect,
    worst_case,
)
from gemma_distress.analysis.statistics.clusters import effective_clusters
from gemma_distress.errors import UsageError

Z = 1.959963984540054  # standard normal, 97.5%
TOLERANCE = 1e-12


def wilson(p: float, k: float) -> tuple[float, float]:
    centre = (p + k / 2) / (1 + k)
    half = math.sqrt(k * p * (1 - p) + k * k / 4) / (1 + k)
    return centre - half, centre + half


def outer(p: float, k: float, tail: float = 0.025) -> tuple[float, float]:
    """The wider at each end of Wilson's and the exact interval of p n events in n = z^2 / k."""
    n = stats.norm.ppf(1 - tail) ** 2 / k
    lower, upper = wilson(p, k)
    exact = stats.beta(p * n, n - p * n + 1), stats.beta(p * n + 1, n - p * n)
    return min(lower, exact[0].ppf(tail)), max(upper, exact[1].ppf(1 - tail))


def test_icc_of_a_worked_analysis_of_variance() -> None:
    # Clusters a = 1, 2, 3 (mean 2), b = 4, 6 (mean 5), c = 7 (mean 7); n = 6, mean 23/6.
    # SSB = 3(2-23/6)^2 + 2(5-23/6)^2 + (7-23/6)^2 = (3*121 + 2*49 + 361)/36 = 822/36, MSB = 411/36.
    # SSW = 1+0+1 + 1+1 + 0 = 4, MSW = 4/3. n0 = (6 - (9+4+1)/6) / 2 = 11/6.
    # ICC = (411/36 - 48/36) / (411/36 + 5/6 * 48/36) = 363 / (411 + 40) = 363/451 = 33/41.
    values, clusters = [1, 2, 3, 4, 6, 7], list("aaabbc")
    assert icc(values, clusters) == pytest.approx(33 / 41, abs=TOLERANCE)


def test_icc_is_one_for_equal_members_and_negative_for_equal_means() -> None:
    assert icc([0, 0, 1, 1], list("aabb")) == pytest.approx(1, abs=TOLERANCE)
    # MSB = 0 and n0 = 2, so ICC = -MSW / MSW = -1.
    assert icc([0, 1, 0, 1], list("aabb")) == pytest.approx(-1, abs=TOLERANCE)


def test_design_effect_by_hand() -> None:
    # Two clusters of two, all alike: totals of deviations are -1 and +1, so the robust variance is
    # 2/1 * (1 + 1) / 16 = 1/4; under independence it is (1/3)/4 = 1/12. The ratio is 3.
    assert design_effect([0, 0, 1, 1], list("aabb")) == pytest.approx(3, abs=TOLERANCE)
    # Clusters of one: C/(C-1) * SS / n^2 is the variance under independence itself.
    assert design_effect([0, 1, 1, 5], list("abcd")) == pytest.approx(1, abs=TOLERANCE)


def test_planned_design_effect_weighs_clusters_by_size() -> None:
    # Sizes 1 and 3: the average observation sits in a cluster of (1 + 9) / 4 = 2.5.
    assert planned_design_effect(list("abbb"), 0.2) == pytest.approx(1.3, abs=TOLERANCE)
    assert effective_clusters(list("abbb")) == pytest.approx(1.6, abs=TOLERANCE)
    assert math.isnan(planned_design_effect([]))


def test_zero_events_use_the_planned_design_effect_and_keep_an_upper_bound() -> None:
    # Ten clusters of 5 at ICC 0.1: D = 1.4, k = z^2 * 1.4 / 50, so they are worth 50/1.4 observations.
    # For p = 0 Wilson's upper end is k / (1 + k) = 0.0971, the exact one 1 - 0.025^(1.4/50) = 0.0981.
    found = clustered_proportion(np.zeros(50), np.repeat(np.arange(10), 5))
    k = Z**2 * 1.4 / 50
    assert (found.estimate, found.lower) == (0, 0)
    assert k / (1 + k) == pytest.approx(0.0971, abs=5e-5)
    assert found.upper == pytest.approx(1 - 0.025 ** (1.4 / 50), abs=TOLERANCE)
    assert found.design_effect == pytest.approx(1.4, abs=TOLERANCE)
    assert (found.n, found.clusters) == (50, 10)
    assert "planned" in found.method
    assert math.isnan(found.icc)


def test_an_ordinary_rate_uses_the_estimated_design_effect_with_t() -> None:
    # Six clusters of 4 with 2 events each, but for one of 3 and one of 1: p = 1/2. Totals of
    # deviations are +1 and -1, the robust variance 6/5 * 2 / 576 = 1/240; under independence it is
    # (24/4/23)/24 = 1/92. The ratio 92/240 is below 1 and counts as 1. t has 5 degrees of freedom.
    counts = [2, 2, 2, 2, 3, 1]
    events = [1.0] * 0
    for count in counts:
        events += [1.0] * count + [0.0] * (4 - count)
    clusters = np.repeat(np.arange(6), 4)
    found = clustered_proportion(events, clusters)
    assert design_effect(events, clusters) == pytest.approx(92 / 240, abs=TOLERANCE)
    lower, upper = wilson(0.5, stats.t.ppf(0.975, 5) ** 2 / 24)
    assert found.lower == pytest.approx(lower, abs=TOLERANCE)
    assert found.upper == pytest.approx(upper, abs=TOLERANCE)
    assert found.method == "Wilson, estimated design effect"
    assert found.design_effect == 1


def test_single_conversations_without_events_have_the_exact_one_sided_bound() -> None:
    # 300 prompts, one conversation each, none high: D = 1. An interval of level 0.90 has one-sided
    # bounds of level 0.95, and the exact one is 1 - 0.05^(1/300), near the "rule of three" 3/300.
    found = clustered_proportion(np.zeros(300), range(300), level=0.90)
    exact = stats.binomtest(0, 300, alternative="less").proportion_ci(0.95, "exact").high
    assert found.upper == pytest.approx(exact, abs=1e-9)
    assert found.upper == pytest.approx(0.00994, abs=1e-5)


def test_one_event_does_not_exclude_a_rate_that_would_give_it_one_time_in_seven() -> None:
    # At a rate of 0.3% an event among 50 happens with 1 - 0.997^50 = 14%. Wilson's lower end, 0.0035,
    # is above that rate; the exact one of 50 / (t^2 / z^2) observations is far below.
    found = clustered_proportion([1.0] + [0.0] * 49, range(50))
    t2 = stats.t.ppf(0.975, 49) ** 2
    assert wilson(0.02, t2 / 50)[0] > 0.003
    assert found.lower < 0.0005
    assert (found.lower, found.upper) == pytest.approx(outer(0.02, t2 / 50), abs=1e-9)


def test_unequal_clusters_cost_degrees_of_freedom() -> None:
    # Five clusters of 6, 2, 2, 2, 2 and half events in each: no spread, D counts as 1, and the
    # effective number of clusters is 14^2 / (36 + 4*4) = 196/52.
    clusters = np.repeat(np.arange(5), [6, 2, 2, 2, 2])
    found = clustered_proportion([1, 0] * 7, clusters)
    k = stats.t.ppf(0.975, 196 / 52 - 1) ** 2 / 14
    assert (found.lower, found.upper) == pytest.approx(wilson(0.5, k), abs=TOLERANCE)


def test_few_events_take_the_wider_of_both() -> None:
    # Ten clusters of 10. One event in each of two clusters: the estimate is near 1, planned is 1.9.
    clusters = np.repeat(np.arange(10), 10)
    spread = np.zeros(100)
    spread[[0, 10]] = 1
    found = clustered_proportion(spread, clusters)
    assert found.design_effect == pytest.approx(1.9, abs=TOLERANCE)
    assert (found.lower, found.upper) == pytest.approx(outer(0.02, Z**2 * 0.019), abs=1e-9)
    # Nine events in one cluster: totals of deviations are 9 - 0.9 = 8.1 and nine times -0.9, so the
    # robust variance is 10/9 * (65.61 + 7.29) / 10^4 = 0.0081; under independence it is
    # 0.09 * 0.91 / 99. The ratio is 891/91 and exceeds the planned one.
    heap = np.zeros(100)
    heap[:9] = 1
    found = clustered_proportion(heap, clusters)
    assert found.design_effect == pytest.approx(891 / 91, abs=TOLERANCE)
    k = stats.t.ppf(0.975, 9) ** 2 * 891 / 9100
    assert (found.lower, found.upper) == pytest.approx(outer(0.09, k), abs=1e-9)


def test_one_cluster_rests_on_the_assumption_alone() -> None:
    # 20 events of 40 in one cluster: D = 1 + 39 * 0.1 = 4.9.
    found = clustered_proportion([1, 0] * 20, ["only"] * 40)
    assert (found.lower, found.upper) == pytest.approx(outer(0.5, Z**2 * 4.9 / 40), abs=1e-9)
    assert found.design_effect == pytest.approx(4.9, abs=TOLERANCE)
    assert math.isnan(found.icc)


def test_single_conversations_per_cluster_are_independent() -> None:
    # 40 clusters of one, 20 events: D = 1, t with 39 degrees of freedom.
    found = clustered_proportion([1, 0] * 20, range(40))
    k = stats.t.ppf(0.975, 39) ** 2 / 40
    assert (found.lower, found.upper) == pytest.approx(wilson(0.5, k), abs=TOLERANCE)


def test_missing_observations_are_left_out_with_their_labels() -> None:
    assert clustered_proportion(
        [1, math.nan, 0, 1], ["a", "gone", "b", "a"]
    ) == clustered_proportion([1, 0, 1], ["a", "b", "a"])
    assert clustered_mean([1, math.nan, 4], ["a", "gone", "b"]).clusters == 2


@pytest.mark.parametrize("values", [[], [math.nan, math.nan]])
@pytest.mark.parametrize("function", [clustered_proportion, clustered_mean])
def test_without_observations_every_number_is_missing(
    function: object, values: list[float]
) -> None:
    found: Interval = function(values, ["a"] * len(values))  # type: ignore[operator]
    assert (found.n, found.clusters) == (0, 0)
    assert all(
        math.isnan(x)
        for x in (found.estimate, found.lower, found.upper, found.design_effect, found.icc)
    )


def test_mean_with_cluster_robust_error() -> None:
    # Five clusters of two whose means are 1, 2, 3, 4, 5 (values m - 1 and m + 1). For clusters of
    # one size the robust error is that of the mean of the means: sd = sqrt(2.5), error = sqrt(0.5).
    values = [x for m in (1, 2, 3, 4, 5) for x in (m - 1, m + 1)]
    found = clustered_mean(values, np.repeat(np.arange(5), 2))
    half = stats.t.ppf(0.975, 4) * math.sqrt(0.5)
    assert found.estimate == 3
    assert found.upper == pytest.approx(3 + half, abs=TOLERANCE)
    assert found.lower == pytest.approx(3 - half, abs=TOLERANCE)


def test_mean_of_one_cluster_uses_the_planned_design_effect() -> None:
    # Values 0 and 10, five of each: variance 250/9; D = 1.9; degrees of freedom 10/1.9 - 1.
    found = clustered_mean([0, 10] * 5, ["only"] * 10)
    half = stats.t.ppf(0.975, 10 / 1.9 - 1) * math.sqrt(250 / 9 * 1.9 / 10)
    assert found.upper == pytest.approx(5 + half, abs=TOLERANCE)
    cut = clustered_mean([0, 10] * 5, ["only"] * 10, planned_icc=1, bounds=(0, 10))
    assert (cut.lower, cut.upper) == (0, 10)


def test_a_mean_without_spread_is_not_certain() -> None:
    clusters = np.repeat(np.arange(10), 5)
    calm = clustered_mean(np.zeros(50), clusters, bounds=(0, 10))
    k = Z**2 * 1.4 / 50
    assert (calm.estimate, calm.lower) == (0, 0)
    assert calm.upper == pytest.approx(10 * k / (1 + k), abs=TOLERANCE)
    assert math.isnan(clustered_mean(np.full(50, 3.0), clusters).upper)
    # Equal cluster means with spread inside give a robust variance of zero: no certainty either.
    level = clustered_mean([2, 4] * 5, np.repeat(np.arange(5), 2), bounds=(0, 10))
    assert level.lower < 3 < level.upper


def test_worst_case_counts_the_missing_as_all_or_none() -> None:
    assert worst_case([1, 0, 0, math.nan]) == (1 / 4, 2 / 4)
    assert worst_case([1, 0, 0], unrated=2) == (1 / 5, 3 / 5)
    assert worst_case([1, 0]) == (1 / 2, 1 / 2)
    assert all(math.isnan(x) for x in worst_case([]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 0], ["a"]), "one cluster label each"),
        (([0.5], ["a"]), "0.5"),
        (([1], ["a"], 1.0), "level"),
        (([1], ["a"], 0.95, 1.5), "planned_icc"),
    ],
)
def test_what_cannot_be_an_interval_is_refused(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        clustered_proportion(*arguments)  # type: ignore[arg-type]


def test_a_value_outside_the_bounds_is_refused() -> None:
    with pytest.raises(UsageError, match="outside the bounds"):
        clustered_mean([1, 11], ["a", "b"], bounds=(0, 10))


DATA = st.lists(st.tuples(st.sampled_from([0.0, 1.0, math.nan]), st.integers(0, 6)), max_size=60)


@settings(deadline=None)
@given(DATA)
def test_every_interval_holds_its_estimate_and_mirrors(data: list[tuple[float, int]]) -> None:
    events, clusters = [e for e, _ in data], [c for _, c in data]
    found = clustered_proportion(events, clusters)
    if found.n == 0:
        return
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    assert found.upper > found.lower
    assert found.design_effect >= 1
    mirrored = clustered_proportion([1 - e for e in events], clusters)
    assert mirrored.lower == pytest.approx(1 - found.upper, abs=1e-9)
    wide = clustered_proportion(events, clusters, level=0.99)
    assert wide.lower <= found.lower
    assert wide.upper >= found.upper
    mean = clustered_mean(events, clusters, bounds=(0, 1))
    assert 0 <= mean.lower <= mean.estimate <= mean.upper <= 1


@pytest.mark.parametrize(
    ("rate", "correlation", "groups", "size"),
    [(0.35, 0.1, 10, 40), (0.003, 0.05, 10, 40), (0.03, 0.1, 50, 20), (0.1, 0.05, 5, 60)],
)
def test_coverage_is_at_least_93_percent_where_plain_wilson_fails(
    rate: float, correlation: float, groups: int, size: int
) -> None:
    rng = np.random.default_rng(20)
    clusters = np.repeat(np.arange(groups), size)
    spread = 1 / correlation - 1
    runs, covered, covered_plain = 400, 0, 0
    for _ in range(runs):
        rates = rng.beta(rate * spread, (1 - rate) * spread, size=groups)
        events = (rng.random(groups * size) < np.repeat(rates, size)).astype(float)
        found = clustered_proportion(events, clusters)
        covered += found.lower <= rate <= found.upper
        lower, upper = wilson(float(events.mean()), Z**2 / len(events))
        covered_plain += lower <= rate <= upper
    assert covered / runs >= 0.93
    assert covered_plain / runs < 0.93


def test_the_mean_allows_for_high_ratings_that_were_not_seen() -> None:
    # 30 prompts of one conversation, ratings 0 and 1 in turn: t alone gives 0.5 ± 0.19. None of the 30 is
    # in the upper half of the scale, whose share can reach 1 - 0.025^(1/30) = 11.6% (Wilson's 11.4% is
    # less). Ratings of 10 in place of 0.5 would move the mean by 9.5 times that.
    values = np.tile([0.0, 1.0], 15)
    found = clustered_mean(values, range(30), bounds=(0, 10))
    share = 1 - 0.025 ** (1 / 30)
    within = stats.t.ppf(0.975, 29) * math.sqrt(0.25 / 30)
    assert found.upper == pytest.approx(0.5 + math.hypot(within, 9.5 * share), abs=1e-9)
    assert found.lower == pytest.approx(
        0.5 - stats.t.ppf(0.975, 29) * math.sqrt(0.25 / 29), abs=1e-9
    )
    mirrored = clustered_mean(10 - values, range(30), bounds=(0, 10))
    assert mirrored.lower == pytest.approx(10 - found.upper, abs=1e-9)
    plain = clustered_mean(values, range(30))
    assert plain.upper == pytest.approx(0.5 + 0.5 - found.lower, abs=1e-9)


def test_a_mean_of_rare_high_ratings_is_covered_where_t_alone_fails() -> None:
    rng = np.random.default_rng(8)
    runs, prompts, size, rate, correlation = 300, 20, 8, 0.02, 0.1
    truth, spread = rate * 7, 1 / correlation - 1
    clusters = np.repeat(np.arange(prompts), size).tolist()
    covered = covered_by_t = 0
    for _ in range(runs):
        rates = np.repeat(rng.beta(rate * spread, (1 - rate) * spread, size=prompts), size)
        values = np.where(rng.random(len(rates)) < rates, rng.integers(5, 10, len(rates)), 0)
        found = clustered_mean(values, clusters, bounds=(0, 10))
        plain = clustered_mean(values, clusters)
        covered += found.lower <= truth <= found.upper
        covered_by_t += plain.lower <= truth <= plain.upper
    assert covered / runs >= 0.93
    assert covered_by_t / runs < 0.9
