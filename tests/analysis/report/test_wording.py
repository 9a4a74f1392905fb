"""Numbers as the report writes them."""

from math import nan

import pytest

from gemma_distress.analysis.report.wording import (
    between,
    counted,
    limit,
    listed,
    named,
    p_value,
    points,
    rating,
    share,
    shortened,
)
from gemma_distress.analysis.statistics.intervals import NOTHING, Interval
from gemma_distress.analysis.wording import p_equals


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.0004, "<0.1%"),  # a small share is never written as none
        (0.003, "0.3%"),
        (0.01, "1.0%"),
        (0.0994, "9.9%"),
        (0.0999, "10%"),  # as 10% itself
        (0.354, "35%"),
        (0.9004, "90%"),
        (0.997, "99.7%"),  # nor a large one as all
        (0.9996, ">99.9%"),
        (nan, "–"),
    ],
)
def test_share(value: float, said: str) -> None:
    assert share(value) == said


def test_points_have_a_sign_unless_they_are_zero() -> None:
    assert [points(v) for v in (0.15, -0.021, 0.0, -0.0001, nan)] == [
        "+15.0",
        "−2.1",
        "0.0",
        "0.0",
        "–",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.01, "1%"), (0.003, "0.3%"), (0.0125, "1.25%"), (0.29, "29%"), (0.5, "50%")],
)
def test_a_limit_has_the_digits_that_were_typed(value: float, said: str) -> None:
    assert limit(value) == said


def interval(lower: float, upper: float) -> Interval:
    return Interval(0.5, lower, upper, 9, 9, "", nan, nan)


def test_an_interval() -> None:
    assert between(interval(0.12, 0.9996)) == "12% to >99.9%"
    assert between(interval(-0.021, 0.15), points) == "−2.1 to +15.0"
    assert between(NOTHING) == "–"


def test_a_p_is_written_one_way() -> None:
    assert [p_value(p) for p in (0.0121, 0.0009, 1.0, nan)] == ["0.012", "< 0.001", "1.000", "–"]
    assert [p_equals(p) for p in (0.0121, 0.0009)] == ["p = 0.012", "p < 0.001"]


def test_what_is_left_out_of_a_list_or_a_text_is_marked() -> None:
    assert named(["a", "b", "c"]) == "a, b and c"
    assert named(["a", "b", "c", "d"]) == "a, b, c and 1 other"
    assert named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 others"
    assert shortened("abcde", 5) == "abcde"
    assert shortened("abcdef", 5) == "abcd…"


def test_words() -> None:
    assert rating(2.5) == "2.50"
    assert counted(1, "reply", "replies") == "1 reply"
    assert counted(1204, "reply", "replies") == "1,204 replies"
    assert [listed(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
