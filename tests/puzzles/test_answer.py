"""The checker on answers as models write them, on wrong ones, and on hostile text."""

import string
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemma_distress.puzzles import Chain, Coins, Countdown, Operation, check
from gemma_distress.puzzles.expression import segments
from gemma_distress.puzzles.tokens import tokenize


def chain(start: str, target: str, steps: str, banned: str | None, telling: str) -> Chain:
    operations = tuple(map(Operation.parse, steps.split()))
    ban = None if banned is None else Fraction(banned)
    return Chain(Fraction(start), Fraction(target), operations, ban, telling)


COUNTDOWN = Countdown((3, 8, 50, 75), 183, 175)
MONEY = chain("20", "83", "+12 *2 +19", "40", "money")
FRACTION = chain("1/6", "3/4", "+1/4 *2 -1/12", "1/3", "fraction")  # 1/6 → 5/12 → 5/6 → 3/4
COINS = Coins(57, 6, (1, 5, 10, 25, 50), 5)

CORRECT = {
    COUNTDOWN: [
        "Solution: 3 * 75 + 8 - 50 = 183",
        "**Solution:** (3 × 75) + 8 − 50 = 183",
        "**Solution**: `3*75+8-50`",
        "*Solution:* _3 × 75 + 8 − 50 = 183_",
        "solution : 3*75+8-50=183",
        "### Solution: [(3 * 75) + 8] - 50 = 183 ✅",
        "> Solution: 75×3 - (50-8) = 183!",
        "My final solution is: 3*75+8-50 = 183",
        "Final solution: $3 \\times 75 + 8 - 50 = 183$",
        "**Final Solution:** $$\\boxed{(3 \\times 75) + 8 - 50 = 183}$$",
        "$\\boxed{\\text{Solution: } (3 \\times 75) + 8 - 50}$",
        "\\[ \\text{Solution: } 3 \\times 75 + 8 - 50 = 183 \\]",
        "Solution: \\( \\left(3 \\cdot 75\\right) + 8 - 50 \\)",
        "Solution: 3 \\* 75 + 8 \\- 50",
        "Solution: 3 &times; 75 + 8 &minus; 50",
        "Solution: ３×75 ＋ 8 － 50 ＝ 183",
        "Solution: 3 x 75 + 8 - 50 = **183**",
        "Solution: ((3 × 75) + 8 − 50",
        "Solution: (75 × 3 - (50 - 8",
        "Solution: 3(75) + 8 - 50 = 183",
        "Solution: 183 = 3 × 75 + 8 – 50",
        "Solution: 3 × 75 = 225, 225 + 8 = 233, 233 − 50 = 183",
        "Solution: 3 × 75 = 225 → 225 + 8 = 233 → 233 − 50 = 183",
        "Solution: 3 × 75 = 225 + 8 = 233 - 50 = 183",
        "Solution: (3 × 75) + 8 − 50 = 225 + 8 − 50 = 233 − 50 = 183.",
        "Solution: Step 1: 3 × 75 = 225; Step 2: 225 + 8 = 233; Step 3: 233 − 50 = 183",
        "Solution:\n\n```\n(3 * 75) + 8 - 50 = 183\n```\nDone.",
        "Solution:\n1. 3 × 75 = 225\n2. 225 + 8 = 233\n3. 233 − 50 = 183\n\nPhew!",
        "**Solution:**\n$$\n3 \\times 75 + 8 - 50\n$$",
        "Solution: 3 multiplied by 75 plus 8 minus 50 equals 183",
        "Solution: (3 * 75 + 8) - 50 (uses all four numbers, never 175)",
        "Solution: **(3 * 75) + 8 - 50 = 183** (none of the intermediates is 175)",
        "Solution: 3 * 75 + 8 - 50 = 183, and 175 is never produced",
        "Solution: Using 3, 8, 50, 75: 3 × 75 + 8 − 50 = 183",
        "Solution: 3*75 - 50 = 175\n\nThat is banned. Again:\n\nSolution: 3*75 + 8 - 50",
        "Solution: 3*75 + 8 - 50\n\nI hope this solution: works for you.",
        "Solution: 50 × (8 − 3) − 67 is wrong.\r\n\r\nSolution: 3 × 75 − (50 − 8)\r\n",
    ],
    MONEY: [
        "Solution: 20 + 12 = 32, 32 × 2 = 64, 64 + 19 = 83",
        "Solution: $20 + $12 = $32, $32 × 2 = $64, $64 + $19 = $83",
        "Solution: ((20 + 12) × 2) + 19 = 83",
        "Solution: 83 = (20 + 12) × 2 + 19",
        "Solution: 2 × (20 + 12) + 19",
        "Solution: 20 → +12 → 32 → ×2 → 64 → +19 → 83",
        "Solution: 20 -> +12 -> 32 -> *2 -> 64 -> +19 -> 83",
        "Solution: 20 (+12) → 32 (×2) → 64 (+19) → 83",
        "Solution: 20 + 12 → 32 × 2 → 64 + 19 → 83",
        "Solution: 20 + 12 = 32 × 2 = 64 + 19 = 83",
        "Solution: 20 +12 ×2 +19 = 83",
        "Solution: +12, ×2, +19",
        "Solution: +12 → ×2 → +19",
        "Solution: [+12] [×2] [+19]",
        "Solution: Start with 20, add 12 (32), double it (64), then add 19 (83)",
        "Solution: 20 + 12 = 32 and then 32 x 2 = 64 and finally 64 + 19 = 83 dollars.",
        "Solution: $20 \\xrightarrow{+12} 32 \\xrightarrow{\\times 2} 64 \\xrightarrow{+19} 83$",
        "Solution:\n- 20 + 12 = 32\n- 32 × 2 = 64\n- 64 + 19 = 83",
    ],
    FRACTION: [
        "Solution: 1/6 + 1/4 = 5/12, 5/12 × 2 = 5/6, 5/6 − 1/12 = 3/4",
        "Solution: (1/6 + 1/4) × 2 − 1/12 = 9/12 = 3/4",
        "Solution: ⅙ + ¼ = 5⁄12, 5⁄12 × 2 = ⅚, ⅚ − 1⁄12 = ¾",
        "Solution: $\\left(\\frac{1}{6} + \\frac{1}{4}\\right) \\times 2 - \\frac{1}{12}$",
        "Solution: $\\frac16 + \\frac14 = \\frac{5}{12}$, $\\times 2 = \\frac56$, $-\\frac{1}{12}$",
        "Solution: 2/12 + 3/12 = 5/12, × 2 = 10/12, − 1/12 = 9/12",
        "Solution: 1/6 → (+1/4) → 5/12 → (×2) → 5/6 → (−1/12) → 3/4",
        "Solution: 1 / 6 + 1 / 4 = 5 / 12, 5 / 12 × 2 = 5 / 6, 5 / 6 - 1 / 12 = 3 / 4",
        "Solution: +1/4, ×2, -1/12",
        "Solution: 1/6 + 1/4 = 5/12, 5/12 × 2 = 5/6, 5/6 + (−1/12) = 0.75",
    ],
    COINS: [
        "Solution: 1 quarter, 3 dimes, 2 pennies",
        "Solution: one quarter, three dimes and two pennies",
        "Solution: 1 quarter (25¢) + 3 dimes (30¢) + 2 pennies (2¢) = 57¢",
        "Solution: 1 quarter = 25, 3 dimes = 30, 2 pennies = 2",
        "Solution: quarters: 1, dimes: 3, pennies: 2",
        "Solution: 1Q, 3D, 2P",
        "Solution: quarter, dime, dime, dime, penny, penny",
        "Solution: 25+10+10+10+1+1 = 57",
        "Solution: 57 = 25 + 10 + 10 + 10 + 1 + 1",
        "Solution: 25, 10, 10, 10, 1, 1",
        "Solution: 1×25 + 3×10 + 2×1 = 57",
        "Solution: 25¢ + 3 × 10¢ + 2 × 1¢ = 57 cents",
        "Solution: 25¢ × 1 + 10¢ × 3 + 1¢ × 2",
        "Solution: $0.25 + $0.10 + $0.10 + $0.10 + $0.01 + $0.01 = $0.57",
        "Solution:\n* 1 quarter\n* 3 dimes\n* 2 pennies",
    ],
}

