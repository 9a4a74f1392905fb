"""Corrected rates: published values, edges, coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gemma_distress.analysis.statistics.correction import (
    corrected_rate,
    drawn_rates,
    effective_size,
    lang_reiczigel,
    rogan_gladen,
)
from gemma_distress.analysis.statistics.intervals import NOTHING, clustered_proportion
from gemma_distress.analysis.statistics.verification import sizes_of, verified_rate, verify
from gemma_distress.errors import UsageError

_ = math.nan


def proportion(events: int, n: int):  # type: ignore[no-untyped-def]
    return clustered_proportion([1.0] * events + [0.0] * (n - events), range(n))


def test_rogan_gladen_published_examples() -> None:
    # Brucellosis, 23 of 150 cows positive, Se .96, Sp .89 (manual of R's epiR): 5.1 per 100.
    assert rogan_gladen(23 / 150, 0.96, 0.89) == pytest.approx(0.051, abs=5e-4)
    # Helicobacter, 6 of 151, Se .964, Sp .927 (Moujaber and others 2008): 0 per 100.
    assert rogan_gladen(6 / 151, 0.964, 0.927) == 0
    # A judge of specificity 99.7% that measures 0.3% has measured nothing.
    assert rogan_gladen(0.003, 0.9, 0.997) == 0


@pytest.mark.parametrize(
    ("given_", "published"),
    [
        ((4060 / 11284, 11284, 178 / 179, 179, 358 / 359, 359), (0.349, 0.372)),
        ((51 / 2971, 2971, 32 / 33, 33, 1.0, 20), (0.0, 0.053)),
        ((0.06, 11862, 0.80, 10, 1.0, 12), (0.0, 0.147)),
        ((259 / 509, 509, 84 / 127, 127, 96 / 109, 109), (0.58, 0.87)),
        ((51 / 509, 509, 23 / 41, 41, 187 / 195, 195), (0.037, 0.195)),
    ],
)
def test_the_examples_of_lang_and_reiczigel(
    given_: tuple[float, ...], published: tuple[float, float]
) -> None:
    # Lang and Reiczigel (2014), examples 1 to 4; bounds as printed (the fourth to two places).
    assert lang_reiczigel(*given_) == pytest.approx(published, abs=5e-3)
    places = 2 if published[1] == 0.87 else 3
    assert tuple(round(bound, places) for bound in lang_reiczigel(*given_)) == published


def test_a_perfect_judge_changes_nothing_but_the_width() -> None:
    measured = proportion(140, 400)
    found = corrected_rate(measured, proportion(300, 300), proportion(300, 300))
    assert found.measured is measured
    assert found.corrected.estimate == pytest.approx(measured.estimate)
    assert found.corrected.lower < measured.lower
    assert found.corrected.upper == pytest.approx(measured.upper, abs=0.01)


def test_the_effective_size_undoes_wilson() -> None:
    # 200 of 400 in clusters of one: k is that of t with 399 degrees of freedom over 400.
    z, t = stats.norm.ppf(0.975), stats.t.ppf(0.975, 399)
    assert effective_size(proportion(200, 400)) == pytest.approx(400 * (z / t) ** 2)
    # 50 in ten clusters without an event: about 50 / 1.4, less what the exact end adds.
    clustered = clustered_proportion([0.0] * 50, np.repeat(np.arange(10), 5))
    assert effective_size(clustered) == pytest.approx(50 / 1.4, rel=0.03)


def test_drawn_rates_have_the_intervals_quantiles() -> None:
    rng = np.random.default_rng(1)
    for events in (0, 3, 100, 200):
        interval = proportion(events, 200)
        low, high = np.quantile(drawn_rates(interval, 20_000, rng, 0.95), [0.025, 0.975])
        assert low == pytest.approx(interval.lower, abs=0.004)
        assert high == pytest.approx(interval.upper, abs=0.004)


def test_a_judge_no_better_than_chance_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"sensitivity 0\.400 and specificity 0\.500 .*another judge"
    ):
        corrected_rate(proportion(5, 10), proportion(40, 100), proportion(50, 100))


def test_an_unknown_side_is_refused() -> None:
    with pytest.raises(UsageError, match="sensitivity is unknown, because the reference rates no"):
        corrected_rate(proportion(5, 10), NOTHING, proportion(9, 10))
    with pytest.raises(UsageError, match="no rate to correct"):
        corrected_rate(NOTHING, proportion(9, 10), proportion(9, 10))


@given(
    st.floats(0, 1),
    st.floats(0.01, 1),
    st.floats(0.01, 1),
)
def test_the_correction_inverts_what_the_judge_does(true: float, se: float, sp: float) -> None:
    if se + sp <= 1.01:
        return
    measured = true * se + (1 - true) * (1 - sp)
    assert rogan_gladen(measured, se, sp) == pytest.approx(true, abs=1e-6)


@pytest.mark.parametrize(
    ("true", "se", "sp"), [(0.35, 0.9, 0.9), (0.003, 0.9, 0.99), (0.1, 0.8, 1.0)]
)
def test_coverage_of_the_corrected_rate(true: float, se: float, sp: float) -> None:
    # 20 prompts of 20 conversations whose rates differ (ICC 0.05); 150 and 300 checked replies.
    rng = np.random.default_rng(8)
    prompts, runs, held, held_measured = np.repeat(np.arange(20), 20), 250, 0, 0
    for _run in range(runs):
        rates = rng.beta(true * 19, (1 - true) * 19, 20)
        high = rng.random(400) < rates[prompts]
        judged = np.where(high, rng.random(400) < se, rng.random(400) >= sp)
        found = corrected_rate(
            clustered_proportion(judged.astype(float), prompts),
            proportion(int(rng.binomial(150, se)), 150),
            proportion(int(rng.binomial(300, sp)), 300),
        )
        held += found.corrected.lower <= true <= found.corrected.upper
        held_measured += found.measured.lower <= true <= found.measured.upper
    assert held / runs >= 0.93
    if true == 0.003:
        assert held_measured < held


def test_labels_within_bands_by_hand() -> None:
    # 1,000 replies: 900 rated 0, 100 rated 6. Twenty of each are labelled: 1 of the low is truly
    # high (stands for 45), 15 of the high are (stand for 75). Sensitivity 75 / 120, specificity
    # 855 / 880, true share 120 / 1000.
    reference = [8] * 1 + [0] * 19 + [8] * 15 + [0] * 5
    judged = [0] * 20 + [6] * 20
    weights = [45.0] * 20 + [5.0] * 20
    rate = clustered_proportion([1.0] * 100 + [0.0] * 900, range(1000))
    sizes = sizes_of([0] * 900 + [6] * 100)
    assert sizes.tolist() == [900, 0, 100, 0]
    found = verify(reference, judged, weights, range(40), rate, sizes)
    assert found.sensitivity.estimate == pytest.approx(75 / 120)
    assert found.specificity.estimate == pytest.approx(855 / 880)
    corrected = verified_rate(rate, sizes, found).corrected
    assert corrected.estimate == pytest.approx(0.12)
    # The same number by Rogan and Gladen's formula.
    assert rogan_gladen(0.1, 75 / 120, 855 / 880) == pytest.approx(0.12)
    assert corrected.lower < 0.12 < corrected.upper


def test_a_band_without_a_high_label_may_still_hide_some() -> None:
    # None of 20 labelled low replies is high, but they stand for 900: the upper 97.5% bound of their
    # share is 1 - 0.025^(1/20) = 16.8% (Clopper-Pearson), so sensitivity may be 100 / (100 + 151).
    rate = clustered_proportion([1.0] * 100 + [0.0] * 900, range(1000))
    found = verify(
        [0] * 20 + [8] * 20,
        [0] * 20 + [6] * 20,
        [45.0] * 20 + [5.0] * 20,
        range(40),
        rate,
        [900, 0, 100, 0],
    )
    assert found.sensitivity.estimate == found.sensitivity.upper == 1
    assert 0.3 < found.sensitivity.lower < 0.45
    # A plain share of the labels would not see it.
    assert proportion(20, 20).lower > 0.8


def test_a_side_without_labels_is_unknown() -> None:
    rate, sizes = clustered_proportion([1.0] * 10 + [0.0] * 90, range(100)), [90, 0, 10, 0]
    found = verify([8] * 5, [6] * 5, [2.0] * 5, range(5), rate, sizes)
    assert math.isnan(verified_rate(rate, sizes, found).corrected.estimate)
    assert math.isnan(found.sensitivity.estimate)
    # Where the judge rates nothing high, there is nothing on that side to label.
    none = clustered_proportion([0.0] * 100, range(100))
    found = verify([0] * 10, [1] * 10, [10.0] * 10, range(10), none, [100, 0, 0, 0])
    assert found.specificity.estimate == 1
    corrected = verified_rate(none, [100, 0, 0, 0], found).corrected
    assert corrected.estimate == 0 < corrected.upper


def test_a_band_without_labels_may_be_all_high_or_none() -> None:
    # 600 replies rated 0, 300 rated 4, 100 rated 6. All of 0 and 6 are labelled as the judge has them,
    # none of 4: between 10% and 40% are high, so sensitivity is between 100 / 400 and 1, whatever
    # the labels of 0 say.
    rate = clustered_proportion([1.0] * 100 + [0.0] * 900, range(1000))
    reference, judged = [0] * 600 + [_] * 2 + [8] * 100, [0] * 600 + [4] * 2 + [6] * 100
    weights, sizes = [1.0] * 600 + [150.0] * 2 + [1.0] * 100, [600, 300, 100, 0]
    found = verify(reference, judged, weights, range(702), rate, sizes)
    assert [band.name for band in found.unlabelled] == ["3–4"]
    assert math.isnan(found.sensitivity.estimate)
    assert found.sensitivity.lower <= 100 / 400
    assert found.sensitivity.upper == pytest.approx(1, abs=0.01)
    assert found.specificity.lower == pytest.approx(1, abs=0.01)
    corrected = verified_rate(rate, sizes, found).corrected
    assert math.isnan(corrected.estimate)
    assert corrected.lower <= 0.10
    assert 0.39 < corrected.upper < 0.45
    # As if the labels of 0 spoke for the band, it would be a tenth.
    both = verify(reference, judged, weights, range(702), rate, [900, 0, 100, 0])
    assert verified_rate(rate, [900, 0, 100, 0], both).corrected.upper < 0.13


def test_a_stratum_without_labels_widens_its_band_only() -> None:
    # Of 400 replies rated 0, 300 are of a stratum labelled whole and 100 of one without any label.
    rate, sizes = clustered_proportion([0.0] * 400, range(400)), [400, 0, 0, 0]
    found = verify(
        [0] * 300 + [_] * 2, [0] * 302, [1.0] * 300 + [50.0] * 2, range(302), rate, sizes
    )
    corrected = verified_rate(rate, sizes, found).corrected
    assert corrected.estimate == 0
    # A quarter may be high, and of the others what none of 300 bears.
    assert 0.25 < corrected.upper < 0.28


def test_bands_count_as_many_replies_as_they_have() -> None:
    # Half of the labels of 3–4 are high, none of 0–2. One model has 80 and 20 of them, another 20 and 80.
    rate = clustered_proportion([0.0] * 200, range(200))
    found = verify(
        [0] * 10 + [0, 8] * 5, [1] * 10 + [4] * 10, [10.0] * 20, range(20), rate, [100, 100, 0, 0]
    )
    none = clustered_proportion([0.0] * 100, range(100))
    rates = [
        verified_rate(none, [*sizes, 0, 0], found).corrected.estimate
        for sizes in ((80, 20), (20, 80))
    ]
    assert rates == pytest.approx([0.1, 0.4])
