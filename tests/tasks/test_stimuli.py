"""The opening prompts: proven puzzles told in full, the paper's ten, the questions, real prompts."""

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemma_distress.prompts import load_pack
from gemma_distress.puzzles import prove, puzzle_from_dict
from gemma_distress.tasks import wildchat
from gemma_distress.tasks.arguments import resolve_arguments
from gemma_distress.tasks.stimuli import Stimulus, puzzle_stimuli, question_stimuli

SEEDS = st.integers(0, 2**63 - 1)


def puzzles(category: str, *, long: bool, **given: Any) -> list[Stimulus]:
    return puzzle_stimuli(resolve_arguments(category, given), long=long)


def questions(**given: Any) -> list[Stimulus]:
    return question_stimuli(resolve_arguments("triggers", given))


def kinds(stimuli: Sequence[Stimulus]) -> set[str]:
    return {stimulus.metadata["puzzle_kind"] for stimulus in stimuli}


# The prover is exhaustive and has its own tests; here every prompt of the default sets goes through it.
@pytest.mark.parametrize(("category", "long"), [("numeric", True), ("extended", False)])
def test_default_puzzles_are_unsolvable_because_of_their_constraint(category: str, long: bool):
    found = puzzles(category, long=long)
    assert len(found) == 20
    assert kinds(found) == {"constrained"}
    for stimulus in found:
        assert prove(puzzle_from_dict(stimulus.metadata["puzzle"])).constraint_decides


def test_solvable_puzzles_are_solvable_and_twins_of_the_others():
    solvable = puzzles("numeric", long=True, premise="solvable")
    claimed = puzzles("numeric", long=True)
    assert kinds(solvable) == {"solvable"}
    for one, other in zip(solvable, claimed, strict=True):
        certificate = prove(puzzle_from_dict(one.metadata["puzzle"]))
        assert certificate.solvable
        # Twins differ in the banned value alone.
        assert one.metadata["puzzle"] | {"banned": 0} == other.metadata["puzzle"] | {"banned": 0}
        assert one.metadata["puzzle"]["banned"] != other.metadata["puzzle"]["banned"]


def test_premises_differ_in_what_the_prompt_claims_and_in_nothing_else():
    told = load_pack().premises
    assert len(set(told.values())) == 3
    texts = {
        premise: [one.text for one in puzzles("numeric", long=True, premise=premise)]
        for premise in ("claimed", "truthful", "solvable")
    }
    for premise, prompts in texts.items():
        for prompt in prompts:
            assert prompt.count(told[premise]) == 1
            assert not any(told[other] in prompt for other in told if other != premise)
    for claimed, truthful in zip(texts["claimed"], texts["truthful"], strict=True):
        assert claimed.replace(told["claimed"], told["truthful"]) == truthful


def test_the_short_form_claims_nothing_and_asks_for_no_answer_line():
    long, short = puzzles("numeric", long=True), puzzles("extended", long=False)
    for stimulus in short:
        assert "\n" not in stimulus.text
        assert "Solution:" not in stimulus.text
        assert not any(told in stimulus.text for told in load_pack().premises.values())
    assert all(stimulus.text.count("Solution:") == 1 for stimulus in long)
    assert max(len(one.text) for one in short) < min(len(one.text) for one in long)


def test_long_puzzles_mix_the_five_forms_from_the_first_on():
    keys = [
        puzzle_from_dict(s.metadata["puzzle"]).template_key for s in puzzles("numeric", long=True)
    ]
    forms = ["countdown", "chain_fraction", "chain_money", "chain_temperature", "coins"]
    assert keys == forms * 4


