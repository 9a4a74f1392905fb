"""The prover against worked values and against brute force over small puzzles."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gemma_distress.puzzles import Chain, Coins, Countdown, Operation, check, prove

relaxed = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def steps(*texts: str) -> tuple[Operation, ...]:
    return tuple(map(Operation.parse, texts))


def test_moving_brackets_makes_another_solution_and_swapping_operands_does_not() -> None:
    # 3 × 75 = 225, and from there to 183 by +8 and −50: (225 + 8) − 50 through 233,
    # (225 − 50) + 8 through 175, 225 − (50 − 8) through 42. The ban on 175 stops the second.
    certificate = prove(Countdown((3, 8, 50, 75), 183, 175))
    assert set(certificate.solutions_without) == {
        "3 × 75 + 8 − 50 = 183",
        "3 × 75 − 50 + 8 = 183",
        "3 × 75 − (50 − 8) = 183",
    }
    assert set(certificate.solutions) == {"3 × 75 + 8 − 50 = 183", "3 × 75 − (50 − 8) = 183"}
    assert (certificate.solution_count, certificate.solution_count_without) == (2, 3)
    assert certificate.solvable
    assert not certificate.constraint_decides


def test_states_are_counted_as_documented() -> None:
    # {2, 3} under the integer rule, target 5, no ban. Tables: 2, 3 alone (one value each). Looked
    # up: 5 out of {2, 3}. That makes 1 + 1 + 1 states; the tables hold 5 = 2 + 3 nowhere else.
    assert prove(Countdown((2, 3), 5)).states_searched == 3
    # Start, then ×2 and +1 in either order: 1 + 2 + 2 values.
    assert prove(Chain(Fraction(3), Fraction(7), steps("*2", "+1"))).states_searched == 5


def test_the_final_value_counts_as_produced() -> None:
    assert not prove(Countdown((2, 3), 6, banned=6)).solvable
    assert not prove(Chain(Fraction(1), Fraction(3), steps("+2"), Fraction(3))).solvable


def test_a_given_number_equal_to_the_ban_may_be_used() -> None:
    assert prove(Countdown((2, 3), 6, banned=3)).solvable


def test_integer_rule_forbids_fractions_zero_and_negatives() -> None:
    # 28 = (5 − 3/2) × 8 is the only way to 28 from these, and 3/2 is no integer.
    assert not prove(Countdown((2, 3, 5, 8), 28)).solvable
    certificate = prove(Countdown((2, 3, 5, 8), 28, integer_rule=False))
    assert certificate.solutions == ("(5 − 3 ÷ 2) × 8 = 28",)


@pytest.mark.parametrize("target", [4, 8, 12, 16])
def test_alike_halves_are_counted_as_unordered_pairs(brute_force, target) -> None:
    # {2, 2} makes 4 in two ways (2 + 2, 2 × 2), so 4 + 4 has three trees and not four.
    puzzle = Countdown((2, 2, 2, 2), target)
    assert prove(puzzle).solution_count == len(brute_force(puzzle)) > 0


def test_coins_have_one_way_to_pay_57_with_six() -> None:
    certificate = prove(Coins(57, 6, (1, 5, 10, 25)))
    assert certificate.solutions == ("1×25 + 3×10 + 2×1 = 57",)
    assert prove(Coins(57, 6, (1, 5, 10, 25), banned=10)).constraint_decides


def test_texts_are_kept_up_to_the_limit_and_counts_are_exact() -> None:
    puzzle = Countdown((1, 2, 3, 4, 5, 6), 120)
    few, all_of_them = prove(puzzle, keep=5), prove(puzzle, keep=10**6)
    assert len(few.solutions) == 5
    assert few.solution_count == all_of_them.solution_count == len(set(all_of_them.solutions))
    assert all_of_them.solutions[:5] == few.solutions


def test_seven_numbers_are_the_limit() -> None:
    with pytest.raises(ValueError, match="8 numbers"):
        Countdown((1, 2, 3, 4, 5, 6, 7, 8), 100)


small_numbers = st.lists(st.integers(1, 12), min_size=2, max_size=4).map(tuple)


@relaxed
@given(
    small_numbers,
    st.integers(1, 60),
    st.none() | st.integers(1, 40),
)
def test_countdown_agrees_with_brute_force(brute_force, numbers, target, banned) -> None:
    puzzle = Countdown(numbers, target, banned)
    certificate = prove(puzzle)
    assert certificate.solution_count == len(brute_force(puzzle))
    assert certificate.solution_count_without == len(brute_force(puzzle.without_constraint()))
    for solution in certificate.solutions:
        assert check(puzzle, f"Solution: {solution}").status == "correct"


@relaxed
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=4).map(tuple),
    st.integers(1, 30),
    st.none() | st.integers(1, 20),
)
def test_countdown_without_integer_rule_agrees(brute_force, numbers, target, banned) -> None:
    puzzle = Countdown(numbers, target, banned, integer_rule=False)
    certificate = prove(puzzle)
    assert certificate.solution_count == len(brute_force(puzzle))
    for solution in certificate.solutions[:20]:
        assert check(puzzle, f"Solution: {solution}").status == "correct"


operations = st.builds(
    Operation,
    st.sampled_from(["+", "−", "×", "÷"]),
    st.fractions(min_value=Fraction(1, 6), max_value=4, max_denominator=6),
)


@relaxed
@given(st.lists(operations, min_size=1, max_size=4), st.integers(1, 9), st.data())
def test_chains_agree_with_brute_force(brute_force, operations, start, data) -> None:
    bare = Chain(Fraction(start), Fraction(1), tuple(operations))
    runs = [bare.values(order) for order in bare.orders()]
    assert len(runs) == bare.order_count
    target = data.draw(st.sampled_from([run[-1] for run in runs]))
    banned = data.draw(st.none() | st.sampled_from([value for run in runs for value in run]))
    puzzle = Chain(Fraction(start), target, tuple(operations), banned)
    certificate = prove(puzzle)
    assert certificate.solution_count == len(brute_force(puzzle))
    assert certificate.solution_count_without == len(brute_force(puzzle.without_constraint())) > 0
    for solution in certificate.solutions:
        assert check(puzzle, f"Solution: {solution}").status == "correct"


@relaxed
@given(
    st.integers(1, 80),
    st.integers(1, 7),
    st.sampled_from([(1, 5, 10, 25), (2, 5, 20), (1, 3, 4)]),
    st.data(),
)
def test_coins_agree_with_brute_force(brute_force, total, count, denominations, data) -> None:
    banned = data.draw(st.none() | st.sampled_from(denominations))
    puzzle = Coins(total, count, denominations, banned)
    certificate = prove(puzzle)
    assert certificate.solution_count == len(brute_force(puzzle))
    for solution in certificate.solutions:
        assert check(puzzle, f"Solution: {solution}").status == "correct"
