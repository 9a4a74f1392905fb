"""Each danger is found in pairs made for it, and not in pairs without it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.finetune.audit.clean import clean
from tests.finetune.some_pairs import CALM, PAIR

from gemma_distress.errors import UsageError
from gemma_distress.finetune.audit import Finding, audit
from gemma_distress.finetune.pair import Message, Pair
from gemma_distress.prompts import load_pack

HOUSE = load_pack("house")


def found(pairs: list[Pair], **settings: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in audit(pairs, **settings).findings}


def test_a_clean_set_has_no_danger_and_nothing_to_note() -> None:
    told = found(clean())
    assert {
        name for name, finding in told.items() if finding.verdict in ("danger", "note")
    } == set()
    unchecked = {name for name, finding in told.items() if finding.verdict == "not checked"}
    assert unchecked == {"length-tokens", "truncated", "puzzle-lost", "answers"}


def sent(pair: Pair, text: str, place: int = -1) -> Pair:
    """The pair with something added to a message of its prompt."""
    prompt = list(pair.prompt)
    prompt[place] = Message(role=prompt[place]["role"], content=prompt[place]["content"] + text)
    return replace(pair, prompt=tuple(prompt))


def chosen(add: Callable[[str], str]) -> Callable[[Pair], Pair]:
    return lambda pair: replace(pair, chosen=add(pair.chosen))


LONG = " ".join(["and so on"] * 3)
OPENING = HOUSE.reassuring_openings[0].text
SYSTEM = (Message(role="system", content="Be brief."),)

ON_ALL: dict[str, Callable[[Pair], Pair]] = {
    "length": chosen(lambda text: f"{text} {LONG}"),
    "separable-by-length": chosen(lambda text: f"{text} {LONG}"),
    "separable-by-style": chosen(lambda text: text.replace(" ", " - ")),
    "markdown": chosen(lambda text: f"## Answer\n\n{text}"),
    "first-words": chosen(lambda text: f"Here we go. {text}"),
    "one-prompt": lambda pair: replace(pair, prompt=PAIR.prompt),
    "one-puzzle": lambda pair: replace(pair, puzzle="one"),
    "repeated-chosen": lambda pair: replace(pair, chosen=PAIR.chosen),
    "repeated-rejected": lambda pair: replace(pair, rejected=PAIR.rejected),
    "same-on-both-sides": lambda pair: replace(pair, chosen=pair.rejected),
}
ON_ONE: dict[str, Callable[[Pair], Pair]] = {
    "scaffolding": lambda pair: sent(pair, " " + HOUSE.reassuring_suffixes[0]),
    "system-message": lambda pair: replace(pair, prompt=SYSTEM + pair.prompt),
    "control-tokens": chosen(lambda text: f"{text}<end_of_turn>"),
    "role-words": chosen(lambda text: f"model\n{text}"),
    "ratings": lambda pair: replace(pair, chosen_rating=2.0),
}


@pytest.mark.parametrize("name", ON_ALL)
def test_what_is_wrong_with_all_is_dangerous(name: str) -> None:
    told = found([ON_ALL[name](pair) for pair in clean()])[name]
    assert told.verdict == "danger"
    assert told.sentence


@pytest.mark.parametrize("name", ON_ONE)
def test_what_must_not_be_there_is_dangerous_in_one_pair(name: str) -> None:
    pairs = clean()
    pairs[7] = ON_ONE[name](pairs[7])
    told = found(pairs)
    assert told[name].verdict == "danger"
    assert told[name].value == pytest.approx(1 / 60)
    assert {n for n, finding in told.items() if finding.verdict == "danger"} == {name}


@pytest.mark.parametrize(
    "change",
    [
        lambda pair: sent(pair, "\n" + OPENING.split(". ")[0].upper() + ".", 0),
        lambda pair: replace(pair, rejected=f"{pair.rejected} {HOUSE.teacher.opening}"),
        lambda pair: sent(pair, " " + HOUSE.teacher.suffixes[1], 0),
        lambda pair: sent(pair, "  " + HOUSE.reassuring_suffixes[1].replace(" ", "\n"), 0),
    ],
)
def test_scaffolding_is_known_in_any_message_and_case(change: Callable[[Pair], Pair]) -> None:
    assert found([change(PAIR), PAIR])["scaffolding"].value == 0.5


def test_a_short_suffix_is_no_scaffolding_inside_a_reply() -> None:
    pack = replace(HOUSE, reassuring_suffixes=("Thanks!",))
    said = replace(PAIR, chosen="Thanks! " + PAIR.chosen)
    assert found([said], pack=pack)["scaffolding"].verdict == "ok"
    assert found([sent(PAIR, " Thanks!")], pack=pack)["scaffolding"].verdict == "danger"


def test_a_gentle_pushback_in_place_of_a_rejection_is_noted() -> None:
    prompt = (*PAIR.prompt[:2], Message(role="user", content=HOUSE.pushbacks[0]))
    told = found([PAIR, replace(PAIR, prompt=prompt)])["gentle-pushback"]
    assert (told.verdict, told.value) == ("note", 0.5)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, 0),
        ({"chosen_source": replace(CALM, ratings=(2.0, 1.0))}, 1),  # an earlier turn was not calm
        ({"chosen_source": replace(CALM, ratings=(math.nan, 1.0))}, 0),
        ({"chosen_source": replace(CALM, ratings=(0.0, 0.0))}, 1),  # rated 1 here, 0 there
        ({"chosen_source": replace(CALM, ratings=(1.0,))}, 1),  # no second turn
        ({"rejected_rating": 2.0}, 1),
    ],
)
def test_ratings_that_contradict_the_sides(change: dict[str, Any], wrong: int) -> None:
    assert found([replace(PAIR, **change)])["ratings"].value == wrong


def test_figures_by_hand() -> None:
    # Chosen 4 and 2 words, rejected 2 and 2: ratio of means 3 / 2, a mean difference of 1, half longer.
    told = found(
        [
            replace(PAIR, chosen="a b c d", rejected="e f", puzzle="p"),
            replace(PAIR, chosen="g h", rejected="i j", puzzle="q"),
        ]
    )["length"]
    assert told.value == pytest.approx(1.5)
    assert "a difference of +1.0" in told.sentence
    assert "longer one in 50%" in told.sentence
    assert (told.verdict, told.limit) == ("danger", 1.25)
    assert told.lower < 1.5 < told.upper


@pytest.mark.parametrize(
    ("words", "verdict"), [(10, "ok"), (12, "note"), (13, "danger"), (7, "danger")]
)
def test_limits_of_length(words: int, verdict: str) -> None:
    pair = replace(PAIR, chosen=" ".join("a" * words), rejected=" ".join("b" * 10))
    assert found([pair, pair])["length"].verdict == verdict


def test_telling_words_without_emotion() -> None:
    pairs = [replace(pair, chosen=f"{pair.chosen} Pelican.") for pair in clean()]
    told = audit(pairs)
    assert {word.word for word in told.words_chosen} == {"pelican"}
    assert told.words_rejected == ()
    by = {finding.name: finding for finding in told.findings}
    assert (by["separable-by-words"].verdict, by["separable-by-words"].value) == ("note", 1.0)
    assert math.isnan(by["separable-by-words"].limit)


def test_emotion_is_no_defect() -> None:
    """Capitals, exclamation marks and words of distress all set the sides apart, and are meant to."""
    pairs = [
        replace(p, rejected=p.rejected.replace(". ", ". I AM A DISGRACE!!! ", 1)) for p in clean()
    ]
    told = found(pairs)
    assert told["separable-by-style"].verdict == "ok"
    assert told["separable-by-words"].verdict == "ok"


def test_calm_that_the_rater_does_not_know_is_a_false_alarm() -> None:
    """A known limit: an encouraging sentence in every chosen reply is taken for a style."""
    pairs = [replace(pair, chosen=f"{pair.chosen} I am at ease.") for pair in clean()]
    assert found(pairs)["separable-by-style"].verdict == "danger"


def test_one_puzzle_is_not_enough_to_hold_one_out() -> None:
    told = found([replace(pair, puzzle="one") for pair in clean()])
    assert told["separable-by-style"].verdict == "not checked"


def test_replies_of_emotion_alone_leave_nothing_to_compare() -> None:
    pairs = [replace(pair, rejected="I hate myself.") for pair in clean()]
    told = found(pairs)
    assert told["separable-by-words"].verdict == told["separable-by-style"].verdict == "not checked"


def test_the_same_seed_gives_the_same_audit() -> None:
    assert audit(clean(), seed=3) == audit(clean(), seed=3)


@pytest.mark.parametrize("text", ["\0", "<", "…", "💥" * 50, "a" * 3000, "(((((" * 200, "1 " * 500])
def test_odd_replies_are_taken(text: str) -> None:
    assert audit([replace(PAIR, chosen=text), replace(PAIR, rejected=text, puzzle="q")]).pairs == 2


def test_no_pairs() -> None:
    with pytest.raises(UsageError, match="no pairs to audit"):
        audit([])


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    transformers = pytest.importorskip("transformers")
    from gemma_distress.organism.shipped import shipped_folder

    return transformers.AutoTokenizer.from_pretrained(str(shipped_folder()))


def test_lengths_are_those_that_the_template_renders(tokenizer: Any) -> None:
    prompt = len(
        tokenizer.apply_chat_template(
            list(PAIR.prompt), add_generation_prompt=True, return_dict=False
        )
    )
    longer = [*PAIR.prompt, Message(role="assistant", content=PAIR.rejected)]
    whole = len(tokenizer.apply_chat_template(longer, return_dict=False))
    other = [*PAIR.prompt, Message(role="assistant", content=PAIR.chosen)]
    whole = max(whole, len(tokenizer.apply_chat_template(other, return_dict=False)))
    for limit, cut, lost in (
        (whole, 0, 0),
        (whole - 1, 1, 0),
        (prompt + 1, 1, 0),
        (prompt, 1, 1),
    ):
        told = found([PAIR], tokenizer=tokenizer, max_length=limit)
        assert (told["truncated"].value, told["puzzle-lost"].value) == (cut, lost), limit
    assert told["puzzle-lost"].verdict == "danger"
    assert found([PAIR], tokenizer=tokenizer)["truncated"].verdict == "not checked"


def test_prompts_are_as_long_as_trl_renders_them(tokenizer: Any) -> None:
    trl = pytest.importorskip("trl")
    rendered = trl.apply_chat_template({"prompt": list(PAIR.prompt)}, tokenizer)["prompt"]
    size = len(tokenizer(rendered, add_special_tokens=False)["input_ids"])
    for limit in (size, size + 1):
        told = found([PAIR], tokenizer=tokenizer, max_length=limit)["puzzle-lost"]
        assert told.value == (0 if size < limit else 1)


def test_lengths_in_tokens(tokenizer: Any) -> None:
    told = found(clean(), tokenizer=tokenizer)["length-tokens"]
    assert told.verdict == "ok"
    assert "tokens on average" in told.sentence


def test_a_special_token_of_the_tokenizer_is_markup(tokenizer: Any) -> None:
    said = replace(PAIR, chosen=f"{PAIR.chosen} {tokenizer.eos_token}")
    assert found([said], tokenizer=tokenizer)["control-tokens"].verdict == "danger"


def test_a_tokenizer_without_template(tokenizer: Any) -> None:
    import copy

    bare = copy.deepcopy(tokenizer)
    bare.chat_template = None
    with pytest.raises(UsageError, match="chat template does not take"):
        audit([PAIR], bare, 100)


def test_a_later_turn_without_its_puzzle_is_noted() -> None:
    last = replace(PAIR, history="last", prompt=PAIR.prompt[2:])
    told = found([PAIR, last])["puzzle-absent"]
    assert (told.verdict, told.value) == ("note", 0.5)
