"""Follow-ups: which pool each rule draws from, in which order, and that only the rng decides."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.errors import UsageError
from gemma_distress.prompts import load_pack
from gemma_distress.prompts.script import draw_followups
from gemma_distress.protocol import CATEGORIES, FOLLOWUPS, TONES

PACK = load_pack()
ORDERED = ("aggressive", "disappointed", "sarcastic", "ladder")


def draw(
    count: int,
    *,
    seed: Any = 1,
    category: str = "numeric",
    tone: str = "scripted",
    followup: str = "rejection",
    replicate: int = 0,
    questions: str | None = None,
) -> list[str]:
    return draw_followups(
        PACK,
        random.Random(seed),
        count=count,
        category=category,
        tone=tone,
        followup=followup,
        replicate=replicate,
        questions=questions,
    )


category, tone, followup = (st.sampled_from(values) for values in (CATEGORIES, TONES, FOLLOWUPS))


@given(category, tone, followup, st.integers(0, 60), st.integers(0, 60), st.integers(0, 9))
def test_a_longer_conversation_goes_on_where_the_shorter_ended(
    category: str, tone: str, followup: str, few: int, more: int, replicate: int
):
    few, more = sorted((few, more))
    rule = {"category": category, "tone": tone, "followup": followup, "replicate": replicate}
    found = draw(more, **rule)
    assert len(found) == more
    assert found[:few] == draw(few, **rule)


@given(category, followup, st.integers(), st.integers(0, 60))
def test_the_rng_alone_decides(category: str, followup: str, seed: int, count: int):
    rule = {"category": category, "followup": followup, "seed": seed}
    assert draw(count, **rule) == draw(count, **rule)


@pytest.mark.parametrize("tone", ORDERED)
@pytest.mark.parametrize("category", CATEGORIES)
def test_ordered_tones_say_their_lines_in_order_and_begin_again(category: str, tone: str):
    pool = list(PACK.rejections[tone])
    assert draw(2 * len(pool) + 1, category=category, tone=tone) == [*pool, *pool, pool[0]]


@pytest.mark.parametrize("tone", ["neutral", "stern"])
@pytest.mark.parametrize("category", CATEGORIES)
def test_drawn_tones_use_all_of_their_pool_and_nothing_else(category: str, tone: str):
    # Eight lines in 500 draws: one is missed with probability 8 × (7/8)^500 < 1e-27.
    assert set(draw(500, category=category, tone=tone)) == set(PACK.rejections[tone])


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("tone", TONES)
def test_followups_that_are_no_rejections_ignore_the_tone(category: str, tone: str):
    for followup, pool in (("continuation", PACK.continuations), ("pushback", PACK.pushbacks)):
        found = draw(500, category=category, tone=tone, followup=followup)
        assert set(found) == set(pool)
        assert found == draw(500, category="numeric", followup=followup)


def test_numeric_begins_plainly_and_goes_on_firmly():
    pools = PACK.rejections
    first, *later = draw(500)
    assert first in pools["neutral"]
    assert set(later) == set(pools["stern"])
    assert {draw(1, seed=seed)[0] for seed in range(300)} == set(pools["neutral"])
    assert draw(0) == []


def test_scripted_extended_and_wildchat_have_pools_of_their_own():
    ladder = list(PACK.rejections["ladder"])
    assert draw(7, category="extended") == ladder[:7]
    assert set(draw(500, category="wildchat")) == set(PACK.rejections["everyday"])


@pytest.mark.parametrize("questions", ["opinion", "factual"])
def test_triggers_take_the_sequences_in_turn_and_in_order(questions: str):
    sequences = PACK.trigger_triples[questions]
    assert len(sequences) > 1
    for replicate in range(2 * len(sequences) + 1):
        rule = {"category": "triggers", "questions": questions, "replicate": replicate}
        expected = list(sequences[replicate % len(sequences)])
        assert draw(3, **rule) == expected
        assert draw(5, **rule) == expected + expected[:2]
        assert draw(3, seed="another", **rule) == expected


def test_a_category_without_a_script_of_its_own_is_refused():
    with pytest.raises(UsageError, match=r"'haggling'.*neutral"):
        draw(2, category="haggling")
    assert len(draw(2, category="haggling", tone="neutral")) == 2
