"""The macro average: by hand, and by simulated coverage with shared prompts."""

import math

import numpy as np
import pytest
from scipy import stats

from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.errors import UsageError


def prompts(count, size, prefix):
    return [f"{prefix}{g}" for g in range(count) for _ in range(size)]


def test_without_shared_prompts_the_distances_add_as_squares():
    events = {"a": [1, 0, 0, 0] * 6, "b": [1, 1, 0, 0] * 6}
    clusters = {"a": prompts(24, 1, "a"), "b": prompts(24, 1, "b")}
    a, b = (clustered_proportion(events[name], clusters[name]) for name in events)
    macro = macro_proportion(events, clusters)
    assert macro.estimate == pytest.approx(0.375)
    assert macro.lower == pytest.approx(0.375 - math.hypot(0.25 - a.lower, 0.5 - b.lower) / 2)
    assert macro.upper == pytest.approx(0.375 + math.hypot(a.upper - 0.25, b.upper - 0.5) / 2)
    assert (macro.n, macro.clusters) == (48, 48)


def test_two_categories_that_move_together_gain_nothing_from_each_other():
    # The same prompts with the same events: correlation 1, so the mean is as uncertain as either.
    events = [1, 0, 0] * 10
    one = clustered_proportion(events, prompts(30, 1, "p"))
    macro = macro_proportion(
        {"a": events, "b": events}, {"a": prompts(30, 1, "p"), "b": prompts(30, 1, "p")}
    )
    assert macro.lower == pytest.approx(one.lower)
    assert macro.upper == pytest.approx(one.upper)


def test_opposite_categories_are_not_taken_for_a_hedge():
    events = np.array([1, 0] * 15)
    shared = prompts(30, 1, "p")
    same = macro_proportion({"a": events, "b": 1 - events}, {"a": shared, "b": shared})
    apart = macro_proportion(
        {"a": events, "b": 1 - events}, {"a": shared, "b": prompts(30, 1, "q")}
    )
    assert same.upper - same.lower >= apart.upper - apart.lower


def test_no_events_leave_an_upper_bound_wider_for_shared_prompts():
    zeros = [0] * 100
    separate = macro_proportion(
        {"a": zeros, "b": zeros}, {"a": prompts(10, 10, "p"), "b": prompts(10, 10, "q")}
    )
    shared = macro_proportion(
        {"a": zeros, "b": zeros}, {"a": prompts(10, 10, "p"), "b": prompts(10, 10, "p")}
    )
    assert separate.lower == shared.lower == 0
    assert 0 < separate.upper < shared.upper < 1
    # r by hand: icc 0.1, D = 1 + 9 · 0.1 = 1.9, so r = 0.1 · 10 · 100 / (1.9 · 100) = 10/19.
    distance = clustered_proportion(zeros, prompts(10, 10, "p")).upper
    assert shared.upper == pytest.approx(math.sqrt(2 + 2 * 10 / 19) * distance / 2)


def test_few_events_have_the_lower_end_of_as_many_independent_conversations():
    # One event of 20 in three of five categories: M = 0.03 with a squared error of 3 * 0.05 * 0.95 / 20 / 25,
    # that of 102.1 conversations with 3.06 events.
    one, none = [1] + [0] * 19, [0] * 20
    names = "abcde"
    events = dict(zip(names, (one, one, one, none, none), strict=True))
    macro = macro_proportion(events, {name: prompts(20, 1, name) for name in names})
    worth = 0.03 * 0.97 / (3 * 0.05 * 0.95 / 20 / 25)
    lower = stats.beta.ppf(0.025, 0.03 * worth, 0.97 * worth + 1)
    assert macro.lower == pytest.approx(lower, abs=1e-12)
    # Of three events among independent conversations a true rate of 1% is not excluded.
    assert macro.lower < 0.01


def test_an_empty_category_leaves_no_average_and_missing_events_are_left_out():
    empty = macro_proportion({"a": [1, 0], "b": [math.nan]}, {"a": ["p", "q"], "b": ["p"]})
    assert math.isnan(empty.estimate)
    gap = macro_proportion({"a": [1, 0, math.nan]}, {"a": ["p", "q", "r"]})
    assert (gap.estimate, gap.n, gap.clusters) == (0.5, 2, 2)


def test_misuse_is_refused():
    with pytest.raises(UsageError, match="none"):
        macro_proportion({}, {})
    with pytest.raises(UsageError, match="same categories"):
        macro_proportion({"a": [1]}, {"b": ["p"]})
    with pytest.raises(UsageError, match="level"):
        macro_proportion({"a": [1]}, {"a": ["p"]}, level=95)


@pytest.mark.parametrize(
    ("rates", "icc"),
    [((0.7, 0.1, 0.4, 0.5, 0.05), 0.1), ((0.02, 0.0, 0.01, 0.03, 0.0), 0.1)],
    ids=["ordinary", "rare"],
)
def test_coverage(rates, icc):
    """Nominal 95% over 400 draws (standard error 1.1 points), at least 92% wanted.

    Five categories of 20 prompts × 4 conversations; the second and third share their prompts, whose
    tendency is one beta quantile for both, the strongest sharing there is.
    """
    rng = np.random.default_rng(20)
    names = "abcde"
    clusters = {name: prompts(20, 4, "s" if name in "bc" else name) for name in names}
    hit = 0
    for _ in range(400):
        common = rng.random(20)
        events = {}
        for name, rate in zip(names, rates, strict=True):
            quantile = common if name in "bc" else rng.random(20)
            shape = (1 - icc) / icc
            tendency = (
                stats.beta.ppf(quantile, rate * shape, (1 - rate) * shape) if rate else quantile * 0
            )
            events[name] = (rng.random((20, 4)) < tendency[:, None]).ravel().astype(float)
        interval = macro_proportion(events, clusters)
        hit += interval.lower <= np.mean(rates) <= interval.upper
    assert hit / 400 >= 0.92
