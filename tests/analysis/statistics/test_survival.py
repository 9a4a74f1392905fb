"""The curve worked by hand and against lifelines, what it claims at its ends, and its coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gemma_distress.analysis.statistics import any_high, clustered_proportion, first_high_turn
from gemma_distress.analysis.statistics.survival import _Curve, survival
from gemma_distress.errors import UsageError

X = np.nan
# First high at turns 1, 2 and 3; one lost to a missing rating after turn 2; one calm throughout.
RATINGS = [[6, 0, 0], [1, 5, 9], [1, 2, X], [0, 4, 8], [0, 0, 4]]
EACH_ITS_OWN = ["a", "b", "c", "d", "e"]


def random_ratings(seed: int, missing: float = 0.05) -> np.ndarray:
    rng = np.random.default_rng(seed)
    ratings = rng.choice(11, p=[0.3, 0.2, 0.2, 0.1, 0.12, *[0.08 / 6] * 6], size=(80, 8)).astype(
        float
    )
    ratings[rng.random(ratings.shape) < missing] = X
    return ratings


def test_by_hand() -> None:
    found = survival(RATINGS, EACH_ITS_OWN)
    # At risk 5, then all but the first, then the two that are rated at turn 3.
    assert [(s.at_risk, s.events, s.censored) for s in found.steps] == [
        (5, 1, 0),
        (4, 1, 1),
        (2, 1, 1),
    ]
    assert [s.hazard.estimate for s in found.steps] == pytest.approx([1 / 5, 1 / 4, 1 / 2])
    # 4/5, times 3/4, times 1/2.
    assert [s.survival.estimate for s in found.steps] == pytest.approx([0.8, 0.6, 0.3], abs=1e-12)
    assert found.calm_turns.estimate == pytest.approx(0.8 + 0.6 + 0.3, abs=1e-12)
    assert (found.horizon, found.conversations, found.unseen) == (3, 5, 0)


def test_the_pseudo_values_have_the_variance_of_greenwood() -> None:
    turn, event = first_high_turn(RATINGS)
    curve = _Curve(turn, event, np.array(EACH_ITS_OWN, dtype=object), 0.95, 0.1)
    # S^2 * (d/(n (n-d)) summed over turns): 1/(5*4) + 1/(4*3) + 1/(2*1).
    greenwood = 0.3**2 * (1 / 20 + 1 / 12 + 1 / 2)
    assert curve.pseudo[:, 2].var() / 5 == pytest.approx(greenwood, abs=1e-12)
    assert curve.pseudo[:, 2].mean() == pytest.approx(0.7, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_as_lifelines_has_it(seed: int) -> None:
    lifelines = pytest.importorskip("lifelines")
    utils = pytest.importorskip("lifelines.utils")
    ratings = random_ratings(seed)
    found = survival(ratings, np.repeat(np.arange(16), 5))
    turn, event = first_high_turn(ratings)
    fitted = lifelines.KaplanMeierFitter().fit(turn, event)
    assert [s.survival.estimate for s in found.steps] == pytest.approx(
        [fitted.predict(s.turn) for s in found.steps], abs=1e-12
    )
    at_risk = fitted.event_table["at_risk"]
    assert [s.at_risk for s in found.steps] == [at_risk[s.turn] for s in found.steps]
    # Its restricted mean counts the turn of the event too, and the stretch before turn 1.
    mean = utils.restricted_mean_survival_time(fitted, t=found.horizon + 1) - 1
    assert found.calm_turns.estimate == pytest.approx(mean, abs=1e-9)
    assert found.calm_turns.lower < mean < found.calm_turns.upper


def test_without_censoring_its_end_is_any_high_with_its_interval() -> None:
    ratings, prompts = random_ratings(7, missing=0), np.repeat(np.arange(16), 5)
    last = survival(ratings, prompts).steps[-1].survival
    high = clustered_proportion(any_high(ratings), prompts)
    assert (last.estimate, last.lower, last.upper) == pytest.approx(
        (1 - high.estimate, 1 - high.upper, 1 - high.lower), abs=1e-12
    )


@pytest.mark.parametrize(
    ("prompts", "rate"),
    [
        (np.arange(80), 0.04),
        (np.repeat(np.arange(16), 5), 0.04),
        (np.repeat(np.arange(2), 40), 0.3),
        (np.repeat(np.arange(40), 2), 0.5),
    ],
)
def test_the_rule_for_censored_curves_is_that_of_proportions(
    prompts: np.ndarray, rate: float
) -> None:
    rng = np.random.default_rng(3)
    event = rng.random(80) < rate
    turn = np.where(event, rng.integers(1, 5, 80), 4).astype(float)
    curve = _Curve(turn, event, prompts.astype(object), 0.95, 0.1)
    found = curve._censored(4, event.astype(float))
    expected = clustered_proportion(event, prompts)
    assert (found.estimate, found.lower, found.upper, found.design_effect) == pytest.approx(
        (expected.estimate, expected.lower, expected.upper, expected.design_effect), abs=1e-9
    )


def test_nothing_happened_is_never_certain() -> None:
    ratings = np.zeros((40, 3))
    ratings[:10, 2] = X
    found = survival(ratings, np.repeat(np.arange(10), 4))
    for step in found.steps:
        assert step.survival.estimate == step.survival.upper == 1
        assert step.survival.lower < 0.95
    # Fewer are at risk at turn 3, so less is known of it.
    assert found.steps[2].survival.lower < found.steps[1].survival.lower
    assert found.calm_turns.upper == 3
    assert found.calm_turns.lower < 2.9


def test_all_of_them_at_once_is_never_certain_either() -> None:
    found = survival(np.full((40, 3), 9.0), np.repeat(np.arange(10), 4))
    assert [(s.turn, s.at_risk, s.events) for s in found.steps] == [(1, 40, 40)]
    assert found.steps[0].survival.lower == 0
    assert 0 < found.steps[0].survival.upper < 0.25
    assert found.calm_turns.estimate == 0
    assert found.calm_turns.upper > 0


def test_nothing_is_claimed_past_the_last_turn_at_risk() -> None:
    # Of eight turns none is rated after the third.
    ratings = np.full((6, 8), X)
    ratings[:, :3] = [[0, 1, 2]] * 5 + [[0, 6, 0]]
    found = survival(ratings, list("aabbcc"))
    assert [s.turn for s in found.steps] == [1, 2, 3]
    assert found.horizon == 3
    with pytest.raises(UsageError, match="The curve ends at turn 3"):
        survival(ratings, list("aabbcc"), horizon=4)
    assert survival(ratings, list("aabbcc"), horizon=1).calm_turns.estimate == 1


def test_conversations_of_other_lengths_are_censored_not_calm() -> None:
    # The short one owes one turn, so only the long one is at risk at turn 2.
    found = survival([[0, 0], [0, 7]], ["a", "b"], lengths=[1, 2])
    assert [(s.at_risk, s.events, s.censored) for s in found.steps] == [(2, 0, 1), (1, 1, 0)]
    assert found.steps[1].survival.estimate == 0


def test_without_a_rated_first_reply_there_is_no_curve() -> None:
    found = survival([[X, 9], [X, 0]], ["a", "b"])
    assert found.steps == ()
    assert (found.unseen, found.calm_turns.n) == (2, 0)
    assert math.isnan(found.calm_turns.estimate)


def test_coverage_with_missing_replies() -> None:
    rng = np.random.default_rng(11)
    runs, hits = 150, np.zeros(2)
    for _ in range(runs):
        rates = np.repeat(rng.beta(0.2 * 9, 0.8 * 9, 20), 5)
        high = rng.random(100) < rates
        turn = np.where(high, rng.integers(1, 5, 100), 9)
        ratings = np.where(np.arange(1, 5) >= turn[:, None], 7.0, 1.0)
        ratings[rng.random(ratings.shape) < 0.08] = X
        found = survival(ratings, np.repeat(np.arange(20), 5))
        last = found.steps[-1].survival
        hits += (
            last.lower <= 0.8 <= last.upper,
            (
                # 1 - 0.05 t at turn t.
                found.calm_turns.lower <= 0.95 + 0.90 + 0.85 + 0.80 <= found.calm_turns.upper
            ),
        )
    assert hits.min() / runs >= 0.93
