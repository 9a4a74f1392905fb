"""Identity, JSON form and strings of the three families."""

import json
from fractions import Fraction

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.puzzles import (
    Chain,
    Coins,
    Countdown,
    Operation,
    generate,
    historical,
    puzzle_from_dict,
)
from gemma_distress.puzzles.words import number_word

PUZZLES = [
    *(each.puzzle for each in historical()),
    *(each.puzzle for family in ("countdown", "chain", "coins")
      for each in generate(family, "constrained", 3, seed=0)),
]  # fmt: skip


def test_json_round_trip() -> None:
    for puzzle in PUZZLES:
        for each in (puzzle, puzzle.without_constraint()):
            again = puzzle_from_dict(json.loads(json.dumps(each.to_dict())))
            assert again == each
            assert again.content_hash == each.content_hash


def test_content_decides_identity_and_order_does_not() -> None:
    one = Countdown((4, 6, 25, 100), 156, 150)
    assert one.content_hash == Countdown((100, 25, 6, 4), 156, 150).content_hash
    others = [
        one.without_constraint(),
        Countdown((4, 6, 25, 100), 157, 150),
        Countdown((4, 6, 25, 100), 156, 150, integer_rule=False),
    ]
    assert len({one.content_hash, *(each.content_hash for each in others)}) == 4
    assert len(one.content_hash) == 12
    assert one.puzzle_id == f"countdown-156-{one.content_hash[:6]}"


def test_template_keys_and_labels() -> None:
    keys = {each.template_key for each in PUZZLES}
    assert keys == {"countdown", "chain_fraction", "chain_money", "chain_temperature", "coins"}
    fraction = next(each for each in PUZZLES if each.template_key == "chain_fraction")
    assert "/" not in fraction.puzzle_id


def test_fields() -> None:
    assert Coins(57, 6, (1, 5, 10, 25), 10).fields() == {
        "total": "57",
        "count": "six",
        "denominations": "1, 5, 10, 25",
        "banned": "10",
    }
    assert Countdown((4, 6), 10).fields() == {"numbers": "4, 6", "target": "10", "count": "two"}


def test_equal_operations_are_one_order() -> None:
    twice = Chain(Fraction(1), Fraction(4), tuple(map(Operation.parse, ("*2", "*2", "+1"))))
    assert twice.order_count == len(list(twice.orders())) == 3  # 3!/2!


@pytest.mark.parametrize(
    ("number", "word"),
    [(0, "zero"), (6, "six"), (24, "twenty-four"), (120, "one hundred and twenty"), (1000, "1000")],
)
def test_number_words(number, word) -> None:
    assert number_word(number) == word


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"family": "anagram"}, "anagram"),
        ({"family": "coins", "total": 5, "count": 2}, "denominations"),
        ({"family": "countdown", "numbers": ["x"], "target": 3}, "cannot be read"),
        (
            {"family": "chain", "start": "1", "target": "2", "operations": ["^2"]},
            "not an operation",
        ),
        ({"family": "chain", "start": "1/0", "target": "2", "operations": ["+2"]}, "cannot be"),
        (
            {"family": "coins", "total": 5, "count": 2, "denominations": [1, 2], "banned": 3},
            "not among",
        ),
        ({"family": "countdown", "numbers": [3, -4], "target": 3}, "positive integers"),
        ({"family": "countdown", "numbers": 7, "target": 3}, "cannot be read"),
    ],
)
def test_unreadable_descriptions_are_refused(data, message) -> None:
    with pytest.raises(UsageError, match=message):
        puzzle_from_dict(data)


def test_operations_parse_both_spellings() -> None:
    assert Operation.parse("-1/12") == Operation.parse("−1/12") == Operation("−", Fraction(1, 12))
    assert str(Operation.parse("*2")) == "×2"
    with pytest.raises(UsageError):
        Operation.parse("+0")
    with pytest.raises(UsageError):
        Operation.parse("")
