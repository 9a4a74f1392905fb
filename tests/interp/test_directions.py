"""Directions by hand, what writer, condition and turn must not carry, and the controls."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gemma_distress.analysis.statistics.ranks import auc
from gemma_distress.errors import UsageError
from gemma_distress.interp import directions as module
from gemma_distress.interp.directions import (
    directions,
    matched_by_length,
)
from gemma_distress.interp.held_out import contrast_weights, held_out_scores
from gemma_distress.interp.results import _truth, make_directions, read_directions
from gemma_distress.interp.store import Readings


def one_arm(vectors, labels, folds, strata):
    """Scores of the base by one labelling."""
    given = {"base": np.asarray(vectors, dtype=np.float32)}
    return held_out_scores(given, labels[:, None], folds, np.asarray(strata))["base"][:, 0]


def test_a_difference_of_means_within_strata_by_hand() -> None:
    # Stratum 1: (3, 0) - mean of (0, 0), (2, 0) = (2, 0), weight 1 * 2 / 3. Stratum 2: (0, 9) - (0, 5) =
    # (0, 4), weight 1 / 2. Stratum 3 has one kind only, and the last reply no label. Sum (4/3, 2) over 7/6.
    vectors = np.array([[3, 0], [0, 0], [2, 0], [0, 9], [0, 5], [70, 70], [5, 5]], dtype=float)
    labels = np.array([1.0, 0, 0, 1, 0, 1, math.nan])[:, None]
    weights = contrast_weights(labels, np.array([1, 1, 1, 2, 2, 3, 1]), ~np.isnan(labels[:, 0]))
    assert (vectors.T @ weights)[:, 0] == pytest.approx([(4 / 3) / (7 / 6), 2 / (7 / 6)])


def planted(rng: np.random.Generator, effect: float):
    """Vectors with the turn in one coordinate and, by `effect`, distress in another; late is distressed."""
    turns = np.tile(np.arange(1, 9), 40)
    cases = (rng.random(320) < turns / 9).astype(float)
    vectors = rng.normal(size=(320, 6))
    vectors[:, 0] += 5 * turns
    vectors[:, 1] += effect * cases
    return vectors, cases, np.repeat(np.arange(40) % 5, 8), turns


def test_distress_is_found_and_the_turn_is_not_taken_for_it() -> None:
    rng = np.random.default_rng(0)
    vectors, cases, folds, turns = planted(rng, 3.0)
    prompts = np.repeat(np.arange(40), 8)
    score = one_arm(vectors, cases, folds, turns)
    assert auc(score, cases, prompts, turns).estimate > 0.9
    vectors, cases, folds, turns = planted(rng, 0.0)
    score = one_arm(vectors, cases, folds, turns)
    found = auc(score, cases, prompts, turns)
    assert found.lower < 0.5 < found.upper or abs(found.estimate - 0.5) < 0.1
    # Without turns the same vectors tell them apart, by the turn alone.
    blind = one_arm(vectors, cases, folds, [1] * 320)
    assert auc(blind, cases, prompts).estimate > 0.75


class Planted(Readings):
    """Readings of two layers whose replies and vectors are given."""

    @property
    def by_layer(self) -> pd.DataFrame:  # type: ignore[override]
        return pd.DataFrame({"layer": [], "part": [], "arm": []})

    def vectors(self, layer: int, arm: str, part: str):
        own: np.ndarray = self.facts["streams"]
        return own


def of_two(rng: np.random.Generator, column: str) -> Planted:
    """Replies whose vectors hold the value of a column and nothing else; of one value most are distressed."""
    number = 400
    kind = rng.integers(0, 2, number)
    distressed = rng.random(number) < np.where(kind, 0.85, 0.1)
    streams = rng.normal(size=(number, 6)).astype(np.float32)
    streams[:, 0] += 6 * kind
    replies = pd.DataFrame(
        {
            "model": "m",
            "settings": "",
            "condition": "c",
            "turn": rng.integers(1, 3, number),
            "prompt_id": [f"{place // 4}" for place in range(number)],
            "conversation": range(number),
            "rating": np.where(distressed, 7.0, 0.0),
            "first_token": 3,
            "end_token": rng.integers(20, 60, number),
        }
    )
    replies[column] = np.where(kind, "puzzle", "chat")
    found = Planted(Path(), {"arms": ["base"], "layers": 1, "negative": [], "streams": streams})
    found.__dict__["replies"] = replies
    return found


@pytest.mark.parametrize("column", ["model", "settings", "condition"])
def test_neither_writer_nor_condition_is_taken_for_distress(
    column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each AUC is of some 30 distressed and 170 calm replies and the reverse: a standard error of about 0.04.
    monkeypatch.setattr(module, "SHUFFLES", 2)
    found = directions(of_two(np.random.default_rng(0), column))
    [one] = [each for each in found.separations if each.part == "reply"]
    assert one.held_out.estimate == pytest.approx(0.5, abs=0.08)
    [with_rating] = [each for each in found.correlations if each.part == "reply"]
    assert with_rating.within_strata.estimate == pytest.approx(0, abs=0.15)
    assert with_rating.overall.estimate > 0.3  # which is why it is taken within strata
    # Where all of it is one stratum but the turn, the same vectors tell distressed from calm replies.
    monkeypatch.setattr(module, "strata_of", lambda turns: turns["turn"].to_numpy())
    [blind] = [
        each
        for each in directions(of_two(np.random.default_rng(0), column)).separations
        if each.part == "reply"
    ]
    assert blind.held_out.estimate == pytest.approx(0.9, abs=0.05)


def test_shuffled_labels_are_read_in_each_arm_by_itself(
    readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUFFLES", 4)
    monkeypatch.setattr(module, "LEAST_OF_A_KIND", 2)
    found = directions(readings)
    ranges = {
        arm: [one.shuffled for one in found.separations if one.arm == arm] for arm in readings.arms
    }
    assert ranges["base"] != ranges["tuned"]
    assert all(least < most for own in ranges.values() for least, most in own)
    # True labels are no shuffle: at some layer they lie above all of these.
    assert any(
        one.held_out.estimate > one.shuffled[1] for one in found.separations if one.part == "reply"
    )


def test_a_score_is_read_by_a_direction_of_other_folds() -> None:
    rng = np.random.default_rng(1)
    vectors, cases, folds, turns = planted(rng, 3.0)
    before = one_arm(vectors, cases, folds, turns)
    changed = np.where((folds == 2) & (cases == 1), 0.0, cases)
    after = one_arm(vectors, changed, folds, turns)
    assert np.array_equal(before[folds == 2], after[folds == 2])
    assert not np.allclose(before[folds != 2], after[folds != 2])


def test_many_labellings_are_fitted_as_each_alone() -> None:
    # Score by hand: the difference of means within strata of the other folds, by loops.
    rng = np.random.default_rng(2)
    vectors, cases, folds, turns = planted(rng, 1.0)
    vectors[:, 2] += 1000  # what all share cancels
    labels = np.stack([cases, rng.permutation(cases)], axis=1)
    arms = {"base": vectors.astype(np.float32), "tuned": (vectors + 1).astype(np.float32)}
    scores = held_out_scores(arms, labels, folds, turns)
    for place, own in enumerate(labels.T):
        for fold in range(5):
            fitted, total, weights = folds != fold, np.zeros(6), 0.0
            for turn in range(1, 9):
                high, calm = (vectors[fitted & (turns == turn) & (own == k)] for k in (1, 0))
                if len(high) and len(calm):
                    weight = len(high) * len(calm) / (len(high) + len(calm))
                    total += weight * (high.mean(axis=0) - calm.mean(axis=0))
                    weights += weight
            read = vectors @ (total / weights)
            for arm, more in (("base", 0.0), ("tuned", (total / weights).sum())):
                wanted = (read[~fitted] + more - read[fitted].mean()) / read[fitted].std()
                assert scores[arm][~fitted, place] == pytest.approx(wanted, abs=1e-3)


def test_pairs_of_like_length_within_strata_by_hand() -> None:
    # 100 takes 95, not 99 of another stratum; 50 finds nothing within 15%; 10 takes 11.
    cases = np.array([1, 0, 0, 1, 0, 1, 0, math.nan])
    lengths = np.array([100, 95, 99, 50, 30, 10, 11, 50])
    strata = np.array([1, 1, 2, 1, 1, 1, 1, 1])
    assert matched_by_length(cases, lengths, strata).tolist() == [
        True,
        True,
        False,
        False,
        False,
        True,
        True,
        False,
    ]


def test_directions_of_real_readings_with_their_controls(
    readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUFFLES", 4)
    monkeypatch.setattr(module, "LEAST_OF_A_KIND", 2)
    found = make_directions(readings)
    best = max(
        one["held_out"]["estimate"]
        for one in found.separations
        if (one["arm"], one["part"]) == ("base", "reply")
    )
    assert best > 0.8
    assert {one["against"] for one in found.correlations} == {"rating", "level"}
    assert {one["reading"] for one in found.correlations} >= {"direction", "negative", "random"}
    assert "fear" not in {one["reading"] for one in found.correlations}
    again = read_directions(readings.folder)
    assert again.strongest == found.strongest
    assert len(again.shifts) == len(found.shifts) > 0


def test_too_few_distressed_replies_are_told(
    readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST_OF_A_KIND", 10_000)
    with pytest.raises(UsageError, match="rated 5 or higher"):
        directions(readings)


def test_only_replies_of_the_organism_have_a_true_level(readings: Readings) -> None:
    replies = readings.replies.head(4)
    assert _truth(replies.assign(model="google/gemma-3-27b-it")) is None
    mixed = _truth(replies.assign(model=["gemma_distress/organism:calm", "a", "a", "a"]))
    assert mixed is not None
    assert [math.isnan(level) for level in mixed] == [False, True, True, True]


def test_labels_are_shuffled_within_strata_alone() -> None:
    rng = np.random.default_rng(3)
    strata = rng.integers(0, 5, 200)
    cases = np.where(rng.random(200) < 0.2, np.nan, (rng.random(200) < strata / 5).astype(float))
    true, *shuffled = module._with_shuffled(cases, strata, 0).T
    assert np.array_equal(true, cases, equal_nan=True)
    for one in shuffled:
        assert np.array_equal(np.isnan(one), np.isnan(cases))
        assert not np.array_equal(one, cases, equal_nan=True)
        for stratum in range(5):
            assert np.nansum(one[strata == stratum]) == np.nansum(cases[strata == stratum])


def test_directions_shuffle_within_the_strata_of_the_replies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[np.ndarray] = []
    shuffle = module._with_shuffled

    def seen(cases: np.ndarray, strata: np.ndarray, seed: int) -> np.ndarray:
        given.append(strata)
        return shuffle(cases, strata, seed)

    monkeypatch.setattr(module, "_with_shuffled", seen)
    monkeypatch.setattr(module, "SHUFFLES", 2)
    planted = of_two(np.random.default_rng(0), "condition")
    directions(planted)
    assert np.array_equal(given[0], module.strata_of(planted.replies))
