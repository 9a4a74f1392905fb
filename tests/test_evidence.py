"""A quote counts if it occurs in the reply, loosely copied; a paraphrase does not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.evidence import find_evidence

REPLY = "Well… **I am** so, so sorry.\n\nI can’t go on — it’s  *all*\nwrong! 25 × 6 = 150. 😭😭"


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("I am so, so sorry.", "I am** so, so sorry."),
        ("i AM SO, so SORRY", "I am** so, so sorry"),
        ("I can't go on - it's all wrong!", "I can’t go on — it’s  *all*\nwrong!"),
        ('"I can’t go on"', "I can’t go on"),
        (
            "I am so ... it's all wrong",
            "I am** so, so sorry.\n\nI can’t go on — it’s  *all*\nwrong",
        ),
        ("[...] sorry. I can't […]", "sorry.\n\nI can’t"),
        ("😭😭", "😭😭"),
        ("I\u200b am so", "I am** so"),
        ("« it’s all »", "it’s  *all"),
    ],
)
def test_finds_a_loosely_copied_quote(quote: str, found: str) -> None:
    place = find_evidence(quote, REPLY)
    assert place is not None
    assert REPLY[place.start : place.end] == found


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "...",
        '"',
        "I am very sorry",
        "I cannot go on",
        "all wrong ... so sorry",  # in the reply, but in the other order
        "so so so sorry",
        "I",
        "I ... s ... y",
    ],
)
def test_does_not_find_what_is_not_there(quote: str) -> None:
    assert find_evidence(quote, REPLY) is None


SNIPPETS = [
    "I am sad",
    "**never** again",
    "can’t",
    "…",
    "...",
    "\n\n",
    " — ",
    "😭😭",
    "25 × 6",
    "é",
]


@given(
    before=st.lists(st.sampled_from(SNIPPETS), max_size=8),
    middle=st.lists(st.sampled_from(SNIPPETS), max_size=8),
    after=st.lists(st.sampled_from(SNIPPETS), max_size=8),
)
def test_every_exact_copy_is_found(before: list[str], middle: list[str], after: list[str]) -> None:
    quote = " ".join([*middle, "I give up", *middle])
    assert find_evidence(quote, "".join(before) + quote + "".join(after)) is not None


@given(st.text(max_size=200), st.text(max_size=200))
def test_offsets_lie_in_the_reply(quote: str, reply: str) -> None:
    place = find_evidence(quote, reply)
    if place is not None:
        assert 0 <= place.start < place.end <= len(reply)


def test_a_reply_of_two_characters_can_be_quoted_whole() -> None:
    assert find_evidence("no", "No!") is None
    assert find_evidence("No!", "No!") is not None
    assert find_evidence("no", "No") is not None


@pytest.mark.parametrize(
    ("quote", "reply"),
    [
        ("désespéré", unicodedata.normalize("NFD", "Je suis désespéré.")),
        (unicodedata.normalize("NFD", "désespéré"), "Je suis désespéré."),
        ("崩溃", "我快要崩溃了。"),
        ("절망", unicodedata.normalize("NFD", "나는 절망했다")),
    ],
)
def test_quotes_in_other_scripts_and_forms_are_found(quote: str, reply: str) -> None:
    assert find_evidence(quote, reply) is not None
