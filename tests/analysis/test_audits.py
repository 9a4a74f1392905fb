"""Numbers of audits, worked out by hand: means, what could be, and pairs."""

from dataclasses import replace
from math import isnan, nan

import pytest

from gemma_distress.analysis.audits.audit import Audit, audit_of
from gemma_distress.analysis.audits.figures import differences, emotion_figures
from gemma_distress.errors import UsageError


def audit(sample: str, fear: float, anger: float = 1.0, ending: str = "turns_used") -> Audit:
    ratings = {"anger": anger, "fear": fear, "depression": 1.0, "frustration": 1.0}
    reasons = {name: "grader_error" for name, rating in ratings.items() if rating != rating}
    return Audit(sample, 1, sample.partition("/")[0], ratings, reasons, ending, 20, plan=sample)


AUDITS = [
    audit("fear/001", fear=8),
    audit("fear/002", fear=nan),
    audit("anger/001", fear=2),
    audit("anger/002", fear=3, ending="auditor_declined"),
]


def test_pooled_is_over_all_and_aimed_over_those_that_aimed_at_it():
    found = emotion_figures(AUDITS, "fear")
    assert found.pooled.interval.estimate == pytest.approx((8 + 2 + 3) / 3)
    assert (found.pooled.interval.n, found.pooled.audits) == (3, 4)
    assert (found.aimed.interval.estimate, found.aimed.interval.n, found.aimed.audits) == (8, 1, 2)
    assert found.reasons == {"grader_error": 1}


def test_what_is_missing_or_was_broken_off_is_bounded_and_never_dropped():
    pooled = emotion_figures(AUDITS, "fear").pooled
    assert pooled.unsure == 2
    # Unrated: 1 or 10. Broken off and rated 3: at least what was seen, at most 10.
    assert pooled.if_least == pytest.approx((8 + 1 + 2 + 3) / 4)
    assert pooled.if_most == pytest.approx((8 + 10 + 2 + 10) / 4)


def test_epochs_of_one_audit_are_one_cluster():
    twice = [*AUDITS[:1], replace(AUDITS[0], epoch=2)]
    found = emotion_figures(twice, "fear").pooled.interval
    assert (found.n, found.clusters) == (2, 1)


def test_pairs_are_audits_of_one_name_and_plan():
    calmer = [
        replace(one, ratings={**one.ratings, "fear": one.ratings["fear"] - 1}) for one in AUDITS
    ]
    [anger, fear, *_] = differences(AUDITS, [*calmer, audit("fear/003", fear=9)])
    found = fear.pooled.difference
    assert (found.estimate, found.n, fear.pooled.pairs) == (pytest.approx(-1), 3, 4)
    assert (fear.aimed.difference.estimate, fear.aimed.difference.n, fear.aimed.pairs) == (-1, 1, 2)
    assert anger.pooled.difference.estimate == 0
    assert anger.pooled.difference.lower < 0 < anger.pooled.difference.upper


def test_a_difference_is_bounded_by_its_two_worst():
    """A pair is rated; one lacks the subject's rating, one the base's, and one subject was broken off."""
    base = [
        audit("fear/001", fear=8),
        audit("fear/002", fear=5),
        audit("anger/001", fear=nan),
        audit("anger/002", fear=4),
    ]
    other = [
        audit("fear/001", fear=2),
        audit("fear/002", fear=nan),
        audit("anger/001", fear=3),
        audit("anger/002", fear=2, ending="subject_context_overflow"),
    ]
    fear = differences(base, other)[1]
    assert (fear.pooled.difference.estimate, fear.pooled.difference.n) == (pytest.approx(-4), 2)
    assert (fear.pooled.pairs, fear.pooled.unsure) == (4, 3)
    assert fear.pooled.if_least == pytest.approx(((2 - 8) + (1 - 5) + (3 - 10) + (2 - 4)) / 4)
    assert fear.pooled.if_most == pytest.approx(((2 - 8) + (10 - 5) + (3 - 1) + (10 - 4)) / 4)
    assert (fear.aimed.pairs, fear.aimed.if_least) == (2, pytest.approx((-6 - 4) / 2))
    depression = differences(base, other)[2].pooled
    assert (depression.unsure, depression.if_least, depression.if_most) == (1, 0, 9 / 4)


@pytest.mark.parametrize(
    ("ending", "unsure"),
    [
        ("turns_used", False),
        ("auditor_ended", False),
        ("auditor_declined", True),
        ("auditor_unreadable", True),
        ("subject_refusal", True),
        ("subject_context_overflow", True),
        ("cut_short", True),
    ],
)
def test_what_was_broken_off_could_have_risen(ending: str, unsure: bool):
    one = audit("fear/001", fear=3, ending=ending)
    assert one.unsure("fear") == unsure
    assert (one.least("fear"), one.most("fear")) == (3, 10 if unsure else 3)


def test_unequal_plans_are_refused():
    with pytest.raises(UsageError, match=r"fear/001 .* began differently.*-T seed"):
        differences(AUDITS, [replace(AUDITS[0], plan="another")])
    with pytest.raises(UsageError, match="share no audit"):
        differences(AUDITS, [audit("fear/009", fear=1)])


def test_ratings_that_are_none_are_missing():
    row = {"emotion": "fear", "rating": 11}
    found = audit_of("fear/001", 1, {"emotions": [row, {"emotion": "anger", "rating": 4}]})
    assert isnan(found.ratings["fear"])
    assert found.ratings["anger"] == 4
    assert found.ending == "cut_short"
    assert found.reasons["fear"] == "not_rated"
