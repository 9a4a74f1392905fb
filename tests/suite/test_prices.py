"""Prices: known ones, unknown ones, the user's own."""

import pytest
from inspect_ai.model import ModelCost, ModelUsage
from inspect_ai.model._model import compute_model_cost
from inspect_ai.model._model_info import _get_model_info_direct

from gemma_distress.errors import UsageError
from gemma_distress.protocol import DEFAULT_GRADER
from gemma_distress.suite.prices import load_prices, register


def test_the_default_grader_has_a_price():
    assert load_prices().of(DEFAULT_GRADER) is not None


def test_a_dated_snapshot_costs_what_its_model_costs():
    prices = load_prices()
    assert prices.of("anthropic/claude-haiku-4-5-20251001") == prices.of(
        "anthropic/claude-haiku-4-5"
    )
    assert prices.of("openai/gpt-4o-2024-08-06") == prices.of("openai/gpt-4o")


@pytest.mark.parametrize(
    "name", ["gemma_distress/lexical", "hf/any", "vllm/google/gemma", "mockllm/m"]
)
def test_what_runs_here_costs_nothing_also_under_an_address(name):
    for price in (load_prices().of(name), load_prices().of(name, "http://127.0.0.1/v1")):
        assert price is not None
        assert set(price.model_dump().values()) == {0}


def test_an_unknown_model_has_no_price_rather_than_none():
    assert load_prices().of("openai/gpt-99") is None
    assert load_prices().of("anthropic/claude-haiku-4-5-preview") is None


def test_the_makers_price_does_not_hold_at_another_address_but_the_users_does(tmp_path):
    own = tmp_path / "prices.yaml"
    own.write_text(
        "openai/gpt-4o: {input: 7, output: 8, input_cache_write: 7, input_cache_read: 1}"
    )
    assert load_prices().of("openai/gpt-4o", "http://proxy/v1") is None
    priced = load_prices(str(own)).of("openai/gpt-4o", "http://proxy/v1")
    assert priced is not None
    assert priced.output == 8
    assert load_prices(str(own)).of("openai/gpt-4o-mini").output == 0.6


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a/b: {input: 1}", r"a/b\.output"),
        ("a/b: [1, 2]", "a/b"),
        ("just words", "not a list of prices"),
        ("a/b: {input: -1, output: 1, input_cache_write: 0, input_cache_read: 0}", "negative"),
        ("a/b: {input: [", "not YAML"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path, text, told):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(UsageError, match=told):
        load_prices(str(tmp_path / "p.yaml"))


def test_a_missing_file_is_refused():
    with pytest.raises(UsageError, match="cannot be read"):
        load_prices("/nowhere/prices.yaml")


def test_a_registered_price_reaches_inspect():
    from inspect_ai.model import get_model

    model = get_model("mockllm/priced-here", memoize=False)
    register(model, ModelCost(input=2, output=10, input_cache_write=2, input_cache_read=0))
    info = _get_model_info_direct(model)
    assert info is not None
    assert info.cost is not None
    # 1,000 tokens in at 2 and 100 out at 10 dollars a million: 0.002 + 0.001
    cost = compute_model_cost(info.cost, ModelUsage(input_tokens=1000, output_tokens=100))
    assert cost == pytest.approx(0.003, abs=1e-12)
