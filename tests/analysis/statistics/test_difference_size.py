"""Sizes for two arms: published values, by hand, and simulated power."""

import numpy as np
import pytest
from scipy import stats

from gemma_distress.analysis.statistics.difference_size import (
    power_of_difference,
    size_for_difference,
    size_for_margin,
)
from gemma_distress.analysis.statistics.swaps import sign_flip
from gemma_distress.errors import UsageError


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
    # Without the t distribution and the one event that does not count, in standard deviations of
    # sqrt(127.6 * 0.3719) = 6.9: (1.96 + 1.2816 + 1/6.9)^2 * (0.35*0.65 + 0.175*0.825) / 0.175^2 = 139.2.
    design = size_for_difference(0.35, 0.175)
    assert design.prompts == 141
    # Exact McNemar's power, over the number of discordant pairs and how many of them are A's alone.
    only_a, only_b, found = 0.35 * 0.825, 0.65 * 0.175, 0.0
    for count in range(142):
        split = np.arange(count // 2 + 1, count + 1)
        rejects = 2 * stats.binom.sf(split - 1, count, 0.5) < 0.05
        one = stats.binom.pmf(split[rejects], count, only_a / (only_a + only_b)).sum()
        found += stats.binom.pmf(count, 141, only_a + only_b) * one
    assert found == pytest.approx(0.90, abs=0.005)


def test_the_planned_power_is_that_of_the_sign_flip_test() -> None:
    rng = np.random.default_rng(6)
    design, icc, runs = size_for_difference(0.35, 0.175, 4), 0.1, 500
    spread = 1 / icc - 1
    a, b = (
        rng.binomial(4, rng.beta(p * spread, (1 - p) * spread, size=(runs, design.prompts)))
        for p in (0.35, 0.175)
    )
    found = sum(sign_flip(d, range(design.prompts)).p < 0.05 for d in b - a)
    # Standard error of 500 runs: 1.3 points.
    assert found / runs == pytest.approx(design.power, abs=0.035)


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


@pytest.mark.parametrize("correlation", [float("nan"), 5.0, -1.5])
@pytest.mark.parametrize("base", [0.35, 0.0])
def test_a_correlation_that_is_none_is_refused(base: float, correlation: float) -> None:
    with pytest.raises(UsageError, match="correlation lies between -1 and 1"):
        size_for_difference(base, 0.175, correlation=correlation)


@pytest.mark.parametrize("icc", [float("nan"), 5.0])
def test_an_icc_that_is_none_is_refused(icc: float) -> None:
    with pytest.raises(UsageError, match="icc is a probability"):
        size_for_difference(0.35, 0.175, icc=icc)
    with pytest.raises(UsageError, match="icc is a probability"):
        size_for_margin(0.02, icc=icc)