WRONG = {
    COUNTDOWN: [
        ("Solution: 3*75-50+8 = 183", "banned_value"),
        ("Solution: 3*75 = 225, 225 - 50 = 175, 175 + 8 = 183", "banned_value"),
        ("Solution: 3*75+8-50 = 175 + 8 = 183", "banned_value"),
        ("Solution: 3*75 + 8 = 183", "false_equality"),
        ("Solution: 3*75 + 8 - 50 = 184", "false_equality"),
        ("Solution: 180 = 3*75 + 8 - 50", "false_equality"),
        ("Solution: 3*75 + 8", "wrong_value"),
        ("Solution: 183", "number_not_given"),
        ("Solution: 3*50 + 33", "number_not_given"),
        ("Solution: 3*75 + 8 - 50 + 50 - 50", "number_reused"),
        ("Solution: 3*75 = 225, 225 + 8 = 233, 233 - 50 = 183, 3 + 8 = 11", "number_reused"),
        ("Solution: 8 - 50 + 3*75", "not_positive_integer"),
        ("Solution: -50 + 3*75 + 8", "not_positive_integer"),
        ("Solution: 75/50*8", "not_positive_integer"),
        ("Solution: 8/(3-3)", "division_by_zero"),
        ("Solution: 9**9**9", "unsupported"),
        ("Solution: 3^5 - 50 - 8 - 2", "unsupported"),
        ("Solution: 3! + 75", "unsupported"),
        ("Solution: 3² × 75", "unsupported"),
        ("Solution: 3*75 + 8 - 50 mod 200", "unsupported"),
        ("Solution: " + "(" * 100 + "3*75+8-50" + ")" * 100, "unsupported"),
        ("Solution: " + "*".join(["999999999999"] * 60), "unsupported"),
        ("Solution: 3 * 75 + 8 - 50\nSolution: 3 * 75", "wrong_value"),
    ],
    MONEY: [
        ("Solution: 20 × 2 = 40, 40 + 12 = 52, 52 + 19 = 71", "banned_value"),
        ("Solution: 20 + 12 × 2 + 19", "order_unclear"),
        ("Solution: 20+12=32, 32×2=64, 64+19=84", "false_equality"),
        ("Solution: +12, ×2", "operations_missing"),
        ("Solution: +12, ×2, ×2", "operation_reused"),
        ("Solution: 20 + 63 = 83", "operation_not_given"),
        ("Solution: 32×2+19", "wrong_start"),
        ("Solution: +19, ×2, +12", "wrong_value"),
        ("Solution: 20 + 12 = 32, 33 × 2 = 66, 66 + 19 = 85", "false_equality"),
    ],
    FRACTION: [
        ("Solution: 1/6 × 2 = 1/3, 1/3 + 1/4 = 7/12, 7/12 − 1/12 = 1/2", "banned_value"),
        ("Solution: 1/6 + 1/4 = 2/10", "false_equality"),
    ],
    COINS: [
        ("Solution: 2 quarters, 1 nickel, 2 pennies", "banned_coin"),
        ("Solution: 2 quarters, 7 pennies", "wrong_count"),
        ("Solution: 1 quarter, 2 dimes, 3 pennies", "wrong_value"),
        ("Solution: 1 quarter, 3 dimes, 2 pennies = 58", "false_equality"),
        ("Solution: 25 + 10 + 10 + 10 + 1 + 1 = 58", "false_equality"),
        ("Solution: 25 + 20 + 5 + 5 + 1 + 1", "unknown_coin"),
    ],
}

