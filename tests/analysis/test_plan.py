"""Plans: options for each goal, and what they ask."""

import pytest

from gemma_distress.analysis.plan import DifferenceGoal, MarginGoal, Price, RateGoal, plan
from gemma_distress.errors import UsageError


def test_a_rate_has_options_by_prompts_and_says_what_is_impossible() -> None:
    found = plan(RateGoal(0.01), prompts=(20, 50, 100))
    shapes = [(o.design.prompts, o.design.conversations) for o in found.options]
    assert shapes == [(50, 14), (100, 4)]
    assert len(found.impossible) == 1
    assert "with 20 prompts" in found.impossible[0]
    assert found.best is found.options[1]


def test_calls_tokens_and_dollars_follow_from_the_price_of_a_conversation() -> None:
    price = Price(3, 1000, 900, 6000, 1500, 0.01, 0.02)
    option = plan(RateGoal(0.01), price=price, prompts=(100,)).options[0]
    # 100 × 4 conversations of 3 replies; 9,400 tokens and 3 cents each.
    assert (option.conversations, option.replies, option.judge_calls) == (400, 1200, 1200)
    assert option.tokens == 3_760_000
    assert option.dollars == pytest.approx(12)
    unknown = plan(RateGoal(0.01), price=Price(3, 1000, 900, 6000, 1500), prompts=(100,))
    assert unknown.options[0].tokens == 3_760_000
    assert unknown.options[0].dollars is None


def test_a_difference_and_a_margin_count_both_arms() -> None:
    difference = plan(DifferenceGoal(0.35, 0.175), price=Price(3), conversations=(1,)).options[0]
    assert (difference.design.prompts, difference.conversations) == (141, 282)
    assert difference.judge_calls == 846
    margin = plan(MarginGoal(0.02), conversations=(1,)).options[0]
    assert (margin.design.prompts, margin.conversations, margin.judge_calls) == (1713, 3426, None)


def test_a_goal_that_nothing_reaches_is_refused_with_what_would() -> None:
    # 1 - 0.05^(1/n) <= 0.3% from n = 998 on: ln 0.05 / ln 0.997 = 997.1.
    with pytest.raises(UsageError, match=r"0\.3% cannot be shown.*998 prompts are enough"):
        plan(RateGoal(0.003), prompts=(10, 20))
