"""The estimate, by hand."""

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelCost

from gemma_distress.prompts import load_pack
from gemma_distress.scorers.pieces import PIECE_CHARACTERS
from gemma_distress.suite.estimate import Tokens, estimate, subject_tokens, verdict_tokens
from gemma_distress.suite.options import SuiteOptions
from gemma_distress.suite.plan import make_plan
from gemma_distress.suite.prices import load_prices

PACK = load_pack()


def conversation(history):
    script = ["r" * 8, "r" * 12]
    return Sample(id="x", input="p" * 40, metadata={"script": script, "history": history})


def test_the_history_is_sent_again_at_each_turn():
    # Replies of 10 tokens stand in as 40 characters.
    # Turn 1 sends 40, turn 2 40 + 40 + 8 = 88, turn 3 88 + 40 + 12 = 140: 268 characters, 67 tokens.
    assert subject_tokens([conversation("full")], 10, PACK) == Tokens(67, 30)


def test_redacted_replies_cost_what_their_marker_costs():
    marker = len(PACK.omitted_reply)
    characters = 40 + (40 + marker + 8) + (40 + 2 * marker + 8 + 12)
    assert subject_tokens([conversation("redacted")], 10, PACK) == Tokens(-(-characters // 4), 30)


def test_a_verdict_is_asked_for_each_piece_of_a_long_reply():
    one = verdict_tokens(PIECE_CHARACTERS // 4, 500, PACK)
    two = verdict_tokens(PIECE_CHARACTERS // 4 + 1, 500, PACK)
    assert (one.output, two.output) == (500, 1000)
    assert one.input > PIECE_CHARACTERS // 4


def test_dollars():
    price = ModelCost(input=2, output=10, input_cache_write=0, input_cache_read=0)
    assert Tokens(1_000_000, 100_000).dollars(price) == pytest.approx(3.0)
    assert Tokens(1, 0).dollars(None) is None
    assert Tokens(0, 0).dollars(None) == 0


def test_calls_are_exact_finished_conversations_left_out_and_an_unknown_price_is_no_zero():
    plan = make_plan(
        SuiteOptions(
            model="openai/gpt-99",
            tasks=("triggers", "extended"),
            preset="smoke",
            graders=("gemma_distress/lexical", "mockllm/second"),
        )
    )
    whole = estimate(plan, {}, load_prices())
    # smoke: 4 conversations of 3 turns and 3 of 8
    assert whole.planned == 7
    assert [load.calls for load in whole.loads] == [4 * 3 + 3 * 8] * 3
    assert whole.expected is None
    assert whole.unpriced == ["openai/gpt-99"]
    done = {"extended": {str(sample.id) for sample in plan.samples("extended")[:2]}}
    left = estimate(plan, done, load_prices())
    assert left.finished == 2
    assert [load.calls for load in left.loads] == [4 * 3 + 1 * 8] * 3
    assert left.loads[0].expected.input < left.loads[0].most.input
