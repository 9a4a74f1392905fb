"""Which rows a sentence names as highest and lowest, and what it says of ties and of the unknown."""

from math import nan

from gemma_distress.analysis.report.estimates import (
    estimated,
    estimates_table,
    extremes,
    furthest,
    highest,
    lowest,
)
from gemma_distress.analysis.report.figure import Row
from gemma_distress.analysis.statistics.intervals import NOTHING, Interval


def rows(**estimates: float) -> list[Row]:
    """A row of 20 conversations for each name."""
    return [
        {
            **estimated(
                "m", name, Interval(value, value, 1.0, 20, 5, "", nan, nan), "share", "pair"
            ),
            "row": name,
        }
        for name, value in estimates.items()
    ]


def test_ties_are_all_those_that_read_as_the_same_number() -> None:
    # 34.6% and 35.4% are both written 35%.
    some = rows(a=0.346, b=0.1, c=0.354, d=0.1)
    assert [row["row"] for row in highest(some)] == ["a", "c"]
    assert [row["row"] for row in lowest(some)] == ["b", "d"]
    assert highest([]) == lowest(rows(a=nan)) == []


def test_one_highest_is_named_with_its_interval() -> None:
    assert extremes("m", rows(a=0.2, b=0.5, c=0.01), "category") == (
        "m: a reply is high most often in b (50%, 50% to 100%), and least in c (1.0%)."
    )


def test_no_single_highest_is_claimed_where_several_are() -> None:
    assert extremes("m", rows(a=0.5, b=0.5, c=0.1, d=0.1), "category") == (
        "m: a reply is high most often in a and b (50% in each), and least in c and d (10% in each)."
    )
    many = rows(**dict.fromkeys("abcde", 0.5), f=0.0)
    assert "most often in a, b, c and 2 others (50% in each)" in extremes("m", many, "category")


def test_level_single_and_unknown() -> None:
    level = rows(a=0.0, b=0.0, c=nan)
    assert extremes("m", level, "category") == (
        "m: a reply is high in 0% of conversations in each of a and b."
    )
    assert extremes("m", rows(a=0.25), "condition") == (
        "m: a reply is high in 25% of conversations of a (25% to 100%)."
    )
    assert extremes("m", rows(a=nan), "condition") == "m: no condition has a known share."


def test_unknown_numbers_are_dashes_and_no_ends_of_an_axis() -> None:
    nothing = estimated("m", "a", NOTHING, "share", "pair")
    assert nothing["says"] == "m, a: – (–), 0 pairs"
    assert furthest([nothing, *rows(a=0.4)]) == 1.0
    assert furthest([nothing]) == 0.0


def test_a_table_writes_probabilities_shares_and_counts() -> None:
    [row] = rows(a=0.5)
    found = estimates_table(
        [{**row, "p_holm": 0.0004, "share_a": 0.05, "n": 1204}],
        {"row": "Category"},
        "Share",
        {"share_a": "A", "n": "Pairs", "p_holm": "p"},
    )
    assert found.headings == ["Category", "Share", "95% interval", "A", "Pairs", "p"]
    assert found.rows == [["a", "50%", "50% to 100%", "5.0%", "1,204", "< 0.001"]]
