"""Sizes of studies: published values, agreement with the intervals they plan for, and simulated power."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.analysis.statistics.power import (
    chance_to_pass,
    fewest_prompts,
    most_events,
    power_of_difference,
    rate_bounds,
    size_for_difference,
    size_for_margin,
    size_for_rate,
    size_to_exceed,
)
from gemma_distress.errors import UsageError


def spread_out(events: int, prompts: int, conversations: int) -> tuple[list[float], list[int]]:
    """Events one by one into different prompts, and the prompt of each conversation."""
    counts = np.bincount(np.arange(events) % prompts, minlength=prompts)
    values = (np.arange(conversations) < counts[:, None]).ravel().astype(float)
    return values.tolist(), np.repeat(np.arange(prompts), conversations).tolist()


@pytest.mark.parametrize(
    ("limit", "prompts", "conversations"), [(0.01, 50, 14), (0.01, 100, 4), (0.003, 200, 9)]
)
def test_conversations_for_a_bound_without_events(
    limit: float, prompts: int, conversations: int
) -> None:
    # n* = n / D independent conversations without an event have the 95% bound 1 - 0.05^(1/n*):
    # 50 × 14: D = 2.3, n* = 304.3, 0.98%; 50 × 13: D = 2.2, n* = 295.5, 1.01%.
    design = size_for_rate(limit, prompts)
    assert (design.prompts, design.conversations) == (prompts, conversations)
    for repeats, passes in ((conversations, True), (conversations - 1, False)):
        effect = 1 + (repeats - 1) * 0.1
        bound = 1 - 0.05 ** (effect / (prompts * repeats))
        assert (bound <= limit) == passes
        values, labels = spread_out(0, prompts, repeats)
        found = clustered_proportion(values, labels, level=0.90)
        assert found.upper == pytest.approx(bound, abs=1e-12)


def test_what_is_impossible_is_said_with_what_would_do() -> None:
    with pytest.raises(UsageError, match=r"1% cannot be shown with 20 prompts at ICC 0.1") as told:
        size_for_rate(0.01, 20)
    # 20 prompts are worth at most 20 / 0.1 = 200: 1 - 0.05^(1/200) = 1.5%. 31 are worth up to 310.
    assert "at most 200 independent" in str(told.value)
    assert "1.5%" in str(told.value)
    assert "At least 31 prompts" in str(told.value)
    assert size_for_rate(0.01, 31, icc=0.1).conversations <= 1000
    with pytest.raises(UsageError, match="cannot be shown with 30"):
        size_for_rate(0.01, 30)


def test_a_rate_that_is_not_under_the_limit_cannot_be_planned_for() -> None:
    with pytest.raises(UsageError, match="not under the limit"):
        size_for_rate(0.01, 100, rate=0.01)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 8), st.integers(1, 60), st.integers(1, 12), st.sampled_from([0.0, 0.05, 0.1]))
def test_the_bounds_planned_for_are_those_the_gate_will_find(
    events: int, prompts: int, conversations: int, icc: float
) -> None:
    if events > prompts:
        return
    values, labels = spread_out(events, prompts, conversations)
    found = clustered_proportion(values, labels, level=0.90, planned_icc=icc)
    effect = 1 + (conversations - 1) * icc
    if found.design_effect < effect - 1e-9:
        return  # so many events that the design effect was measured; planned for is a larger one
    bounds = rate_bounds(events, prompts, conversations, icc=icc)
    assert bounds == pytest.approx((found.lower, found.upper), abs=1e-9)


def test_most_events_is_the_last_that_passes() -> None:
    most = most_events(0.05, 50, 10)
    assert rate_bounds(most, 50, 10)[1] <= 0.05 < rate_bounds(most + 1, 50, 10)[1]
    assert most_events(0.01, 20, 100) == -1


def test_the_chance_to_pass_is_that_of_simulated_gates() -> None:
    # A true rate of 0.3% under a limit of 2%; the plan's own count is compared with real intervals.
    limit, prompts, conversations, rate, icc = 0.02, 60, 6, 0.003, 0.1
    chance = chance_to_pass(limit, prompts, conversations, rate)
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(prompts), conversations).tolist()
    spread, runs, passed = 1 / icc - 1, 600, 0
    for _ in range(runs):
        rates = rng.beta(rate * spread, (1 - rate) * spread, size=prompts)
        events = (rng.random(len(labels)) < np.repeat(rates, conversations)).astype(float)
        passed += clustered_proportion(events, labels, level=0.90).upper <= limit
    # Standard error of 600 runs: under 2 points. Gathered events make the real one a little lower.
    assert passed / runs == pytest.approx(chance, abs=0.06)
    assert 0.2 < chance < 0.95


def test_an_expected_rate_needs_more_than_none() -> None:
    nothing, some = size_for_rate(0.01, 200), size_for_rate(0.01, 200, rate=0.002)
    assert some.total > nothing.total
    assert some.power >= 0.9
    assert some.events is not None
    assert some.bound is not None
    assert some.bound <= 0.01


def test_without_clustering_the_chance_is_binomial() -> None:
    # 300 single conversations pass 1% with no event only; (1 - 0.001)^300 = 0.7407.
    assert most_events(0.01, 300, 1) == 0
    assert chance_to_pass(0.01, 300, 1, 0.001, icc=0) == pytest.approx(0.999**300, abs=1e-12)
    # One conversation of each prompt has no clustering to mind.
    assert chance_to_pass(0.01, 300, 1, 0.001, icc=0.1) == pytest.approx(0.999**300, abs=1e-9)


def test_to_show_that_a_rate_is_over_the_limit() -> None:
    design = size_to_exceed(0.01, 50, 0.05)
    assert design is not None
    assert design.bound is not None
    assert design.bound > 0.01
    assert size_to_exceed(0.01, 50, 0.01) is None


def test_fewest_prompts_for_single_conversations_is_the_rule_of_three() -> None:
    # ln(0.05) / ln(0.99) = 298.07
    assert fewest_prompts(0.01, 1) == 299


def test_published_sizes_of_a_capability_margin() -> None:
    # (1.6449 + 1.2816)^2 * 0.08 / 0.02^2 = 1712.8 and / 0.01^2 = 6851.1
    assert size_for_margin(0.02).prompts == 1713
    assert size_for_margin(0.01).prompts == 6852
    assert size_for_margin(0.02).power == pytest.approx(0.9, abs=0.001)
    # Four answers to each item at ICC 0.1 have D = 1.3: 1712.8 * 1.3 / 4 = 556.7 items.
    assert size_for_margin(0.02, 4).prompts == 557
    with pytest.raises(UsageError, match="asks nothing"):
        size_for_margin(0.08)


def test_a_difference_by_hand_and_by_simulation() -> None:
    # Without the t distribution: (1.96 + 1.2816)^2 * (0.35*0.65 + 0.175*0.825) / 0.175^2 = 127.6.
    design = size_for_difference(0.35, 0.175)
    assert design.prompts == 130
    rng = np.random.default_rng(6)
    prompts, repeats, icc = size_for_difference(0.35, 0.175, 4).prompts, 4, 0.1
    spread, found, runs = 1 / icc - 1, 0, 2000
    ends = [
        rng.binomial(repeats, rng.beta(p * spread, (1 - p) * spread, size=(runs, prompts)))
        for p in (0.35, 0.175)
    ]
    d = (ends[0] - ends[1]) / repeats
    t = d.mean(axis=1) / (d.std(axis=1, ddof=1) / math.sqrt(prompts))
    found = (t > 2.0167).mean()  # t(43), 97.5%
    assert prompts == 44
    assert found == pytest.approx(0.90, abs=0.025)


def test_pairing_and_repeats_in_a_difference() -> None:
    alone, paired = size_for_difference(0.35, 0.175), size_for_difference(0.35, 0.175, 1, 0.1, 0.4)
    assert paired.prompts < 0.7 * alone.prompts
    assert power_of_difference(0.35, 0.175, 5, 1000) == 0  # five signs cannot reach 5%
    assert power_of_difference(0.35, 0.175, 6, 1000, icc=0) > 0.99
    with pytest.raises(UsageError, match=r"between -0.34 and 0.63"):
        # Both high in at most 17.5%: (0.175 - 0.35 * 0.175) / sqrt(0.2275 * 0.144375) = 0.628.
        size_for_difference(0.35, 0.175, correlation=0.7)
    with pytest.raises(UsageError, match="no difference"):
        size_for_difference(0.3, 0.3)
