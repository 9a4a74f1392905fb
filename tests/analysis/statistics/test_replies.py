"""The share of replies: its planned design effect by hand, what is missing, and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gemma_distress.analysis.statistics import clustered_proportion
from gemma_distress.analysis.statistics.replies import replies_proportion
from gemma_distress.errors import UsageError

X = math.nan


def test_a_conversation_counts_as_one_observation_where_the_design_effect_is_planned() -> None:
    # 20 prompts of one conversation of 8 replies, none high: as sure as 20 conversations.
    alone = clustered_proportion(np.zeros(20), range(20))
    found = replies_proportion(np.zeros((20, 8)), range(20))
    assert (found.n, found.clusters, found.design_effect) == (160, 20, pytest.approx(8))
    assert found.upper == pytest.approx(alone.upper, abs=1e-12)
    # Of 4 conversations each at ICC 0.1: 8 * (1 + 3 * 0.1).
    repeated = replies_proportion(np.zeros((80, 8)), np.repeat(np.arange(20), 4))
    assert repeated.design_effect == pytest.approx(8 * 1.3)
    assert repeated.method == "Wilson, planned design effect"


def test_conversations_of_other_lengths_by_hand() -> None:
    # Prompt a: 3 and 1 known replies, b: 2. n = 6, sum(r^2) = 9 + 1 + 4 = 14, sum(R^2) = 16 + 4 = 20:
    # D = (0.9 * 14 + 0.1 * 20) / 6.
    highs = [[0, 0, 0], [0, X, X], [0, 0, X]]
    found = replies_proportion(highs, ["a", "a", "b"])
    assert found.design_effect == pytest.approx((0.9 * 14 + 0.1 * 20) / 6, abs=1e-12)
    assert (found.n, found.clusters) == (6, 2)


def test_with_one_reply_each_it_is_the_share_of_conversations() -> None:
    rng = np.random.default_rng(2)
    prompts = np.repeat(np.arange(12), 5).tolist()
    for rate in (0.0, 0.05, 0.5):
        events = (rng.random(60) < rate).astype(float)
        assert replies_proportion(events[:, None], prompts) == clustered_proportion(events, prompts)


def test_where_the_spread_is_trusted_the_design_effect_is_measured() -> None:
    rng = np.random.default_rng(3)
    highs = (rng.random((200, 5)) < 0.4).astype(float)
    prompts = np.repeat(np.arange(40), 5).tolist()
    replies = clustered_proportion(highs.ravel(), np.repeat(prompts, 5).tolist())
    assert replies_proportion(highs, prompts) == replies


def test_conversations_of_which_nothing_is_known_add_nothing() -> None:
    highs = np.array([[0, 1, 0], [0, 0, 0]])
    known = replies_proportion(highs, ["a", "b"])
    more = np.vstack([highs, np.full((3, 3), X)])
    assert replies_proportion(more, ["a", "b", "gone", "gone", "a"]) == known
    assert replies_proportion(np.full((2, 3), X), ["a", "b"]).n == 0
    assert replies_proportion(np.empty((0, 3)), []).n == 0


def test_what_is_no_array_of_replies_is_refused() -> None:
    with pytest.raises(UsageError, match="conversations by turns"):
        replies_proportion([0, 1], ["a", "b"])
    with pytest.raises(UsageError, match="2 prompts"):
        replies_proportion([[0, 1]], ["a", "b"])
    with pytest.raises(UsageError, match="holds 7"):
        replies_proportion([[0, 7]], ["a"])
    for wrong in (X, 5.0):
        with pytest.raises(UsageError, match="planned_icc"):
            replies_proportion([[0, 1]], ["a"], planned_icc=wrong)


@pytest.mark.parametrize(("rate", "prompts", "size"), [(0.03, 20, 4), (0.35, 10, 1)])
def test_coverage_where_replies_of_a_conversation_are_alike(
    rate: float, prompts: int, size: int
) -> None:
    # A conversation has its own rate, with a correlation of 0.7 among its 8 replies.
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(prompts), size).tolist()
    spread, runs, covered = 1 / 0.7 - 1, 400, 0
    for _ in range(runs):
        own = rng.beta(rate * spread, (1 - rate) * spread, size=(len(labels), 1))
        found = replies_proportion((rng.random((len(labels), 8)) < own).astype(float), labels)
        covered += found.lower <= rate <= found.upper
    assert covered / runs >= 0.93