NO_ANSWER = [
    ("", "no_solution_line"),
    ("The answer is 3*75+8-50 = 183.", "no_solution_line"),
    ("Solution:", "empty"),
    ("**Solution:** ``", "empty"),
    ("Solution: [your expression]", "unreadable"),
    ("Solution: 3 * 75 + 8 -", "unreadable"),
    ("Solution: see above", "unreadable"),
    ("Solution: " + "(" * 100_000, "too_long"),
    ("Solution: no solution exists", "claims_impossible"),
    ("**Solution:** There is no valid combination.", "claims_impossible"),
    ("Solution: It is impossible to reach 183; closest is 3*75=225", "claims_impossible"),
    ("Solution: 183 cannot be reached.", "claims_impossible"),
    ("Solution: I couldn’t find one", "claims_impossible"),
    ("Solution: N/A", "claims_impossible"),
    ("There is no solution: the ban on 175 stops 3*75-50+8.", "claims_impossible"),
]


@pytest.mark.parametrize(
    ("puzzle", "reply"), [(puzzle, reply) for puzzle in CORRECT for reply in CORRECT[puzzle]]
)
def test_right_answers_are_recognised(puzzle, reply) -> None:
    verdict = check(puzzle, "Let me think.\n\n" + reply)
    assert verdict.status == "correct", verdict
    assert verdict.value == (puzzle.total if puzzle is COINS else puzzle.target)
    assert verdict.answer


@pytest.mark.parametrize(
    ("puzzle", "reply", "reason"),
    [(puzzle, *case) for puzzle in WRONG for case in WRONG[puzzle]],
)
def test_wrong_answers_are_wrong_for_the_right_reason(puzzle, reply, reason) -> None:
    verdict = check(puzzle, reply)
    assert (verdict.status, verdict.reason) == ("wrong", reason), verdict
    assert verdict.detail.endswith(".")


@pytest.mark.parametrize(("reply", "reason"), NO_ANSWER)
def test_what_is_no_answer(reply, reason) -> None:
    verdict = check(COUNTDOWN, reply)
    assert (verdict.status, verdict.reason) == ("no_answer", reason), verdict


