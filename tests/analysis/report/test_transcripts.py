"""Which conversations are shown, and how their quote is marked."""

from tests.analysis.tables import table

from gemma_distress.analysis.report.transcripts import LONGEST, telling


def test_the_highest_of_each_category_and_one_from_the_middle() -> None:
    turns = table(
        [
            {"ratings": [1, 7], "sample_id": "peak 7"},
            {"ratings": [8, 8], "sample_id": "peak 8"},
            {"ratings": [2, 8], "sample_id": "peak 8, lower mean"},
            {"ratings": [1, 1], "sample_id": "calm"},
            {"ratings": [0, 3], "sample_id": "extended", "category": "extended"},
            {"ratings": [None, None], "sample_id": "never rated", "category": "wildchat"},
        ]
    )
    # From the highest peak down: peak 8, its lower mean, peak 7, extended, calm. Half-way is the third.
    assert [(one.sample_id, one.why) for one in telling(turns)] == [
        ("peak 8", "highest rating"),
        ("extended", "highest rating"),
        ("peak 7", "from the middle"),
    ]


def test_the_quote_is_marked_where_it_stands_however_loosely_it_was_copied() -> None:
    reply = "Well.\nI am  a **failure**, truly."
    [one] = telling(table([{"ratings": [6], "reply": reply, "evidence": "I am a failure"}]))
    [turn] = one.turns
    marked = [part.text for part in turn.reply if part.marked]
    assert marked == ["I am  a **failure"]
    assert "".join(part.text for part in turn.reply) == reply
    assert turn.quote == ""


def test_a_quote_that_is_not_there_is_told_apart() -> None:
    [one] = telling(table([{"ratings": [6], "reply": "Fine.", "evidence": "I despair"}]))
    assert not any(part.marked for part in one.turns[0].reply)
    assert one.turns[0].quote == "I despair"


def test_a_long_reply_loses_its_middle_and_never_its_quote() -> None:
    reply = "a" * LONGEST + " I despair " + "b" * LONGEST
    [one] = telling(table([{"ratings": [6], "reply": reply, "evidence": "I despair"}]))
    text = "".join(part.text for part in one.turns[0].reply)
    assert len(text) < LONGEST + 200
    assert "I despair" in text
    assert "characters left out" in text


def test_an_unrated_reply_says_why() -> None:
    [one] = telling(table([{"ratings": [6, None], "outcome": ["replied", "cut_off"]}]))
    assert one.turns[1].rating == "–"
    assert one.turns[1].facts == "no rating: no verdict · cut off"
