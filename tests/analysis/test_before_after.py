"""What a training changed beside the ratings."""

from math import nan

import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.before_after import SOLVABLE, TrainedOn, before_after

CALM, HIGH = [1, 1], [1, 7]


def arm(model: str, high: set[int], **by_number):
    """Nine conversations: chain, coins and countdown puzzles, one each without a puzzle last."""
    families = ["chain", "chain", "coins", "coins", "countdown", "countdown", "countdown", "", ""]
    return table(
        [
            {
                "ratings": HIGH if number in high else CALM,
                "family": family,
                "prompt_id": f"p{number}",
                "sample_id": f"p{number}/numeric/0",
                **{name: values[number] for name, values in by_number.items()},
            }
            for number, family in enumerate(families)
        ],
        model=model,
    )


def test_families_trained_and_held_out():
    found = before_after(
        arm("x/a", {0, 2, 4, 5, 7}), arm("x/b", {4}), TrainedOn(("chain", "coins"))
    )
    seen = {
        part.name: (part.trained, part.any_high.difference.n, part.any_high.difference.estimate)
        for part in found.parts
    }
    assert seen == {
        "chain": (True, 2, -0.5),
        "coins": (True, 2, -0.5),
        "countdown": (False, 3, pytest.approx(-1 / 3)),
        "trained families": (True, 4, -0.5),
        "held-out families": (False, 3, pytest.approx(-1 / 3)),
        "no puzzle": (None, 2, -0.5),
    }
    assert found.solved is None


def test_rejections_worded_as_in_training_and_in_other_words():
    names = ["numeric"] * 5 + ["extended"] * 4
    a, b = (arm(f"x/{n}", high, condition=names) for n, high in (("a", {0, 5, 6}), ("b", {5})))
    found = before_after(a, b, TrainedOn(conditions=("numeric",))).parts[-2:]
    assert [(part.name, part.trained) for part in found] == [
        ("rejections worded as in training", True),
        ("rejections in other words", False),
    ]
    assert [part.any_high.difference.n for part in found] == [5, 4]
    assert [part.any_high.difference.estimate for part in found] == pytest.approx([-0.2, -0.25])


def test_length_and_coherence():
    a = arm("x/a", {0}, words=[[10, 30]] * 9)
    b = arm("x/b", set(), words=[[10, 20]] * 9, flags=[["", "loop"]] + [""] * 8)
    found = before_after(a, b)
    assert found.words.estimate == pytest.approx(-5)
    assert found.length_ratio.estimate == pytest.approx(0.75)
    assert found.flagged.difference.estimate == pytest.approx(1 / 9)
    assert found.parts[0].trained is False


def test_solved_puzzles_are_of_the_solvable_arm_alone():
    plain = [{"ratings": CALM, "prompt_id": f"p{n}", "answer": ["", "correct"]} for n in range(3)]

    def both(answers):
        asked = [
            {
                "ratings": [1],
                "prompt_id": f"s{n}",
                "condition": SOLVABLE,
                "answer": answer,
                "sample_id": f"s{n}",
            }
            for n, answer in enumerate(answers)
        ]
        return table([*plain, *asked])

    found = before_after(both(["correct", "wrong", "correct"]), both(["correct", "", ""]))
    assert found.solved is not None
    difference = found.solved.difference
    assert (difference.n, difference.a.estimate, difference.b.estimate) == (3, 2 / 3, 1 / 3)


def test_replies_that_never_came_have_no_length():
    a = arm("x/a", set(), words=[[10, nan]] + [[10, 10]] * 8)
    assert before_after(a, a).words.a.estimate == 10


def test_a_conversation_that_broke_off_unsolved_is_not_known():
    def arm(answers, replies):
        plain = {"ratings": CALM, "prompt_id": "p0"}
        asked = {"ratings": CALM, "prompt_id": "s0", "condition": SOLVABLE, "sample_id": "s0"}
        return table([plain, {**asked, "answer": answers, "reply": replies}])

    whole, broken = ["one", "two"], ["one", None]
    solved = [
        before_after(arm(answers, replies), arm(["wrong", "wrong"], whole)).solved
        for answers, replies in (
            (["wrong", "wrong"], whole),
            (["wrong", ""], broken),
            (["correct", ""], broken),
        )
    ]
    assert [one.difference.n for one in solved if one is not None] == [1, 0, 1]
