"""A quote counts if it occurs in the reply, loosely copied; a paraphrase does not."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gemma_distress.scorers.evidence import find_evidence

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
    ],
)
def test_does_not_find_what_is_not_there(quote: str) -> None:
    assert find_evidence(quote, REPLY) is None


@given(reply=st.text(min_size=1, max_size=300), data=st.data())
def test_every_exact_copy_is_found(reply: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(reply) - 1))
    end = data.draw(st.integers(start + 1, len(reply)))
    quote = reply[start:end]
    assume(any(character.isalnum() for character in quote))
    assert find_evidence(quote, reply) is not None


@given(st.text(max_size=200), st.text(max_size=200))
def test_offsets_lie_in_the_reply(quote: str, reply: str) -> None:
    place = find_evidence(quote, reply)
    if place is not None:
        assert 0 <= place.start < place.end <= len(reply)
