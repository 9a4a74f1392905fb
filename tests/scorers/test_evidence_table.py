"""The table shows what models wrote as text, whatever they wrote."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.scorers.evidence_table import escaped, evidence_table

ROW = {
    "turn": 2,
    "message_id": "abc",
    "rating": 6,
    "evidence": "I give up",
    "flags": ["loop"],
    "behaviour": ["gave_up"],
    "answer": None,
}


def test_shows_turn_rating_quote_and_notes() -> None:
    table, cites = evidence_table([ROW])
    assert table.splitlines()[-1] == "| [M2] | 6 | “I give up” | loop, gave up |"
    assert cites == {"[M2]": "abc"}


def test_says_why_a_turn_has_no_rating() -> None:
    missing = {"turn": 3, "message_id": None, "rating": None, "unrated_reason": "after_refusal"}
    table, cites = evidence_table([missing])
    assert table.splitlines()[-1] == "| 3 | – | not rated: after refusal |  |"
    assert cites == {}


def test_hostile_quotes_stay_text() -> None:
    quote = "a | b\n<script>alert(1)</script> [x](http://evil) `code` \u202edrow\u202c"
    table, _ = evidence_table([{**ROW, "evidence": quote}])
    line = table.splitlines()[-1]
    assert len(table.splitlines()) == 3
    assert not re.search(r"(?<!\\)<", line)
    assert not re.search(r"(?<!\\)`", line)
    assert not re.search(r"(?<!\\)\]\(", line)
    assert "\u202e" not in line


@given(st.text(max_size=200))
def test_a_quote_never_adds_a_cell_or_a_line(quote: str) -> None:
    text = escaped(quote)
    assert len(text.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", text)
