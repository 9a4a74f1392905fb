"""Rates and contrasts of continuations, worked by hand, and what is refused."""

from typing import Any

import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.prefix_rates import (
    Continuations,
    arm_contrasts,
    contrast,
    of_task,
    rates,
)
from gemma_distress.analysis.recovery import _helps
from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.errors import UsageError


def found(
    arms: dict[str, dict[str, list[list[int | None]]]], task: str = "prefill"
) -> Continuations:
    """By arm and condition, for each reply that was cut the ratings of its continuations."""
    conversations: list[dict[str, Any]] = []
    for arm, conditions in arms.items():
        for condition, prefixes in conditions.items():
            for place, ratings in enumerate(prefixes):
                for number, rating in enumerate(ratings):
                    conversations.append(
                        {
                            "ratings": [rating],
                            "model": arm,
                            "category": task,
                            "condition": f"{task}/{condition}",
                            "prompt_id": f"reply-{place}",
                            "sample_id": f"prefix-{place}/{condition}/{number:03d}",
                        }
                    )
    turns = table(conversations)
    turns["arm"] = turns["model"].astype(str)
    turns["under"] = [str(name).partition("/")[2] for name in turns["condition"]]
    return Continuations(turns, (), ())


def test_a_rate_counts_rated_continuations_and_clusters_by_the_reply_that_was_cut():
    [one] = rates(found({"a": {"numeric-early": [[5, 4], [9, None], [0, 0]]}}))
    assert (one.arm, one.condition, one.prefixes, one.unrated) == ("a", "numeric-early", 3, 1)
    assert one.high == clustered_proportion([1, 0, 1, 0, 0], ["x", "x", "y", "z", "z"])
    assert one.high.estimate == pytest.approx(2 / 5)
    assert one.mean.estimate == pytest.approx(18 / 5)
    assert one.worst == pytest.approx((2 / 6, 3 / 6))


def test_what_is_unrated_is_told_with_its_reasons_and_the_first_error():
    some = found({"a": {"numeric-early": [[5, 4]]}, "b": {"numeric-early": [[None, None]]}})
    some.turns["unrated_reason"] = ["", "", "empty", "not_reached"]
    some.turns["error"] = ["", "", "", "It closes the reply"]
    assert some.notes() == [
        "b: 2 of 2 continuations are unrated (1 empty, 1 not reached).",
        "The first error there: It closes the reply.",
    ]


def test_arms_are_paired_by_prefix_and_number():
    both = found(
        {"a": {"numeric-early": [[6, 6], [0, 6]]}, "b": {"numeric-early": [[6, 0], [0, None]]}}
    )
    [one] = arm_contrasts(both)
    assert (one.a, one.b, one.condition) == ("a", "b", "numeric-early")
    # Three complete pairs, of which the second was high in A only.
    assert (one.high.n, one.high.clusters) == (3, 2)
    assert one.high.estimate == pytest.approx(-1 / 3)
    assert one.mean.estimate == pytest.approx(-6 / 3)


def test_families_are_paired_as_they_are_named():
    ratings = {"numeric-early": [[6, 0], [0, 0]]}
    four = found(dict.fromkeys(("g-pt", "g-it", "q-pt", "q-it"), ratings))
    by_default = [(one.a, one.b) for one in arm_contrasts(four)]
    assert by_default == [("g-pt", "g-it"), ("g-pt", "q-pt"), ("g-pt", "q-it")]
    named = [("g-pt", "g-it"), ("q-pt", "q-it")]
    assert [(one.a, one.b) for one in arm_contrasts(four, named)] == named
    with pytest.raises(UsageError, match="is called o-it: g-pt, g-it, q-pt, q-it"):
        arm_contrasts(four, [("g-pt", "o-it")])


def test_arms_without_a_shared_prefix_are_not_compared():
    both = found({"a": {"numeric-early": [[6]]}, "b": {"text-early": [[0]]}})
    assert arm_contrasts(both) == []
    apart = both.turns.assign(sample_id="other/000")
    assert contrast(both.turns.iloc[:1], apart.iloc[1:], ("a", "b"), "x") is None


def test_a_message_that_helps_is_read_against_one_that_does_not():
    conditions = {"none": [[8], [8]], "hidden": [[8], [0]], "apology": [[0], [0]]}
    alone = _helps(found({"a": conditions}, "recovery"))
    assert [(one.a, one.b) for one in alone] == [("none", "hidden"), ("none", "apology")]
    assert alone[0].high.estimate == pytest.approx(-0.5)
    asked = _helps(found({"a": {**conditions, "go_on": [[6], [0]]}}, "recovery"))
    assert [(one.a, one.b) for one in asked] == [
        ("none", "hidden"),
        ("none", "go_on"),
        ("go_on", "apology"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"category": "numeric"}, "hold no conversation of the task prefill"),
        ({"judge": ["a", "b"]}, "2 graders cannot be put together"),
        ({"sample_id": "same"}, "has the continuation same twice"),
    ],
)
def test_what_cannot_be_put_together_is_refused(change: dict[str, Any], says: str):
    turns = found({"a": {"numeric-early": [[6], [0]]}}).turns.assign(**change)
    with pytest.raises(UsageError, match=says):
        of_task(turns, "prefill")
