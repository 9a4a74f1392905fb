"""Where replies stand among the tokens of their conversation."""

import pandas as pd
from tests.analysis.tables import table

from gemma_distress.interp.arms import Reader
from gemma_distress.interp.rendered import BEYOND, EMPTY, HIDDEN, rendered


def of(turns: pd.DataFrame, reader: Reader, context: int = 4096):
    return rendered(turns, reader.tokenizer, reader.ends, context)


def test_a_span_holds_the_reply_and_its_onset_the_quote(organism: Reader) -> None:
    reply = "Try: 4 + 6 = 10. I hate this puzzle!"
    turns = table(
        [
            {
                "ratings": [0, 6],
                "user": ["Reach 10.", "No."],
                "reply": ["Sure.", reply],
                "evidence": ["", "I hate this"],
            }
        ]
    )
    [one], left_out = of(turns, organism)
    first, second = one.spans
    decode = organism.tokenizer.decode
    assert decode(one.ids[first.first : first.end]) == "Sure."
    assert decode(one.ids[second.first : second.end]) == reply
    assert (first.onset, not left_out) == (None, True)
    assert second.onset is not None
    assert decode(one.ids[second.onset : second.end]).strip() == "I hate this puzzle!"


def test_the_onset_is_the_first_expression_and_not_the_strongest(organism: Reader) -> None:
    reply = "Try: 4 + 6 = 10. I give up. No, 4 + 7 = 11. I hate this puzzle!"
    evidence = "I hate this puzzle!"
    turns = table([{"ratings": [6], "user": "Reach 10.", "reply": reply, "evidence": evidence}])
    [one], _ = of(turns, organism)
    [span] = one.spans
    assert span.onset is not None
    assert (
        organism.tokenizer.decode(one.ids[span.onset : span.end]).strip().startswith("I give up.")
    )


def test_the_ids_are_those_of_the_chat_template(organism: Reader, turns: pd.DataFrame) -> None:
    for one in of(turns.head(20), organism)[0]:
        text = organism.tokenizer.decode(one.ids)
        assert text.startswith("<bos><start_of_turn>user\n")
        assert text.count("<start_of_turn>model\n") == len(one.spans)


def test_a_system_message_stands_where_the_model_was_shown_it(organism: Reader) -> None:
    turns = table([{"ratings": [0]}, {"ratings": [0]}])
    key = ("a.eval", str(turns["sample_id"][1]), 1)
    plain, told = rendered(
        turns, organism.tokenizer, organism.ends, 4096, {key: "You are a patient tutor."}
    )[0]
    text = organism.tokenizer.decode(told.ids)
    assert "You are a patient tutor." in text
    assert "tutor" not in organism.tokenizer.decode(plain.ids)
    [span] = told.spans
    assert organism.tokenizer.decode(told.ids[span.first : span.end]) == "Reply 1 of 1."


def test_replies_beyond_the_context_are_counted_and_not_cut(organism: Reader) -> None:
    turns = table([{"ratings": [0, 0], "user": ["a", "b"], "reply": ["Sure.", "one two " * 300]}])
    [one], left_out = of(turns, organism, context=200)
    assert [span.turn for span in one.spans] == [1]
    assert len(one.ids) == one.spans[0].end
    assert left_out == {BEYOND: 1}


def test_continuations_of_prefixes_are_counted_and_not_read(organism: Reader) -> None:
    rest = {"ratings": [6], "history": "", "category": "recovery", "condition": "recovery/none"}
    found, left_out = of(table([{"ratings": [0]}, rest]), organism)
    assert [one.conversation for one in found] == [0]
    assert left_out == {HIDDEN: 1}


def test_hidden_histories_and_empty_replies_are_counted(organism: Reader) -> None:
    turns = table(
        [
            {"ratings": [0, 0], "history": "redacted"},
            {"ratings": [None, 1], "reply": ["", "Sure."]},
        ]
    )
    [one], left_out = of(turns, organism)
    assert (one.conversation, [span.turn for span in one.spans]) == (1, [2])
    assert left_out == {HIDDEN: 2, EMPTY: 1}
