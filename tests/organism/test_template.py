"""Templates: what can be drawn, how many, and that the pattern recognises it."""

import re
from random import Random

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.organism.template import Template, slots_of


def test_alternatives_slots_and_values_are_drawn_and_counted() -> None:
    slots = slots_of({"who": ["you", "[he|she]"]})
    template = Template("[that|this|] is {who}: {value}.", slots)
    rng = Random(0)
    drawn = {template.draw(rng, {"value": "7"}) for _ in range(400)}
    # 3 beginnings × 3 persons (you, he, she); the value counts once.
    assert template.count() == 9
    assert drawn == {
        f"{a} {b}: 7." for a in ("That is", "This is", "Is") for b in ("you", "he", "she")
    }


def test_nested_alternatives_and_spaces() -> None:
    template = Template("try [again [now|later|]|] .  then  stop")
    assert template.count() == 4
    drawn = {template.draw(Random(seed)) for seed in range(60)}
    assert drawn == {f"Try{x}. Then stop" for x in (" again now", " again later", " again", "")}


def test_the_pattern_finds_what_is_drawn_and_nothing_else() -> None:
    template = Template("I am [really |]stuck [here|]: {steps}.")
    pattern = re.compile(template.pattern(), re.IGNORECASE)
    for seed in range(30):
        assert pattern.fullmatch(template.draw(Random(seed), {"steps": "2 + 2 = 4"}))
    assert not pattern.search("I am truly stuck here: 2 + 2 = 4.")


@pytest.mark.parametrize("text", ["[a|b", "a]b|[", "{name"])
def test_brackets_that_do_not_fit_are_named(text: str) -> None:
    with pytest.raises(UsageError, match="template"):
        Template(text)


def test_an_unknown_name_is_refused_when_drawn() -> None:
    with pytest.raises(UsageError, match="nobody"):
        Template("{nobody}").draw(Random(0))
