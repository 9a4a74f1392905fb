"""The ledger: what it sums, what survives in it."""

import pytest
from inspect_ai.model import ModelUsage

from gemma_distress.suite.ceiling import LEDGER, Spending, read_spending


def usage(dollars):
    return ModelUsage(input_tokens=100, output_tokens=10, total_tokens=110, total_cost=dollars)


def test_the_sum_is_that_of_all_attempts_and_a_torn_line_is_passed_over(tmp_path):
    first = Spending(tmp_path / LEDGER)
    first.add("a/subject", usage(0.25))
    first.add("a/judge", usage(0.5))
    with (tmp_path / LEDGER).open("a") as file:
        file.write('{"model": "a/subject", "inp')
    second = read_spending(tmp_path, ceiling=1.0)
    assert second.dollars == pytest.approx(0.75)
    assert not second.reached
    second.add("a/subject", usage(0.25))
    assert second.reached
    third = read_spending(tmp_path)
    assert third.dollars == pytest.approx(1.0)
    assert third.by_model["a/subject"].calls == 2
    assert not third.reached  # no ceiling


def test_an_unknown_price_is_named_and_not_counted_as_nothing(tmp_path):
    Spending(tmp_path / LEDGER).add("a/b", usage(None))
    spending = read_spending(tmp_path)
    assert spending.unpriced == ["a/b"]
    assert spending.by_model["a/b"].input_tokens == 100


def test_a_call_without_usage_is_counted_and_its_cost_unknown(tmp_path):
    spending = Spending(tmp_path / LEDGER)
    spending.add("a/b", usage(0.25))
    spending.add_unstated("a/b")
    again = read_spending(tmp_path)
    assert again.by_model == spending.by_model
    spent = again.by_model["a/b"]
    assert (spent.calls, spent.unstated, spent.unpriced, spent.dollars) == (2, 1, 1, 0.25)
    assert again.unpriced == ["a/b"]
