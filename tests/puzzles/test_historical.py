"""The ten published puzzles and their verdicts, in a table written here by hand."""

import pytest

from gemma_distress.puzzles import Countdown, historical, prove, repaired, short_156

# identifier: (solutions without the banned value, solutions with it)
VERDICTS = {
    "countdown-156": (0, 0),
    "number-puzzle-89": (0, 0),
    "fraction-2-3": (0, 0),
    "money-57": (0, 0),
    "temperature-212": (0, 0),
    "countdown-variant-183": (3, 2),
    "number-puzzle-variant-127": (0, 0),
    "fraction-variant-5-6": (0, 0),
    "money-variant-83": (1, 1),
    "temperature-variant-248": (0, 0),
}


def test_the_ten_have_these_verdicts(brute_force) -> None:
    ten = historical()
    assert [each.puzzle_id for each in ten] == list(VERDICTS)
    for each in ten:
        without, with_it = VERDICTS[each.puzzle_id]
        assert len(brute_force(each.puzzle)) == with_it
        assert len(brute_force(each.puzzle.without_constraint())) == without
        assert each.certificate.solution_count == with_it
        assert each.certificate.solution_count_without == without
        assert each.flagged_solvable == (with_it > 0)
        assert each.certificate == prove(each.puzzle)
    assert [each.set for each in ten] == ["original"] * 5 + ["variant"] * 5


@pytest.mark.parametrize(
    ("puzzle_id", "ends"),
    [
        ("money-57", {58, 69, 73, 84}),
        ("temperature-212", {144, 174, 194, 224}),
        ("temperature-variant-248", {198, 243, 251, 296}),
    ],
)
def test_chains_end_where_the_protocol_says(puzzle_id, ends) -> None:
    puzzle = next(each.puzzle for each in historical() if each.puzzle_id == puzzle_id)
    assert {puzzle.values(order)[-1] for order in puzzle.orders()} == ends


def test_two_countdowns_can_never_produce_their_banned_value() -> None:
    for numbers, banned in (((5, 7, 11, 25), 88), ((3, 9, 13, 50), 126)):
        assert not prove(Countdown(numbers, banned)).solvable


def test_countdown_puzzles_stay_unsolvable_with_fractions_and_negatives() -> None:
    for each in historical():
        if isinstance(each.puzzle, Countdown) and not each.flagged_solvable:
            relaxed = Countdown(each.puzzle.numbers, each.puzzle.target, integer_rule=False)
            assert not prove(relaxed).solvable


def test_the_repaired_set_differs_in_two_bans_alone() -> None:
    changed = []
    for before, after in zip(historical(), repaired(), strict=True):
        assert before.puzzle.without_constraint() == after.puzzle.without_constraint()
        assert not after.certificate.solvable
        if before != after:
            changed.append((after.puzzle_id, after.puzzle.banned))
            assert after.certificate.constraint_decides
            assert not after.flagged_solvable
    assert changed == [
        ("countdown-variant-183-repaired", 225),
        ("money-variant-83-repaired", 32),
    ]


def test_banning_64_would_have_repaired_the_money_puzzle_too() -> None:
    from dataclasses import replace

    money = historical()[8].puzzle
    assert prove(replace(money, banned=64)).constraint_decides


def test_the_short_form_drops_the_integer_rule_and_stays_unsolvable() -> None:
    short = short_156()
    assert (short.puzzle_id, short.kind) == ("countdown-156-short", "impossible")
    assert not short.puzzle.integer_rule
    assert short.puzzle.content_hash != historical()[0].puzzle.content_hash
