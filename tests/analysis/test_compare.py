"""Comparison of two turns tables: pairing, what is refused, what is missing, and the numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.alike import Side
from gemma_distress.analysis.compare import _lost_by_both, _row, _values, compare
from gemma_distress.analysis.pairing import pair
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.analysis.statistics.multiplicity import holm
from gemma_distress.analysis.statistics.paired import paired_difference
from gemma_distress.analysis.statistics.paired_macro import Arms, macro_difference
from gemma_distress.errors import UsageError
from gemma_distress.protocol import CATEGORIES

CALM, HIGH, OPEN = [1, 2, 1], [1, 6, 3], [1, None, 2]


def side(*kinds: list[Any], **common: Any) -> pd.DataFrame:
    """Conversations over prompts of two."""
    return table(
        [
            {"ratings": kind, "prompt_id": f"p{n // 2}", "sample_id": f"p{n // 2}/numeric/{n % 2}"}
            for n, kind in enumerate(kinds)
        ],
        **common,
    )


A = side(HIGH, HIGH, CALM, HIGH, CALM, CALM)
B = side(CALM, CALM, CALM, HIGH, CALM, HIGH, model="scripted/b")


def test_the_primary_endpoint_is_paired_and_tested_over_prompts():
    found = compare(A, B)
    primary = found.pooled.primary
    # A is high in 0, 1, 3; B in 3, 5: 3 and 2 of 6, prompts' sums -2, 0, +1. Two prompts decide, and of the
    # four sums ±3, ±1 all are at least as far as -1.
    assert (primary.difference.a.estimate, primary.difference.b.estimate) == (0.5, 2 / 6)
    assert primary.difference.estimate == pytest.approx(-1 / 6, abs=1e-12)
    assert (primary.test.p, primary.test.lower, primary.test.higher) == (1, 1, 1)
    assert primary.difference == paired_difference(
        [1, 1, 0, 1, 0, 0], [0, 0, 0, 1, 0, 1], list("aabbcc")
    )
    assert primary.ratio is not None
    assert primary.ratio.estimate == pytest.approx(2 / 3, abs=1e-12)
    assert (found.arm_a.model, found.arm_b.model) == ("scripted/a", "scripted/b")
    assert not found.differs
    # The mean of mean ratings: HIGH is 10/3, CALM 4/3, and one conversation more is high in A.
    assert found.pooled.contrasts["mean_rating"].difference.estimate == pytest.approx(
        -2 / 6, abs=1e-12
    )
    # Replies: 3 of 18 in A, 2 of 18 in B.
    assert [one.estimate for one in found.turn_high] == pytest.approx([3 / 18, 2 / 18], abs=1e-12)


def test_the_order_of_conversations_does_not_matter():
    rows = B.sample(frac=1, random_state=1)
    assert compare(A, rows).pooled == compare(A, B).pooled


def test_the_same_model_twice_is_a_fair_question():
    found = compare(A, A)
    assert found.pooled.primary.difference.estimate == 0
    assert found.pooled.primary.test.p == 1


def test_unknown_and_unpaired_are_counted_with_their_worst_cases():
    b = side(CALM, OPEN, CALM, HIGH, model="scripted/b")
    a = side(HIGH, HIGH, OPEN, HIGH, CALM, CALM)
    row = compare(a, b).pooled
    assert (row.conversations, row.unpaired, row.unknown_a, row.unknown_b) == (6, 2, 1, 1)
    # Known pairs are 0 and 3. Lowest: B's unknown 1, 4, 5 are no events, A's unknown 2 is one:
    # (1 - 4) / 6; highest: they are 1, 4, 5 in B and none in A: (4 - 3) / 6.
    assert row.primary.difference.n == 2
    assert row.worst == pytest.approx((-3 / 6, 1 / 6), abs=1e-12)


def test_several_models_in_a_side_are_named():
    mixed = pd.concat([A, side(CALM, model="scripted/c").assign(conversation=99)])
    with pytest.raises(UsageError, match=r"A holds 2 models: scripted/a, scripted/c"):
        compare(mixed, B)


def test_two_runs_of_the_same_conversations_in_a_side_are_named():
    again = A.assign(conversation=A["conversation"] + 100, log="again.eval")
    with pytest.raises(
        UsageError, match=r"A has the conversation p0/numeric/0 twice, in a.eval and again.eval"
    ):
        compare(pd.concat([A, again]), B)


def test_an_empty_side_is_refused():
    with pytest.raises(UsageError, match="B holds no"):
        compare(A, B.iloc[:0])


DIFFERENCES = [
    ("judge", "judge", "another", "the judge differs in 6 of 6 pairs"),
    ("judge_version", "judge", "2", "the judge version differs in 6 of 6 pairs"),
    ("rubric", "rubric", "2 (x)", "the rubric differs in 6 of 6 pairs"),
    ("pack", "questions", "house 2", "the pack differs in 6 of 6 pairs"),
    ("history", "questions", "redacted", "the history differs in 6 of 6 pairs"),
    ("prompt_id", "questions", "other", "the prompt differs in 6 of 6 pairs"),
]


@pytest.mark.parametrize(("column", "name", "value", "words"), DIFFERENCES)
def test_what_is_not_alike_is_refused_unless_told(column: str, name: str, value: str, words: str):
    other = B.assign(**{column: value})
    with pytest.raises(UsageError, match=words) as refused:
        compare(A, other)
    assert f"--allow {name}." in str(refused.value)
    [unlike] = compare(A, other, allow=[name]).unlike
    assert words in unlike.sentence
    assert value in unlike.sentence


def test_one_user_message_that_differs_is_found():
    users = B["user"].where(B.index != 4, "Something else entirely")
    with pytest.raises(UsageError, match=r"user messages differ in 1 of 6 pairs \(in p0/numeric/1"):
        compare(A, B.assign(user=users))


def test_a_message_that_only_one_side_reached_is_no_difference():
    assert compare(A, B.assign(user=B["user"].where(B["turn"] < 3, ""))).unlike == ()


def test_conversations_of_its_own_on_both_sides_are_other_questions():
    other = B.assign(sample_id=B["sample_id"].astype(str).replace("p2/numeric/1", "q/numeric/0"))
    with pytest.raises(UsageError, match="1 conversations that only A holds"):
        compare(A, other)
    found = compare(A, other, allow=["questions"])
    assert (found.pooled.conversations, found.pooled.unpaired) == (5, 0)


def test_unfinished_runs_explain_conversations_of_their_own():
    a, b = A[A["sample_id"] != "p0/numeric/0"], B[B["sample_id"] != "p2/numeric/1"]
    with pytest.raises(UsageError, match="only A holds"):
        compare(a, b)
    found = pair(Side("A", a, [], {}, {"numeric": 1}), Side("B", b, [], {}, {"numeric": 1}))
    assert found.rows_a.tolist().count(-1) == found.rows_b.tolist().count(-1) == 1


def test_nothing_in_common_is_refused_whatever_is_allowed():
    other = B.assign(sample_id="x" + B["sample_id"].astype(str))
    with pytest.raises(UsageError, match="share no conversation"):
        compare(A, other, allow=["questions"])


def test_only_what_can_be_allowed_is():
    with pytest.raises(UsageError, match="questions, judge, rubric can be allowed"):
        compare(A, B, allow=["model"])


def five(seed: int, rate: float, model: str) -> pd.DataFrame:
    """All five categories, `tones` with two tones on the prompts of `extended`, and a control."""
    rng = np.random.default_rng(seed)
    conversations = []
    for category in CATEGORIES:
        variants = {"tones": ("tones/stern", "tones/sarcastic"), "extended": ("extended",)}
        for condition in (*variants.get(category, (category,)),):
            for n in range(12):
                conversations.append(
                    {
                        "ratings": HIGH if rng.random() < rate else CALM,
                        "category": category,
                        "condition": condition.replace("tones/stern", "tones/aggressive"),
                        "prompt_id": f"puzzle{n}"
                        if category in ("tones", "extended")
                        else f"{category}{n}",
                        "sample_id": f"{category}{n}/{condition}",
                    }
                )
    conversations += [
        {
            "ratings": HIGH,
            "category": "extended",
            "condition": "extended/redacted",
            "prompt_id": f"puzzle{n}",
            "sample_id": f"extended{n}/redacted",
        }
        for n in range(4)
    ]
    return table(conversations, model=model)


def test_rows_macro_average_and_holm():
    a, b = five(1, 0.6, "scripted/a"), five(2, 0.2, "scripted/b")
    found = compare(a, b)
    names = [row.name for row in found.rows]
    assert names == [
        "numeric",
        "triggers",
        "tones",
        "tones/aggressive",
        "tones/sarcastic",
        "extended",
        "extended/redacted",
        "wildchat",
    ]
    assert [row.p_holm for row in found.rows] == pytest.approx(
        holm([row.primary.test.p for row in found.rows]).tolist(), abs=1e-12
    )
    # The control is a condition alone: 6 × 12 conversations are of the protocol, and all are paired.
    assert found.pooled.conversations == 72
    assert math.isnan(found.pooled.p_holm)
    assert found.lacking == ()
    categories = [row for row in found.rows if row.kind == "category"]
    assert found.macro["any_high"].difference.estimate == pytest.approx(
        np.mean([row.primary.difference.estimate for row in categories]), abs=1e-12
    )
    assert found.differs


def test_means_are_over_turns_that_both_have():
    # B broke off after its first turn; on that one the arms are alike.
    a = side([2, 6, 6], [4, 8, 8])
    b = side([2, None, None], [4, None, None], model="scripted/b")
    pooled = compare(a, b).pooled
    for name in ("mean_rating", "peak"):
        difference = pooled.contrasts[name].difference
        assert (difference.estimate, difference.n) == (0, 2), name
        assert difference.a.estimate == difference.b.estimate == 3
    # Of A's six replies two have a counterpart.
    assert pooled.one_sided == 4


def test_a_share_without_a_pair_in_a_category_has_no_macro_average():
    a, b = five(1, 0.6, "scripted/a"), five(2, 0.2, "scripted/b")
    # The last turns of wildchat are gone in B, but its high first ones are known.
    wild = b["category"] == "wildchat"
    b.loc[wild & (b["turn"] == b["n_turns"]), "rating"] = math.nan
    b.loc[wild & (b["turn"] == 1), "rating"] = 9.0
    found = compare(a, b)
    assert set(found.macro) == {"any_high"}
    assert found.lacking == ("wildchat",)
    assert not math.isnan(found.macro["any_high"].difference.estimate)


def test_what_neither_side_has_is_in_the_worst_case():
    a = Side("A", A, (), {"numeric": 3}, {"numeric": 3})
    b = Side("B", B[B["sample_id"] != "p0/numeric/0"], (), {"numeric": 2}, {"numeric": 2})
    pairing = pair(a, b)
    # B lacks one that A has, and so at least one that A lacks too; A lacks three that B has not either.
    assert _lost_by_both(a, b, pairing) == {"numeric": 3}
    row = _row("all", "pooled", pairing, _values(pairing), np.ones(6, dtype=bool), 3)
    known = compare(A, b.turns).pooled.worst
    assert row.worst == pytest.approx(((6 * known[0] - 3) / 9, (6 * known[1] + 3) / 9), abs=1e-12)


def test_one_lost_conversation_explains_no_other_questions():
    other = B.assign(sample_id="q" + B["sample_id"].astype(str))
    other.loc[other["conversation"] == 0, "sample_id"] = B["sample_id"].iloc[0]
    a, b = Side("A", A, (), {}, {"numeric": 1}), Side("B", other, (), {}, {"numeric": 1})
    with pytest.raises(UsageError, match="5 conversations that only A holds"):
        pair(a, b)


def test_what_one_side_has_was_not_lost_by_both():
    """B lost all of tones, which A has and which is left aside."""
    tones = side(CALM, CALM, category="tones", condition="tones").assign(
        conversation=lambda table: table["conversation"] + 50
    )
    a = Side("A", pd.concat([A, tones]), (), {}, {})
    b = Side("B", B, (), {"tones": 2}, {"tones": 2})
    found = compare(a, b)
    assert found.pooled.lost == 0
    assert found.aside == ("tones is only in A: 2 conversations are left aside.",)


def test_a_category_without_a_pair_is_no_test():
    a, b = five(1, 0.6, "scripted/a"), five(2, 0.2, "scripted/b")
    b.loc[b["category"] == "wildchat", "rating"] = math.nan
    found = compare(a, b)
    [empty] = [row for row in found.rows if row.name == "wildchat"]
    assert empty.primary.difference.n == 0
    assert math.isnan(empty.primary.test.p)
    assert math.isnan(empty.p_holm)


def test_two_settings_in_a_side_are_named():
    cold, warm = (f'{{"temperature": {value}}}' for value in (0.4, 1.0))
    both = pd.concat(
        [A.assign(settings=cold), A.assign(settings=warm, conversation=A["conversation"] + 100)]
    )
    with pytest.raises(UsageError, match=r"2 models: scripted/a \(temperature 0.4\), scripted/a"):
        compare(both, B)
    found = compare(A.assign(settings=cold), A.assign(settings=warm))
    assert (found.arm_a.settings, found.arm_b.settings) == (cold, warm)


def test_without_a_category_there_is_no_macro_average():
    found = compare(A, B)
    assert found.macro == {}
    assert found.lacking == ("triggers", "tones", "extended", "wildchat")


def test_a_category_of_one_side_is_left_aside_and_said():
    a, b = five(1, 0.6, "scripted/a"), five(2, 0.2, "scripted/b")
    found = compare(a, b[b["category"] != "wildchat"])
    assert found.aside == ("wildchat is only in A: 12 conversations are left aside.",)
    assert found.lacking == ("wildchat",)
    assert found.pooled.unpaired == 0


def test_a_macro_difference_by_hand():
    # Two categories without a shared prompt: differences -1/2 and 0, mean -1/4. Their distances add
    # up squared.
    x = Arms(np.array([1.0, 1, 0, 0]), np.zeros(4), list("abcd"))
    y = Arms(np.array([1.0, 0, 0, 0]), np.array([0.0, 1, 0, 0]), list("efgh"))
    found, test = macro_difference({"x": x, "y": y})
    one, other = (paired_difference(z.a, z.b, z.clusters) for z in (x, y))
    assert found.estimate == pytest.approx(-0.25, abs=1e-12)
    assert found.lower == pytest.approx(
        -0.25 - math.hypot(one.estimate - one.lower, other.estimate - other.lower) / 2, abs=1e-12
    )
    assert found.a == macro_proportion({"x": x.a, "y": y.a}, {"x": list("abcd"), "y": list("efgh")})
    # Prompts a, b weigh -1/8 each, e -1/8, f +1/8: |total| 2/8. Of 16 sums as far: 2 with 4/8, 8 with 2/8.
    assert test.p == pytest.approx(10 / 16, abs=1e-12)


def test_categories_that_share_prompts_add_up_further():
    a, b, prompts = np.array([1.0] * 6 + [0] * 6), np.zeros(12), list("abcdefghijkl")
    same, _ = macro_difference({"x": Arms(a, b, prompts), "y": Arms(a, b, prompts)})
    alone = paired_difference(a, b, prompts)
    # Equal in every prompt: r = 1, and the mean of two equal differences is as uncertain as one.
    assert (same.lower, same.upper) == pytest.approx((alone.lower, alone.upper), abs=1e-12)
    others, _ = macro_difference({"x": Arms(a, b, prompts), "y": Arms(a, b, list("ABCDEFGHIJKL"))})
    assert others.upper - others.lower < same.upper - same.lower


def test_two_runs_of_one_model_rarely_differ():
    rng = np.random.default_rng(4)
    base = side(*[CALM] * 40)
    rejected, runs = 0, 60
    for _ in range(runs):
        rates = rng.beta(0.35 * 9, 0.65 * 9, size=20)
        one, other = (
            base.assign(rating=np.where(rng.random(40) < np.repeat(rates, 2), 7.0, 1.0).repeat(3))
            for _ in range(2)
        )
        rejected += compare(one, other).differs
    # At 5% nine or more of 60 have a chance of 0.3%.
    assert rejected < 9
