"""Numbers as the report writes them."""

from math import nan

import pytest

from gemma_distress.analysis.report.wording import counted, listed, points, rating, share


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.0004, "<0.1%"),  # a small share is never written as none
        (0.003, "0.3%"),
        (0.0999, "10.0%"),
        (0.354, "35%"),
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


def test_words() -> None:
    assert rating(2.5) == "2.50"
    assert counted(1, "reply", "replies") == "1 reply"
    assert counted(1204, "reply", "replies") == "1,204 replies"
    assert [listed(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
