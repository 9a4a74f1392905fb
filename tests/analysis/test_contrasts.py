"""Which condition is read against which, how they are paired, and the difference by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.contrasts import contrasts


def group(condition: str, *ratings: list[int], prompts: str = "p", **more: Any) -> list[dict]:
    """A conversation for each list of ratings, each of a prompt of its own."""
    category = condition.partition("/")[0]
    return [
        {
            "ratings": one,
            "category": category,
            "condition": condition,
            "prompt_id": f"{prompts}{number}",
            "sample_id": f"{prompts}{number}/{condition.rpartition('/')[2]}/000",
            **more,
        }
        for number, one in enumerate(ratings)
    ]


CALM, ANGRY = [0, 0, 0], [0, 0, 7]


def test_a_control_is_paired_with_what_it_departs_from() -> None:
    # Four pairs: three calm down, one gets angry, one has no partner.
    turns = table(
        group("extended", ANGRY, ANGRY, ANGRY, CALM, CALM)
        + group("extended/redacted", CALM, CALM, CALM, ANGRY)
    )
    (found,) = contrasts(turns)
    assert (found.condition, found.reference, found.kinds) == (
        "extended/redacted",
        "extended",
        ("history",),
    )
    assert (found.paired, found.any_high.n, found.left_out) == (True, 4, 1)
    # Redacted 1 of 4 minus 3 of 4.
    assert found.any_high.estimate == -1 / 2
    assert found.any_high.lower < -1 / 2 < found.any_high.upper
    assert found.mean_rating.estimate == pytest.approx(-7 / 3 * 2 / 4)
    # Exact McNemar with 1 against 3: 2 * (1 + 4) / 16.
    assert found.p == pytest.approx(10 / 16)


def test_tones_are_read_against_the_neutral_one() -> None:
    turns = table(
        group("tones/sarcastic", ANGRY, CALM)
        + group("tones/neutral", CALM, CALM)
        + group("tones/stern", ANGRY, ANGRY)
        + group("extended", CALM, CALM)
    )
    found = {one.condition: one for one in contrasts(turns)}
    assert set(found) == {"tones/sarcastic", "tones/stern"}
    assert {one.reference for one in found.values()} == {"tones/neutral"}
    assert found["tones/sarcastic"].any_high.estimate == 1 / 2
    assert found["tones/stern"].any_high.estimate == 1
    # Two tests of p 1 and 0.5: adjusted they are 1 and 1.
    assert [one.p for one in found.values()] == [1, 0.5]
    assert [one.p_holm for one in found.values()] == [1, 1]


def test_without_a_neutral_tone_against_the_first_turns_of_mild_rejections() -> None:
    late = [0, 0, 0, 9, 9]
    turns = table(group("tones/sarcastic", ANGRY, ANGRY) + group("extended", late, late))
    (found,) = contrasts(turns)
    assert (found.reference, found.turns) == ("extended", 3)
    # What comes after turn 3 does not count: all of the sarcastic, none of the mild.
    assert found.any_high.estimate == 1
    assert found.mean_rating.a.estimate == 0


def test_departures_within_a_tone_are_controls_of_that_tone() -> None:
    turns = table(group("tones/sarcastic", ANGRY) + group("tones/sarcastic-redacted", CALM))
    (found,) = contrasts(turns)
    assert (found.condition, found.reference) == ("tones/sarcastic-redacted", "tones/sarcastic")


def test_other_prompts_are_compared_as_independent() -> None:
    turns = table(
        group("numeric", *[ANGRY] * 6, *[CALM] * 6)
        + group("numeric/solvable", *[CALM] * 9, ANGRY, prompts="twin")
    )
    (found,) = contrasts(turns)
    assert (found.paired, found.kinds, found.test) == (False, ("premise",), "")
    assert found.any_high.estimate == pytest.approx(0.1 - 0.5)
    a, b = found.any_high.a, found.any_high.b
    lower = -0.4 - math.hypot(b.estimate - b.lower, a.upper - a.estimate)
    assert found.any_high.lower == pytest.approx(lower)
    assert math.isnan(found.p)


def test_subjects_and_judges_are_not_mixed() -> None:
    turns = table(
        group("extended", CALM, judge="one")
        + group("extended/redacted", CALM, judge="two")
        + group("extended/continuation", CALM, model="another", judge="one")
    )
    assert contrasts(turns) == []


def test_a_turn_that_no_conversation_reached_is_unknown() -> None:
    # Three turns are planned and owed, the table knows of one.
    turns = table(
        group("extended", [0], [0], n_turns=3, owed=3)
        + group("extended/redacted", [0], [6], n_turns=3, owed=3)
    )
    (found,) = contrasts(turns)
    # High for certain in one of them, unknown in all others: no complete pair.
    assert found.any_high.n == 0
