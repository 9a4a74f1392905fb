"""Non-inferiority on the same items: the bounds against a reference, the verdicts, the items needed."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from gemma_distress.analysis.statistics.difference_size import items_for_margin, size_for_margin
from gemma_distress.analysis.statistics.noninferiority import noninferiority
from gemma_distress.errors import UsageError


def paired(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[int], list[int]]:
    """Right and wrong answers of both arms by how often which arm was right."""
    a = [1] * (both + only_a) + [0] * (only_b + neither)
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return a, b


def newcombe(
    both: int, only_a: int, only_b: int, neither: int, level: float
) -> tuple[float, float]:
    """Newcombe's method 10 (1998) by hand: Wilson's intervals, phi with the continuity correction."""
    n = both + only_a + only_b + neither
    pa, pb = (both + only_a) / n, (both + only_b) / n
    la, ua = proportion_confint(both + only_a, n, alpha=1 - level, method="wilson")
    lb, ub = proportion_confint(both + only_b, n, alpha=1 - level, method="wilson")
    top = both * neither - only_a * only_b
    top = max(top - n / 2, 0) if top > 0 else top
    bottom = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    phi = top / np.sqrt(bottom)
    low = np.sqrt((pb - lb) ** 2 + (ua - pa) ** 2 - 2 * phi * (pb - lb) * (ua - pa))
    high = np.sqrt((ub - pb) ** 2 + (pa - la) ** 2 - 2 * phi * (ub - pb) * (pa - la))
    return pb - pa - low, pb - pa + high


def test_the_bounds_are_those_of_newcombes_interval_at_twice_the_risk():
    counts = (700, 45, 40, 215)
    a, b = paired(*counts)
    found = noninferiority(a, b, range(1000), margin=0.03)
    # One-sided 95% bounds are the ends of the two-sided 90%; Student's t on 999 for the normal quantile.
    assert [found.lower, found.upper] == pytest.approx(newcombe(*counts, level=0.90), abs=2e-5)
    assert found.difference.estimate == pytest.approx(-0.005)
    assert (found.only_a, found.only_b, found.items, found.unknown) == (45, 40, 1000, 0)


@pytest.mark.parametrize(
    ("counts", "margin", "verdict"),
    [
        ((700, 40, 40, 220), 0.02, "PASS"),
        ((700, 40, 40, 220), 0.01, "UNDECIDED"),
        ((700, 120, 40, 140), 0.02, "FAIL"),
        ((700, 60, 40, 200), 0.05, "PASS"),  # a loss of 2 points, within the margin
        ((30, 0, 0, 10), 0.02, "UNDECIDED"),  # alike in all of 40 items proves little
    ],
)
def test_three_verdicts(counts: tuple[int, int, int, int], margin: float, verdict: str):
    a, b = paired(*counts)
    assert noninferiority(a, b, range(sum(counts)), margin).verdict == verdict


def test_what_is_missing_decides_nothing():
    a, b = (np.array(arm, dtype=float) for arm in paired(700, 40, 40, 220))
    for arm in (a, b):
        gone = arm.copy()
        gone[::20] = np.nan  # 5% of the items
        pair = (gone, b) if arm is a else (a, gone)
        found = noninferiority(*pair, range(1000), margin=0.02)
        assert (found.unknown, found.verdict) == (50, "UNDECIDED")
        assert found.lower < -0.02 < found.upper
        assert found.difference.n == 950
    # A loss that stands whatever the missing items are is still a FAIL.
    a, b = (np.array(arm, dtype=float) for arm in paired(500, 300, 0, 200))
    b[:10] = np.nan
    assert noninferiority(a, b, range(1000), 0.02).verdict == "FAIL"


def test_the_items_needed_come_from_the_discordance():
    # 8% discordant, 2 points, 90% power: (1.6449 + 1.2816)^2 * 0.08 / 0.02^2 = 1712.8.
    assert items_for_margin(0.08, 0.02, power=0.9, alpha=0.05) == 1713
    assert size_for_margin(0.02).prompts == 1713
    a, b = paired(160, 8, 8, 24)
    found = noninferiority(a, b, range(200), 0.02)
    assert (found.verdict, found.items_needed) == ("UNDECIDED", 1713)
    # Twice as discordant, twice the items.
    a, b = paired(144, 16, 16, 24)
    assert noninferiority(a, b, range(200), 0.02).items_needed == 3426
    # Few discordant pairs say little of the discordance: 8% is assumed.
    assert noninferiority(*paired(30, 1, 1, 8), range(40), 0.02).items_needed == 1713


def test_an_observed_loss_needs_more_items_than_none():
    a, b = paired(1400, 92, 68, 440)  # 8% discordant of 2,000, a loss of 1.2 points
    found = noninferiority(a, b, range(2000), 0.02)
    assert (found.verdict, found.needed_if_nothing_lost) == ("UNDECIDED", 1713)
    # The truth then lies 0.8 points from the margin: (2.9264)^2 * 0.08 / 0.008^2 = 10,704.6.
    assert found.items_needed == found.needed_as_observed == 10_705
    a, b = paired(1400, 100, 60, 440)  # the loss is the margin: no number of items decides
    assert noninferiority(a, b, range(2000), 0.02).needed_as_observed is None


def test_epochs_of_one_item_are_a_cluster():
    a, b = paired(700, 45, 45, 210)
    alone = noninferiority(a, b, range(1000), 0.03)
    # Each item twice with the same answers: the same evidence, not twice as much.
    labels = [("task", item) for item in range(1000)]
    twice = noninferiority(a + a, b + b, labels + labels, 0.03)
    assert twice.lower == pytest.approx(alone.lower, abs=2e-3)
    assert (twice.items, twice.needed_if_nothing_lost) == (1000, alone.needed_if_nothing_lost)


def test_fractions_take_students_t_on_the_pairs():
    rng = np.random.default_rng(5)
    a, b = rng.uniform(size=80), rng.uniform(size=80)
    found = noninferiority(a, b, range(80), 0.1)
    d = b - a
    reach = stats.t.ppf(0.95, 79) * d.std(ddof=1) / np.sqrt(80)
    assert [found.lower, found.upper] == pytest.approx([d.mean() - reach, d.mean() + reach])
    assert found.needed_if_nothing_lost == items_for_margin(float((d**2).mean()), 0.1, 0.9, 0.05)


def test_the_bounds_keep_to_the_scale():
    # Two differences, +0.1 and -0.8: mean -0.35, error 0.45, and t with one degree of freedom is 6.31.
    found = noninferiority([0.4, 0.9], [0.5, 0.1], range(2), 0.02)
    assert (found.lower, found.upper, found.verdict) == (-1.0, 1.0, "UNDECIDED")


def test_few_fractions_that_differ_prove_little():
    a = np.full(60, 0.5)
    b = a.copy()
    b[0] = 0.49
    found = noninferiority(a, b, range(60), 0.02)
    assert found.verdict == "UNDECIDED"
    assert found.lower < -0.03
    assert noninferiority(a, a, range(60), 0.02).verdict == "UNDECIDED"


def test_no_fewer_items_are_needed_than_there_were():
    """2,500 would do if all were answered; what is wanted are the answers."""
    found = noninferiority([1.0] * 2500, [1.0] * 2300 + [np.nan] * 200, range(2500), 0.02)
    assert (found.verdict, found.items_needed) == ("UNDECIDED", None)
    assert found.needed_if_nothing_lost < 2500


def test_a_loss_that_is_the_same_everywhere_is_a_loss():
    found = noninferiority([1.0] * 40, [0.5] * 40, range(40), 0.02)
    assert found.verdict == "FAIL"
    assert found.lower < -0.5 < found.upper < -0.02
    # A hundredth each says little of items that were not asked.
    small = noninferiority([1.0] * 40, [0.99] * 40, range(40), 0.02)
    assert small.verdict == "UNDECIDED"
    assert small.lower < -0.02 < small.upper


@pytest.mark.parametrize(
    ("a", "b", "margin", "level", "said"),
    [
        ([1, 0], [1], 0.02, 0.95, "two arrays of one shape"),
        ([1, 2], [1, 0], 0.02, 0.95, "A holds 2"),
        ([1, 0], [1, 0], 0.0, 0.95, "margin is a probability strictly between"),
        ([1, 0], [1, 0], 0.02, 0.4, "one-sided bound of level 0.4"),
    ],
)
def test_refusals(a: list[int], b: list[int], margin: float, level: float, said: str):
    with pytest.raises(UsageError, match=said):
        noninferiority(a, b, range(len(a)), margin, level)


def test_without_any_pair_nothing_is_decided():
    found = noninferiority([], [], [], 0.02)
    assert (found.verdict, found.lower, found.upper) == ("UNDECIDED", -1.0, 1.0)


def rates(loss: float, items: int, runs: int) -> dict[str, float]:
    """Shares of verdicts of simulated studies at 10% discordance and a margin of 5 points."""
    rng = np.random.default_rng(11)
    shares = [0.6, 0.05 + loss / 2, 0.05 - loss / 2, 0.3]
    verdicts = [
        noninferiority(*paired(*rng.multinomial(items, shares)), range(items), 0.05).verdict
        for _ in range(runs)
    ]
    return {name: verdicts.count(name) / runs for name in ("PASS", "FAIL", "UNDECIDED")}


def test_error_rates_by_simulation():
    """At a true loss of the margin a PASS is an error, and so is a FAIL: 5% each, give or take the noise."""
    at_margin = rates(0.05, 400, 200)
    assert at_margin["PASS"] <= 0.1
    assert at_margin["FAIL"] <= 0.1
    identical = rates(0.0, 400, 100)
    # 0.1 / 400 is an error of 1.6 points: the bound lies 3.2 errors from the margin less 1.64 of them.
    assert identical["PASS"] >= 0.9
    assert identical["FAIL"] == 0
