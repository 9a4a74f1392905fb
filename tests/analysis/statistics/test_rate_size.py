"""Sizes for a rate: agreement with the intervals they plan for, and simulated chances to pass."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.analysis.statistics.rate_size import (
    MOST_COUNTED,
    _chance_of_at_most,
    chance_to_pass,
    fewest_prompts,
    most_events,
    rate_bounds,
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


@pytest.mark.parametrize(
    ("limit", "prompts", "rate"), [(0.01, 300, 0.001), (0.02, 60, 0.003), (0.1, 40, 0.03)]
)
def test_no_fewer_conversations_do(limit: float, prompts: int, rate: float) -> None:
    design = size_for_rate(limit, prompts, rate)
    for fewer in range(1, design.conversations):
        assert chance_to_pass(limit, prompts, fewer, rate) < 0.9
    assert chance_to_pass(limit, prompts, design.conversations, rate) == design.power >= 0.9


def test_a_rate_near_its_limit_takes_no_long_search(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(*args: float) -> float:
        calls.append(1)
        return _chance_of_at_most(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("gemma_distress.analysis.statistics.rate_size._chance_of_at_most", counted)
    # 1.7 points at a standard error of sqrt(0.423 * 0.577 * D / n) take about (1.64 + 1.28)^2 times 0.244 D
    # over 0.017^2: n / D = 7,230, where 700 prompts are worth 7,000 at most and 1,000 up to 10,000.
    design = size_for_rate(0.44, 1000, rate=0.423)
    assert design.total / design.design_effect == pytest.approx(7_230, rel=0.02)
    with pytest.raises(UsageError, match="44% cannot be shown with 700 prompts"):
        size_for_rate(0.44, 700, rate=0.423)
    assert len(calls) < 100


def test_many_events_have_the_chance_that_counting_gives() -> None:
    # 200 prompts × 60 with 10% high: the convolution that the beta distribution stands for. The mean is 1,200
    # with a standard deviation of sqrt(12,000 * 0.09 * 6.9) = 86.
    counts = np.arange(61)
    one = stats.betabinom.pmf(counts, 60, 0.1 * 9, 0.9 * 9)
    total = np.ones(1)
    for _ in range(200):
        total = np.convolve(total, one)
    for events in (1270, 1310, 1350):
        assert events > MOST_COUNTED
        exact = total[: events + 1].sum()
        assert 0.75 < exact < 0.97
        assert _chance_of_at_most(events, 200, 60, 0.1, 0.1) == pytest.approx(exact, abs=0.003)


@pytest.mark.parametrize("icc", [float("nan"), 5.0, -0.1])
def test_an_icc_that_is_none_is_refused(icc: float) -> None:
    for ask in (size_for_rate, size_to_exceed):
        with pytest.raises(UsageError, match="icc is a probability"):
            ask(0.01, 100, 0.002 if ask is size_for_rate else 0.05, icc=icc)
    with pytest.raises(UsageError, match="icc is a probability"):
        fewest_prompts(0.01, 1, icc=icc)


def test_rates_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError, match="not under the limit"):
        size_for_rate(0.01, 100, rate=float("nan"))
    with pytest.raises(UsageError, match="rate is a probability"):
        chance_to_pass(0.01, 100, 1, rate=float("nan"))
    with pytest.raises(UsageError, match="rate is a probability"):
        size_to_exceed(0.01, 100, float("nan"))


def test_to_show_that_a_rate_is_over_the_limit() -> None:
    design = size_to_exceed(0.01, 50, 0.05)
    assert design is not None
    assert design.bound is not None
    assert design.bound > 0.01
    assert size_to_exceed(0.01, 50, 0.01) is None


def test_fewest_prompts_for_single_conversations_is_the_rule_of_three() -> None:
    # ln(0.05) / ln(0.99) = 298.07
    assert fewest_prompts(0.01, 1) == 299
