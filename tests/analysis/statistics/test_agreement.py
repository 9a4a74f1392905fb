"""Agreement of two graders: published values, hand arithmetic, other libraries, edges, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gemma_distress.analysis.statistics.agreement import (
    agreement,
    alpha_of_raters,
    consensus,
    quadratic_kappa,
)
from gemma_distress.analysis.statistics.intervals import clustered_mean, clustered_proportion
from gemma_distress.analysis.statistics.linearised import weighted_mean, weighted_proportion
from gemma_distress.errors import UsageError

_ = math.nan
ALONE = range(10_000)

# Krippendorff (2011), example of four observers and twelve units; the paper gives alpha for ordinal
# data as .815.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]

# The `anxiety` ratings of R's package irr, raters 1 and 2; its manual prints a weighted kappa of
# 0.297 for squared weights.
ANXIETY = (
    [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
    [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
)


def two(size: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 11, size)
    return a, np.clip(a + rng.integers(-3, 4, size), 0, 10), np.arange(size) // 4


def test_alpha_of_krippendorffs_example() -> None:
    assert alpha_of_raters(OBSERVERS, range(12)).estimate == pytest.approx(0.815, abs=5e-4)


def test_alpha_agrees_with_the_library_for_two_and_for_many() -> None:
    krippendorff = pytest.importorskip("krippendorff")
    a, b, clusters = two(200)
    theirs = krippendorff.alpha(
        np.array([a, b]), level_of_measurement="ordinal", value_domain=list(range(11))
    )
    assert agreement(a, b, clusters).alpha.estimate == pytest.approx(theirs, abs=1e-12)
    many = np.array([*OBSERVERS, OBSERVERS[1]])
    theirs = krippendorff.alpha(many, level_of_measurement="ordinal")
    assert alpha_of_raters(many, range(12)).estimate == pytest.approx(theirs, abs=1e-12)


def test_kappa_of_a_published_example() -> None:
    assert agreement(*ANXIETY, range(20)).kappa.estimate == pytest.approx(0.297, abs=5e-4)


def test_kappa_and_r_agree_with_statsmodels_and_scipy() -> None:
    rater = pytest.importorskip("statsmodels.stats.inter_rater")
    a, b, clusters = two(300)
    found = agreement(a, b, clusters)
    theirs = rater.cohens_kappa(np.array(found.table), weights=np.arange(11), wt="quadratic")
    assert found.kappa.estimate == pytest.approx(theirs.kappa, abs=1e-12)
    assert found.pearson.estimate == pytest.approx(stats.pearsonr(a, b)[0], abs=1e-12)


def test_the_error_of_kappa_is_near_the_large_sample_error() -> None:
    # Fleiss, Cohen and Everitt's standard error holds for independent replies; so does the jackknife.
    rater = pytest.importorskip("statsmodels.stats.inter_rater")
    a, b, _clusters = two(1000)
    found = agreement(a, b, np.arange(1000))
    theirs = rater.cohens_kappa(np.array(found.table), weights=np.arange(11), wt="quadratic")
    half = math.atanh(found.kappa.upper) - math.atanh(found.kappa.estimate)
    error = half * (1 - found.kappa.estimate**2) / stats.t.ppf(0.975, 999)
    assert error == pytest.approx(theirs.std_kappa, rel=0.03)


def test_a_table_by_hand() -> None:
    # A: 0 5 5 8, B: 0 4 6 8. Squared distances 0, 1, 1, 0: observed mean 1/2. Expected: mean over all
    # 16 pairs = var(A) + var(B) + (mean A - mean B)^2 = 8.25 + 8.75 + 0 = 17. kappa = 1 - 1/34.
    found = agreement([0, 5, 5, 8], [0, 4, 6, 8], "abcd")
    assert found.kappa.estimate == pytest.approx(33 / 34, abs=1e-12)
    assert (found.exact.estimate, found.within_one.estimate) == (1 / 2, 1)
    assert found.shift.estimate == 0
    # A rates three high, B two of these; the one that A does not, B does not either.
    assert (found.sensitivity.estimate, found.specificity.estimate) == (2 / 3, 1)
    assert found.table[5][4] == found.table[5][6] == found.table[8][8] == 1
    assert (found.replies, found.clusters) == (4, 4)


def test_a_shift_is_seen_by_all_but_pearson() -> None:
    a = np.tile(np.arange(8), 10)
    found = agreement(a, a + 2, np.arange(80) // 4)
    assert found.pearson.estimate == pytest.approx(1)
    assert found.shift.estimate == 2
    assert found.within_one.estimate == 0
    # kappa: 1 - 4 / (2 * 5.25 + 4), where 5.25 is the variance of 0 … 7.
    assert found.kappa.estimate == pytest.approx(1 - 4 / 14.5)


def test_missing_ratings_are_counted_and_left_out() -> None:
    found = agreement([1, _, 3, _, 5], [1, 2, _, _, 5], "aabbc")
    assert (found.replies, found.only_a, found.only_b, found.neither) == (2, 1, 1, 1)
    assert found.clusters == 2


def test_shares_are_those_of_clustered_proportion() -> None:
    a, b, clusters = two(120)
    found = agreement(a, b, clusters)
    assert found.exact == clustered_proportion((a == b).astype(float), clusters)
    high = np.where(a >= 5, b >= 5, _)
    assert found.sensitivity == clustered_proportion(high, clusters)
    assert found.shift == clustered_mean((b - a).astype(float), clusters, bounds=(-10, 10))


def test_perfect_agreement_is_not_certain() -> None:
    a, _b, clusters = two(80)
    found = agreement(a, a, clusters)
    for measure in (found.kappa, found.alpha, found.pearson):
        assert measure.estimate == measure.upper == 1
        assert 0.5 < measure.lower < 1
    assert found.exact.lower < 1
    larger = agreement(*[np.tile(a, 10)] * 2, np.arange(800) // 4)
    assert larger.kappa.lower > found.kappa.lower


def test_the_shift_is_no_larger_than_differing_ratings_allow() -> None:
    a, _b, clusters = two(400)
    found = agreement(a, a, clusters)
    # Each reply that differs moves the mean by 10 / n at most, and so many may differ.
    most = 10 * (1 - found.exact.lower)
    assert most < 0.5
    assert -most <= found.shift.lower < 0 < found.shift.upper <= most
    # One rating of 400 off: all but it are equal.
    near = agreement(a, np.where(np.arange(400) == 7, (a + 5) % 11, a), clusters)
    assert near.shift.lower <= near.shift.estimate <= near.shift.upper
    assert max(-near.shift.lower, near.shift.upper) <= 10 * (1 - near.exact.lower)


def test_what_the_ratings_do_not_define_is_nan() -> None:
    found = agreement([0, 0, 0], [0, 0, 0], "abc")
    assert math.isnan(found.kappa.estimate)
    assert math.isnan(found.pearson.estimate)
    assert math.isnan(found.sensitivity.estimate)
    assert found.specificity.estimate == 1
    nothing = agreement([_, 1], [1, _], "ab")
    assert nothing.replies == 0
    assert all(math.isnan(m.estimate) for m in nothing.measures().values())


def test_clusters_widen_the_intervals() -> None:
    a, b, _clusters = two(100)
    thrice = [np.repeat(values, 3) for values in (a, b)]
    alone = agreement(*thrice, np.arange(300)).kappa
    together = agreement(*thrice, np.repeat(np.arange(100), 3)).kappa
    ratio = (math.atanh(together.upper) - math.atanh(together.lower)) / (
        math.atanh(alone.upper) - math.atanh(alone.lower)
    )
    # Each reply stands three times: a third of the information, so wider by the root of 3.
    assert ratio == pytest.approx(math.sqrt(3), rel=0.03)
    assert together.design_effect == pytest.approx(3, rel=0.05)


def test_one_conversation_rests_on_the_planned_design_effect() -> None:
    a, b, _clusters = two(60)
    found = agreement(a, b, ["only"] * 60).kappa
    apart = agreement(a, b, range(60)).kappa
    assert "planned" in found.method
    assert found.lower < apart.lower < apart.estimate


def test_weights_stand_for_repetitions() -> None:
    a, b, _clusters = two(40)
    weights = np.tile([1, 3], 20)
    weighted = agreement(a, b, range(40), weights)
    copied = agreement(np.repeat(a, weights), np.repeat(b, weights), range(80))
    for name in ("kappa", "pearson", "exact", "shift", "sensitivity", "specificity"):
        one, other = weighted.measures()[name], copied.measures()[name]
        assert one.estimate == pytest.approx(other.estimate, abs=1e-12), name
    assert sum(map(sum, weighted.table)) == pytest.approx(40)
    # Equal weights change nothing.
    assert agreement(a, b, range(40), np.full(40, 7.0)).kappa.lower == pytest.approx(
        agreement(a, b, range(40)).kappa.lower
    )


def test_weighted_shares_by_hand() -> None:
    # Events 1 0 1 0 with weights 1 1 3 3 in clusters of one: p = 1/2. Pulls w(e - p)/8 are +-1/16 and
    # +-3/16; 4/3 of the sum of their squares is the variance 4/3 * 20/256 = 5/48. Under independence
    # it is p(1 - p)/(n - 1) = 1/12, so D = 5/4.
    found = weighted_proportion([1, 0, 1, 0], "abcd", [1, 1, 3, 3])
    assert found.estimate == 0.5
    assert found.design_effect == pytest.approx(5 / 4, abs=1e-12)
    # Kish: 4 * 20 / 64 = 5/4 too.
    none = weighted_proportion([0, 0, 0, 0], "abcd", [1, 1, 3, 3])
    assert none.design_effect == pytest.approx(5 / 4, abs=1e-12)
    assert none.lower == 0 < none.upper
    mean = weighted_mean([0, 4, 0, 4, 0, 4], "abcdef", [1, 3, 1, 3, 1, 3], (0, 10))
    assert mean.estimate == 3


def test_consensus_is_a_rating_somebody_gave() -> None:
    assert list(consensus([[4, 1, 7], [5, 1, 2], [9, 6, 6]])) == [5, 1, 6]
    # Of two the lower: high only if more than half say so.
    assert list(consensus([[4, _], [5, 3]])) == [4, 3]
    assert np.isnan(consensus([[_], [_]])[0])


@pytest.mark.parametrize(
    ("a", "b", "clusters", "words"),
    [
        ([1.5], [1], "a", "1.5"),
        ([11], [1], "a", "11"),
        ([1, 2], [1], "a", "one of each"),
    ],
)
def test_what_is_no_rating_is_refused(a: object, b: object, clusters: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        agreement(a, b, clusters)  # type: ignore[arg-type]


RATING = st.one_of(st.just(_), st.integers(0, 10).map(float))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(RATING, RATING, st.integers(0, 5), st.integers(1, 4)), max_size=25))
def test_intervals_hold_their_estimates(rows: list[tuple[float, float, int, int]]) -> None:
    a, b, clusters, weights = (
        (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 4
    )
    for w in (None, weights):
        for name, measure in agreement(a, b, clusters, w).measures().items():
            if math.isnan(measure.estimate) or math.isnan(measure.lower):
                continue
            assert measure.lower <= measure.estimate <= measure.upper, name
            top = 10 if name == "shift" else 1
            assert -top - 1e-9 <= measure.lower, name
            assert measure.upper <= top + 1e-9, name


def test_kappa_interval_covers_where_a_bootstrap_does_not() -> None:
    rng = np.random.default_rng(5)
    true = _kappa_of(rng, 20_000)
    covered = boots = 0
    runs = 200
    for _run in range(runs):
        a, b, clusters = _graders(rng, 10)
        found = agreement(a, b, clusters).kappa
        covered += found.lower <= true <= found.upper
        tables = np.zeros((10, 11, 11))
        np.add.at(tables, (clusters, a, b), 1)
        picks = rng.multinomial(10, np.full(10, 0.1), size=200)
        drawn = quadratic_kappa(np.tensordot(picks, tables, 1))
        low, high = np.nanquantile(drawn, [0.025, 0.975])
        boots += low <= true <= high
    assert covered / runs >= 0.92
    assert boots < covered


def _graders(rng: np.random.Generator, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    clusters = np.repeat(np.arange(groups), 6)
    latent = rng.normal(4, 2, groups)[clusters] + rng.normal(0, 1.5, len(clusters))
    other = latent + rng.normal(0, 0.5, groups)[clusters] + rng.normal(0, 1, len(clusters))
    whole = [np.clip(np.round(v), 0, 10).astype(int) for v in (latent, other)]
    return whole[0], whole[1], clusters


def _kappa_of(rng: np.random.Generator, groups: int) -> float:
    a, b, _clusters = _graders(rng, groups)
    table = np.zeros((11, 11))
    np.add.at(table, (a, b), 1)
    return float(quadratic_kappa(table))
