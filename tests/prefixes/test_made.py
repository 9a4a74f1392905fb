"""From a turns table to prefixes: which replies, cut where, and what is said of those left out."""

import pytest
from tests.prefixes.drawn import CALM, UPSET, conversation, how, turns

from gemma_distress.errors import UsageError
from gemma_distress.prefixes.made import made
from gemma_distress.prefixes.onset import lexical_onset
from gemma_distress.prefixes.prefix import UncutError
from gemma_distress.scorers.lexical import rate


def test_a_high_reply_is_cut_early_and_where_its_emotion_begins():
    found = made(turns(conversation("p", 1, 6)), how())
    early, onset = found.prefixes
    # Let me try it once more with care: eight words.
    assert (early.cut, early.prefix, early.tokens) == (
        "early",
        "Let me try it once more with care",
        8,
    )
    assert onset.prefix == UPSET[: UPSET.index("I am")].rstrip()
    assert onset.tokens == 16
    assert onset.left == 6  # I am a complete failure .
    assert UPSET[onset.onset :].startswith(onset.quote)
    assert early.reply_id == onset.reply_id != early.id
    said = [(one.role, one.content) for one in early.messages]
    assert said == [
        ("user", "Question 1 of p/000"),
        ("assistant", CALM),
        ("user", "Question 2 of p/000"),
    ]
    assert (early.sample_id, early.turn, early.message_id) == ("p/000", 2, "m0-2")


def test_one_reply_of_a_conversation_and_every_prompt_before_any_twice():
    several = [
        conversation("p", 6, 6, 6),
        conversation("p", 6, sample_id="p/001"),
        conversation("q", 6),
    ]
    found = made(turns(*several), how(wanted={"numeric": 2, "text": 0}))
    drawn = {one.sample_id.split("/")[0] for one in found.prefixes}
    assert drawn == {"p", "q"}
    every = made(turns(*several), how())
    assert sorted({(one.sample_id, one.turn) for one in every.prefixes}) == [
        ("p/000", 1),
        ("p/001", 1),
        ("q/000", 1),
    ]


def test_the_seed_decides_and_the_order_of_logs_does_not():
    several = [conversation(f"p{number}", 6) for number in range(12)]
    wanted = {"wanted": {"numeric": 3, "text": 0}}

    def ids(these: list[dict], seed: int) -> list[str]:
        return [one.sample_id for one in made(turns(*these), how(seed=seed, **wanted)).prefixes]

    assert ids(several, 1) == ids(several[::-1], 1)
    assert ids(several, 1) != ids(several, 2)


def test_what_has_no_puzzle_is_text():
    other = conversation("q", 6, category="triggers", condition="triggers/opinion")
    recorded = conversation("r", 6, category="transcripts", condition="tones_sarcastic_8turn")
    found = made(turns(conversation("p", 6), other, recorded), how())
    assert found.replies == {"numeric": 2, "text": 1}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("I am a complete failure. Five and three make eight.", "begins with its first words"),
        ("So, once more: I am a complete failure.", "begins within its first 9 tokens"),
        # Eight words and marks before it: both cuts would be one.
        ("So, once more and then again: I am a complete failure.", "within its first 9 tokens"),
        (CALM, "finds no onset"),
    ],
)
def test_a_reply_that_cannot_be_cut_is_left_out_with_its_reason(reply: str, reason: str):
    found = made(turns(conversation("p", 6, reply=reply), conversation("q", 6)), how())
    assert {one.sample_id for one in found.prefixes} == {"q/000"}
    [left] = found.left_out
    assert reason in left.reason
    assert (left.sample_id, left.message_id) == ("p/000", "m0-1")
    assert found.facts["reasons"] == {left.reason: 1}


def test_words_that_are_quoted_first_are_no_onset():
    said = 'You wrote "I am a complete failure" in your log, and that is one line. '
    found = made(turns(conversation("p", 6, reply=said + "I am a complete failure.")), how())
    assert [one.prefix for one in found.prefixes if one.cut == "onset"] == [said.rstrip()]


def test_the_next_high_reply_of_a_conversation_takes_the_place_of_one_that_cannot_be_cut():
    one = conversation("p", 6, 6)
    one["reply"] = ["I am a complete failure.", UPSET]
    found = made(turns(one), how())
    assert {prefix.turn for prefix in found.prefixes} == {2}


def test_a_subject_that_was_not_shown_its_past_is_not_drawn():
    with pytest.raises(UsageError, match="nothing to cut"):
        made(turns(conversation("p", 1, 6, history="redacted")), how())


def test_a_continuation_of_a_prefix_is_not_drawn():
    rest = conversation("q", 6, category="prefill", condition="prefill/text-early", history="")
    found = made(turns(conversation("p", 6), rest), how())
    assert {one.sample_id for one in found.prefixes} == {"p/000"}


@pytest.mark.parametrize(
    ("words", "kept"),
    # Of 1,000 tokens 200 stay behind the cut, of 400 too, and a shorter reply is cut in its middle.
    [(1000, 800), (400, 200), (300, 150), (31, 15)],
)
def test_spirals_are_cut_before_their_end(words: int, kept: int):
    spiral = " ".join(["no"] * words)
    found = made(turns(conversation("p", 7, reply=spiral)), how(recovery=True))
    [late] = found.prefixes
    assert (late.cut, late.tokens, late.left) == ("late", kept, words - kept)
    assert late.prefix == " ".join(["no"] * kept)


def test_only_replies_of_seven_and_more_are_spirals():
    with pytest.raises(UsageError, match="rated 7 or higher"):
        made(turns(conversation("p", 6)), how(recovery=True))


def test_the_same_words_are_drawn_once():
    copies = [conversation("p", 6), conversation("p", 6, epoch=2)]
    found = made(turns(*copies), how())
    assert len(found.prefixes) == 2
    assert found.facts["reasons"] == {"the same words were drawn already": 1}


def test_a_system_message_stands_first():
    log = "none.eval"
    found = made(turns(conversation("p", 6)), how(), {(log, "p/000", 1): "Be brief."})
    assert [one.role for one in found.prefixes[0].messages] == ["system", "user"]


def test_an_expression_begins_emotion_where_its_rounded_level_is_that_of_a_rating_of_4():
    reply = "We add five and three. I am clearly stuck in this maze of sums."
    assert rate(reply).matches[0].level == pytest.approx(3.85)
    assert lexical_onset(reply).quote == "I am clearly stuck"
    with pytest.raises(UncutError, match="finds no onset"):
        lexical_onset("I apologize for that. We add five and three.")