NUMBER = re.compile(r"\d+(?:/\d+)?")
WORDS = dict(
    zip(
        ["three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        range(3, 13),
        strict=True,
    )
)


def shown(text: str) -> set[Fraction]:
    """Every number that a text shows, in digits or in words."""
    digits = {Fraction(number) for number in NUMBER.findall(text)}
    return digits | {Fraction(WORDS[w]) for w in re.findall(r"[a-z]+", text.lower()) if w in WORDS}


def owed(puzzle: dict[str, Any]) -> set[Fraction]:
    """Every number of a puzzle, signs aside: a `−1/12` is shown with another minus than ours."""
    match puzzle["family"]:
        case "countdown":
            values = [*puzzle["numbers"], puzzle["target"], puzzle["banned"]]
        case "coins":
            values = [*puzzle["denominations"], puzzle["total"], puzzle["count"], puzzle["banned"]]
        case _:
            operands = [operation[1:] for operation in puzzle["operations"]]
            values = [puzzle["start"], puzzle["target"], puzzle["banned"], *operands]
    return {Fraction(value) for value in values}


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(["claimed", "truthful", "solvable"]))
def test_prompts_of_any_seed_state_every_number_of_their_puzzle(seed: int, premise: str):
    long = puzzles("numeric", long=True, seed=seed, premise=premise, prompts=5)
    short = puzzles("extended", long=False, seed=seed, prompts=2)
    for stimulus in [*long, *short]:
        assert "{" not in stimulus.text
        assert owed(stimulus.metadata["puzzle"]) <= shown(stimulus.text), stimulus.text


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_puzzles_of_any_seed_are_proven_and_distinct(seed: int):
    found = puzzles("numeric", long=True, seed=seed, prompts=10)
    for stimulus in found:
        assert prove(puzzle_from_dict(stimulus.metadata["puzzle"])).constraint_decides
    for names in ({s.prompt_id for s in found}, {s.text for s in found}):
        assert len(names) == 10


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 12), st.integers(1, 12), st.booleans())
def test_more_puzzles_only_add_to_the_end(seed: int, few: int, more: int, long: bool):
    few, more = sorted((few, more))
    category = "numeric" if long else "extended"
    found = puzzles(category, long=long, seed=seed, prompts=more)
    assert found[:few] == puzzles(category, long=long, seed=seed, prompts=few)


def test_other_seeds_ask_other_puzzles():
    first, second = (puzzles("numeric", long=True, seed=seed) for seed in (1, 2))
    assert first == puzzles("numeric", long=True, seed=1)
    assert {s.text for s in first}.isdisjoint({s.text for s in second})


# Names and verdicts: docs/protocol.md, "The puzzles".
TEN = (
    "countdown-156",
    "number-puzzle-89",
    "fraction-2-3",
    "money-57",
    "temperature-212",
    "countdown-variant-183",
    "number-puzzle-variant-127",
    "fraction-variant-5-6",
    "money-variant-83",
    "temperature-variant-248",
)
TWO = {"countdown-variant-183", "money-variant-83"}


def test_historical_are_the_papers_ten_with_the_two_solvable_ones_flagged():
    found = puzzles("numeric", long=True, prompts="historical")
    assert tuple(s.prompt_id for s in found) == TEN
    flagged = {s.prompt_id for s in found if s.metadata["puzzle_kind"] == "historical_solvable"}
    assert flagged == TWO
    assert kinds(found) == {"historical", "historical_solvable"}
    for stimulus in found:
        certificate = prove(puzzle_from_dict(stimulus.metadata["puzzle"]))
        assert certificate.solvable == certificate.solvable_without == (stimulus.prompt_id in TWO)
        assert owed(stimulus.metadata["puzzle"]) <= shown(stimulus.text)


def test_repaired_mends_the_two_and_leaves_the_eight():
    historical = puzzles("numeric", long=True, prompts="historical")
    repaired = puzzles("numeric", long=True, prompts="repaired")
    assert kinds(repaired) == {"historical"}
    for old, new in zip(historical, repaired, strict=True):
        if old.prompt_id not in TWO:
            assert new == old
        else:
            assert new.prompt_id == f"{old.prompt_id}-repaired"
            assert prove(puzzle_from_dict(new.metadata["puzzle"])).constraint_decides
    bans = {s.metadata["puzzle"]["banned"] for s in repaired if s.prompt_id.endswith("-repaired")}
    assert bans == {225, "32"}


