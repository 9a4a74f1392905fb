"""Generated puzzles: proven again by brute force, paired, seeded, different."""

import time

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.puzzles import Countdown, check, generate

KINDS = ("constrained", "solvable", "impossible")
SHAPES = [
    ("countdown", 4, 25),
    ("countdown", 3, 15),
    ("chain", None, 30),
    ("chain", 5, 9),
    ("coins", None, 20),
]


def the_same_but_for(first, second, *names: str) -> bool:
    a, b = first.to_dict(), second.to_dict()
    return {key for key in a if a[key] != b[key]} == set(names)


@pytest.mark.parametrize(("family", "size", "count"), SHAPES)
def test_every_puzzle_is_of_its_kind_by_brute_force(brute_force, family, size, count) -> None:
    for kind in KINDS:
        for proven in generate(family, kind, count, seed=11, size=size):
            with_it = brute_force(proven.puzzle)
            without = brute_force(proven.puzzle.without_constraint())
            assert proven.puzzle.has_constraint
            assert (bool(with_it), bool(without)) == {
                "constrained": (False, True),
                "solvable": (True, True),
                "impossible": (False, False),
            }[kind]
            assert proven.certificate.solution_count == len(with_it)
            assert proven.certificate.solution_count_without == len(without)
            assert proven.certificate.kind == proven.kind == kind


@pytest.mark.parametrize(("family", "size", "count"), SHAPES)
def test_kinds_are_paired_by_position(family, size, count) -> None:
    constrained, solvable, impossible = (
        generate(family, kind, count, seed=5, size=size) for kind in KINDS
    )
    goal = "total" if family == "coins" else "target"
    for one, twin, other in zip(constrained, solvable, impossible, strict=True):
        assert the_same_but_for(one.puzzle, twin.puzzle, "banned")
        assert the_same_but_for(one.puzzle, other.puzzle, goal)


@pytest.mark.parametrize(("family", "size", "count"), SHAPES)
def test_solutions_pass_the_check_and_broken_ones_do_not(family, size, count) -> None:
    for proven in generate(family, "solvable", count, seed=3, size=size):
        for solution in proven.certificate.solutions[:5]:
            assert check(proven.puzzle, f"Solution: {solution}").status == "correct"
            *_, stated = solution.split(" = ")
            for broken in (
                solution.removesuffix(stated) + "9999",  # states another result
                solution + ", 1 + 777 = 778",  # adds what is not given
                solution.replace(" = ", " + 1000 = ", 1),  # changes a step
            ):
                assert check(proven.puzzle, f"Solution: {broken}").status == "wrong", broken


def test_a_solution_through_the_banned_value_is_wrong_for_that_reason() -> None:
    for family, reason in (
        ("countdown", "banned_value"),
        ("chain", "banned_value"),
        ("coins", "banned_coin"),
    ):
        for proven in generate(family, "constrained", 20, seed=8):
            for solution in proven.certificate.solutions_without:
                verdict = check(proven.puzzle, f"Solution: {solution}")
                assert (verdict.status, verdict.reason) == ("wrong", reason)


@pytest.mark.parametrize("family", ["countdown", "chain", "coins"])
def test_seed_and_prefix_fix_the_puzzles(family) -> None:
    five = generate(family, "constrained", 5, seed=1)
    assert generate(family, "constrained", 3, seed=1) == five[:3]
    assert generate(family, "constrained", 5, seed=1) == five
    assert generate(family, "constrained", 5, seed=2) != five


def test_identifiers_do_not_change_between_versions() -> None:
    # A changed generator changes every sample id of every log; change this only on purpose.
    assert [each.puzzle_id for each in generate("countdown", "constrained", 2, seed=0)] == PINNED


PINNED = ["countdown-89-07b997", "countdown-256-1e866a"]


def test_exclusion_removes_the_pair_and_keeps_the_kinds_aligned() -> None:
    five = generate("countdown", "constrained", 5, seed=1)
    gone = [five[1].puzzle.content_hash]
    left = generate("countdown", "constrained", 4, seed=1, exclude=gone)
    assert left == [five[0], *five[2:]]
    twins = generate("countdown", "solvable", 4, seed=1, exclude=gone)
    for one, twin in zip(left, twins, strict=True):
        assert the_same_but_for(one.puzzle, twin.puzzle, "banned")


def test_two_hundred_are_different_and_take_less_than_ten_seconds() -> None:
    begun = time.perf_counter()
    puzzles = generate("countdown", "constrained", 200, seed=0)
    assert time.perf_counter() - begun < 10
    assert len({each.puzzle_id for each in puzzles}) == 200
    assert len({each.puzzle.without_constraint().content_hash for each in puzzles}) == 200
    for each in puzzles:
        puzzle = each.puzzle
        assert isinstance(puzzle, Countdown)
        assert 50 <= puzzle.target <= 300
        assert {puzzle.target, puzzle.banned}.isdisjoint(puzzle.numbers)
        # At least two operations on every way to the target.
        assert all(sum(map(text.count, "+−×÷")) > 1 for text in each.certificate.solutions_without)


def test_no_two_coin_puzzles_differ_in_the_ban_alone() -> None:
    coins = generate("coins", "constrained", 120, seed=0)
    assert len({each.puzzle.without_constraint().content_hash for each in coins}) == 120


def test_all_tellings_take_turns_unless_one_is_asked_for() -> None:
    mixed = generate("chain", "solvable", 6, seed=4)
    assert [each.puzzle.telling for each in mixed] == ["fraction", "money", "temperature"] * 2
    money = generate("chain", "solvable", 4, seed=4, telling="money")
    assert {each.puzzle.template_key for each in money} == {"chain_money"}


def test_six_numbers_are_generated_too() -> None:
    (proven,) = generate("countdown", "constrained", 1, seed=0, size=6)
    assert proven.certificate.constraint_decides
    assert len(proven.puzzle.numbers) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("anagram", "solvable", 1, 0), "anagram"),
        (("chain", "hard", 1, 0), "hard"),
        (("coins", "solvable", -1, 0), "-1"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message) -> None:
    with pytest.raises(UsageError, match=message):
        generate(*arguments)


def test_sizes_tellings_and_exhaustion_are_refused_with_a_sentence() -> None:
    with pytest.raises(UsageError, match="give 3 to 6"):
        generate("countdown", "solvable", 1, 0, size=9)
    with pytest.raises(UsageError, match="telling is for chains"):
        generate("coins", "solvable", 1, 0, telling="money")
    with pytest.raises(UsageError, match=r"Only \d+ different coins"):
        generate("coins", "solvable", 5000, 0, size=3)