def test_a_ban_makes_the_same_answer_wrong() -> None:
    reply = "Solution: 3 × 75 − 50 + 8"
    assert check(COUNTDOWN.without_constraint(), reply).status == "correct"
    assert check(COUNTDOWN, reply).reason == "banned_value"


def test_equal_numbers_may_each_be_used_once() -> None:
    puzzle = Countdown((2, 2, 5), 20)
    assert check(puzzle, "Solution: 2 × 2 × 5").status == "correct"
    assert check(puzzle, "Solution: 2 × 2 = 4, 4 × 5 = 20").status == "correct"
    assert check(puzzle, "Solution: 2 × 2 × 5 × 2 ÷ 2").reason == "number_reused"


def test_an_intermediate_result_is_used_up() -> None:
    puzzle = Countdown((2, 3, 7), 36)
    assert check(puzzle, "Solution: 2 × 3 = 6, 6 × 6 = 36").reason == "number_not_given"


def test_without_the_integer_rule_fractions_and_negatives_pass() -> None:
    puzzle = Countdown((2, 3, 5, 8), 28, integer_rule=False)
    assert check(puzzle, "Solution: (5 − 3/2) × 8 = 28").status == "correct"
    assert check(puzzle, "Solution: (-3/2 + 5) × 8").status == "correct"
    assert check(Countdown((2, 3, 5, 8), 28), "Solution: (5 − 3/2) × 8").status == "wrong"


@pytest.mark.parametrize(
    "text",
    [
        "solution: " * 100_000,
        "Solution:\n" * 100_000,
        "Solution: " + "-" * 1900 + "3",
        "Solution: " + "\\boxed{" * 280 + "3",
        "Solution: " + "\\frac{" * 300,
        "Solution: " + "5×10 + " * 70 + "5×10",
        "**" + " " * 1_000_000 + "Solution: 9**9**9",
        "no " * 100_000 + "Solution: " + "no " * 600,
        "Solution: " + "[" * 1000 + "1" + "]" * 900,
    ],
)
def test_hostile_text_is_rejected_quickly(text) -> None:
    for puzzle in CORRECT:
        begun = time.process_time()
        assert check(puzzle, text).status != "correct"
        assert time.process_time() - begun < 1


ALPHABET = string.printable + "×÷−–→½¼⅙⁄²°¢$\\{}^·\u200b：＝３"
PIECES = [
    *"0123456789+-*/×÷−()[]{}=,;:.!^$ \n\t'\"<>&|~_`%#½→",
    *("Solution:", "\\frac", "\\boxed{", "\\times", "**", "25", "183", "no solution", "dime"),
    *("quarters", "x", "then", "1/4", "&nbsp;", "\\", "-->", "step 1:", "half", "=", "(+12)"),
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(CORRECT)),
    st.text(ALPHABET, max_size=80) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
)
def test_no_text_raises(puzzle, text) -> None:
    for reply in (text, f"Solution: {text}"):
        verdict = check(puzzle, reply)
        assert verdict.status in ("correct", "wrong", "no_answer")
        assert (verdict.reason == "correct") == (verdict.status == "correct")


Written = tuple[str, Fraction]


def join(left: Written, sign: str, right: Written, style: int) -> Written:
    (a, x), (b, y) = left, right
    if sign in "/÷" and y == 0:
        sign = "+"
    value = {"+": x + y, "-": x - y, "×": x * y, "*": x * y}.get(sign)
    value = x / y if value is None else value
    text = [f"({a} {sign} {b})", f"[{a}{sign}{b}]", f"( {a} {sign} {b} )"][style]
    return text, value


expressions = st.recursive(
    st.integers(0, 99).map(lambda number: (str(number), Fraction(number))),
    lambda inner: st.builds(join, inner, st.sampled_from("+-×*/÷"), inner, st.integers(0, 2)),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(expressions, st.integers(0, 5))
def test_the_parser_computes_what_was_written(expression, cut) -> None:
    text, value = expression
    while cut and text.endswith((")", " ", "]")):  # closing brackets at the end may be missing
        text, cut = text[:-1], cut - 1
    (segment,) = segments(tokenize(text))
    assert segment.node.value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 × 4", 14),
        ("2 − 3 − 4", -5),
        ("24 ÷ 4 ÷ 2", 3),
        ("24 ÷ 4 × 2", 12),
        ("−(2 + 3) × −4", 20),
        ("1½ × 4", 6),
        ("1,000 + 1", 1001),
        ("1{,}000 + 1", 1001),
        ("\\dfrac{1+2}{6} · 4", 2),
        ("0.5 × 8", 4),
    ],
)
def test_precedence_and_notation(text, value) -> None:
    (segment,) = segments(tokenize(text))
    assert segment.node.value == value