def test_the_short_form_has_the_papers_one_puzzle():
    [only] = puzzles("extended", long=False, prompts="historical")
    assert only.prompt_id == "countdown-156-short"
    assert owed(only.metadata["puzzle"]) == {Fraction(n) for n in (4, 6, 25, 100, 156, 150)}
    assert only.metadata["puzzle"]["integer_rule"] is False
    assert not prove(puzzle_from_dict(only.metadata["puzzle"])).solvable_without


@pytest.fixture
def published(tmp_path: Path) -> str:
    """A pack with a published wording of one long and of the short puzzle."""
    path = tmp_path / "published.yaml"
    path.write_text(
        "extends: house\nname: published\nversion: '1'\n"
        "historical_long: {money-57: 'Make $57, they said. {x}'}\n"
        "historical_short: {countdown-156: 'Make 156, they said.'}\n"
    )
    return str(path)


def test_a_published_wording_is_used_as_it_stands(published: str):
    given = {"prompts": "historical", "pack": published}
    texts = {s.prompt_id: s.text for s in puzzles("numeric", long=True, **given)}
    assert texts["money-57"] == "Make $57, they said. {x}"
    assert "they said" not in texts["countdown-156"]
    assert [s.text for s in puzzles("extended", long=False, **given)] == ["Make 156, they said."]
    # It claims to be solvable, so another premise needs our own template.
    truthful = puzzles("numeric", long=True, premise="truthful", **given)
    assert not any("they said" in stimulus.text for stimulus in truthful)
    # A repaired puzzle is another puzzle than the published one.
    repaired = puzzles("numeric", long=True, prompts="repaired", pack=published)
    assert [s.prompt_id for s in repaired if "they said" in s.text] == ["money-57"]


def test_questions_alternate_so_that_any_number_is_balanced():
    found = questions()
    assert [s.variant for s in found] == ["opinion", "factual"] * 10
    assert len({s.prompt_id for s in found}) == len({s.text for s in found}) == 20
    assert all(s.prompt_id.startswith(s.variant) for s in found)
    for count in (1, 2, 7):
        assert questions(prompts=count) == found[:count]


def test_only_factual_questions_have_answers():
    for stimulus in questions():
        assert ("answers" in stimulus.metadata) == (stimulus.variant == "factual")
    assert questions(prompts="factual") == [s for s in questions() if s.variant == "factual"]
    assert questions(prompts="opinion") == [s for s in questions() if s.variant == "opinion"]


def test_questions_of_an_uneven_pack_are_all_asked(tmp_path: Path):
    path = tmp_path / "uneven.yaml"
    path.write_text(
        "extends: house\nname: uneven\nversion: '1'\n"
        "opinion: [{id: a, text: Is it so}, {id: b, text: Was it so}, {id: c, text: Will it be so}]\n"
        "factual: [{id: a, text: Who is it, answers: [Ann]}]\n"
    )
    found = questions(pack=str(path), prompts=4)
    assert [s.prompt_id for s in found] == ["opinion-a", "factual-a", "opinion-b", "opinion-c"]


def test_real_prompts_say_where_they_come_from(wildchat_file: str):
    samples = wildchat(source=wildchat_file, prompts=4, replicates=1).dataset
    texts = [sample.input[-1].text for sample in samples]
    assert len(set(texts)) == 4
    assert all(re.fullmatch(r"Please describe how .* number \d+ was built\.", t) for t in texts)
    for sample in samples:
        assert re.fullmatch(r"wildchat-[0-9a-f]{12}", sample.metadata["prompt_id"])
        # The path is in the task's arguments; the content alone decides what is asked.
        assert "source" not in sample.metadata
        assert sample.metadata["drawn"].startswith("sha256:")
        assert sample.metadata["roleplay"] is False
