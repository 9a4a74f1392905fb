"""Templates: what is filled in, and everything that is refused."""

from fractions import Fraction

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.puzzles import Chain, Countdown, Operation, placeholders, render

PUZZLE = Countdown((4, 6, 25, 100), 156, 150)
TEMPLATE = "Make {target} from {numbers}, never {banned}."


def test_placeholders_are_filled_and_double_braces_are_braces() -> None:
    text = render("{{x}} " + TEMPLATE + " {closing}", PUZZLE, closing="Go {on}.")
    assert text == "{x} Make 156 from 4, 6, 25, 100, never 150. Go {on}."
    assert placeholders(TEMPLATE) == {"target", "numbers", "banned"}


def test_chain_fields_read_as_a_prompt_would() -> None:
    steps = tuple(map(Operation.parse, ("+1/4", "*2", "-1/12")))
    chain = Chain(Fraction(1, 6), Fraction(2, 3), steps, Fraction(1, 3))
    text = render(
        "{start} to {target} by {operations}: {count}, {orders} orders, no {banned}", chain
    )
    assert text == "1/6 to 2/3 by +1/4, ×2, −1/12: three, six orders, no 1/3"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (TEMPLATE + " {goal}", "placeholder {goal}, which has no value"),
        ("Use {numbers}, never {banned}.", r"never shows \{target\}"),
        ("Make {target} from {numbers}.", r"never shows \{banned\}"),
        (TEMPLATE + " {target.__class__}", "more than a plain name"),
        (TEMPLATE + " {numbers[0]}", "more than a plain name"),
        (TEMPLATE + " {target!r}", "more than a plain name"),
        (TEMPLATE + " {target:>10}", "more than a plain name"),
        (TEMPLATE + " {}", "more than a plain name"),
        (TEMPLATE + " {0}", "more than a plain name"),
        (TEMPLATE + " {", "malformed"),
        (TEMPLATE + " }", "malformed"),
    ],
)
def test_bad_templates_are_refused(template, message) -> None:
    with pytest.raises(UsageError, match=message):
        render(template, PUZZLE)


def test_a_puzzle_without_a_ban_has_no_value_for_it_and_needs_none() -> None:
    bare = PUZZLE.without_constraint()
    assert render("{target} from {numbers}", bare) == "156 from 4, 6, 25, 100"
    with pytest.raises(UsageError, match="banned"):
        render(TEMPLATE, bare)


def test_extra_values_cannot_replace_the_puzzle() -> None:
    with pytest.raises(UsageError, match="target"):
        render(TEMPLATE, PUZZLE, target="7")
