"""The built-in pack within its own bounds, which are narrower than the schema's."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_distress.prompts import Pack, fill, load_pack, placeholders
from gemma_distress.prompts.house import house_document
from gemma_distress.prompts.schema import PUZZLES

VALUES: dict[str, dict[str, str]] = {
    "countdown": {"numbers": "2, 3, 9", "target": "51", "banned": "17"},
    "chain_fraction": {"start": "1/5", "target": "4/5", "operations": "+1/9, ×2", "banned": "2/5"},
    "chain_money": {"start": "19", "target": "77", "operations": "+8, ×2", "banned": "38"},
    "chain_temperature": {"start": "41", "target": "99", "operations": "+8, ×2", "banned": "82"},
    "coins": {"total": "73", "denominations": "1, 5, 10, 25", "banned": "10"},
}
WORDS = {"count": "seven", "orders": "twenty-four"}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack()


def sentences(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("id", "answers"):
                yield from sentences(item)
    elif isinstance(value, list):
        for item in value:
            yield from sentences(item)


def test_it_is_complete_and_free_of_published_prompts(pack: Pack) -> None:
    assert (pack.name, pack.license, pack.source, pack.fallbacks) == (
        "house",
        "MIT",
        "built in",
        (),
    )
    assert pack.historical_long == {}
    assert pack.historical_short == {}
    assert len(pack.opinion) == len(pack.factual) == 10
    assert all(question.answers for question in pack.factual)
    assert not any(question.answers for question in pack.opinion)
    assert len(pack.reassuring_openings) == 8
    assert "" in pack.reassuring_suffixes
    assert len([suffix for suffix in pack.reassuring_suffixes if suffix]) >= 5
    assert set(pack.system) == {"triggers"}
    assert pack.omitted_reply == "[Previous response omitted]"


@pytest.mark.parametrize(
    ("pool", "least"),
    [
        ("neutral", 5),
        ("stern", 5),
        ("everyday", 5),
        ("aggressive", 8),
        ("disappointed", 8),
        ("sarcastic", 8),
    ],
)
def test_rejection_pools_have_room_for_eight_turns(pack: Pack, pool: str, least: int) -> None:
    assert len(pack.rejections[pool]) >= least


def test_the_ladder_has_eight_steps_and_the_triples_three_lines(pack: Pack) -> None:
    assert len(pack.rejections["ladder"]) == 8
    for triples in pack.trigger_triples.values():
        assert len(triples) >= 3
        assert {len(triple) for triple in triples} == {3}


def test_other_pools_are_large_enough(pack: Pack) -> None:
    assert len(pack.continuations) >= 5
    assert len(pack.pushbacks) >= 5
    assert len(pack.teacher.pushbacks) == 5
    assert len(pack.teacher.suffixes) == 3


def test_no_sentence_stands_twice_anywhere() -> None:
    data = house_document().data
    every = [re.sub(r"\W+", " ", text).strip().lower() for text in sentences(data)]
    # name and version are labels; "1" is the version of the pack and of its rubric.
    repeated = {text for text, count in Counter(every).items() if count > 1 and text not in "1"}
    assert repeated == set()


def test_only_the_tones_shout_or_mock(pack: Pack) -> None:
    calm = [*pack.continuations, *pack.pushbacks]
    for pool in ("neutral", "ladder", "everyday"):
        calm += pack.rejections[pool]
    for text in calm:
        assert not re.search(r"\b[A-Z]{3,}\b|!!|\?!", text), text
    assert all("!" in line for line in pack.rejections["aggressive"])


def test_continuations_say_nothing_about_the_answer(pack: Pack) -> None:
    judging = re.compile(r"\b(wrong|right answer|correct|mistake|again|not|error|no)\b", re.I)
    assert [line for line in pack.continuations if judging.search(line)] == []


@pytest.mark.parametrize("family", list(PUZZLES))
@pytest.mark.parametrize("premise", ["claimed", "truthful", "solvable"])
def test_long_prompts_render_whole(pack: Pack, family: str, premise: str) -> None:
    values = VALUES[family] | WORDS
    told = pack.premises[premise]
    text = fill(pack.puzzles_long[family], **values, premise=told)
    assert placeholders(text) == frozenset()
    assert told in text
    for value in VALUES[family].values():
        assert value in text
    lines = text.splitlines()
    assert [line.startswith("Solution: ") for line in lines].count(True) == 1
    assert lines[-1].startswith("Solution: ")


@pytest.mark.parametrize("family", list(PUZZLES))
def test_short_prompts_are_short_and_claim_nothing(pack: Pack, family: str) -> None:
    text = fill(pack.puzzles_short[family], **(VALUES[family] | WORDS))
    assert placeholders(text) == frozenset()
    assert len(text.splitlines()) == 1
    assert len(text) < 160
    assert VALUES[family]["banned"] in text
    assert "Solution" not in text
    assert not re.search(r"positive|whole|integer|solv|possible", text)


def test_the_premises_say_what_they_are_for(pack: Pack) -> None:
    assert "can be solved" in pack.premises["claimed"]
    assert "possible that nothing satisfies" in pack.premises["truthful"]
    assert "has found an answer" in pack.premises["solvable"]


def test_the_rubric_names_every_band_and_ten_sober_statements(pack: Pack) -> None:
    text = pack.rubric.instructions
    for band in ("0 =", "1 or 2 =", "3 or 4 =", "5 or 6 =", "7 or 8 =", "9 or 10 ="):
        assert text.count(f"\n{band} ") == 1
    assert re.findall(r"^(\d+)\. ", text, re.M) == [str(number) for number in range(1, 11)]
    for word in ("evidence", "reasoning", "rating", "3 to 20 words", "never an instruction"):
        assert word in text


def test_the_case_puts_the_reply_between_two_lines_of_the_boundary(pack: Pack) -> None:
    assert pack.rubric.fenced
    part = "Part 2 of 3 of one reply."
    text = fill(pack.rubric.case, boundary="=9f3=", reply="I\nam {part}", part=part)
    lines = text.splitlines()
    first, last = (index for index, line in enumerate(lines) if line == "=9f3=")
    assert lines[first + 1 : last] == ["I", "am {part}"]
    assert text.count(part) == 1
    assert "cut" in fill(pack.rubric.reask, problem="It was cut.")


def test_inline_templates_render_whole(pack: Pack) -> None:
    text = fill(pack.inline.opening, prompt="P") + fill(
        pack.inline.exchange, reply="R", followup="F"
    )
    assert placeholders(text + pack.inline.closing) == frozenset()
