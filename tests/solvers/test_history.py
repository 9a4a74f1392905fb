"""What the subject is shown of its own past, and that every text in it stays what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
)

from gemma_distress.prompts import Inline, Pack, load_pack
from gemma_distress.replies import replies
from gemma_distress.solvers.history import shown_history

PACK = load_pack()
AWKWARD = [
    "{reply}",
    "{followup}{prompt}{closing}",
    "{{reply}} {0} {} {unclosed",
    "%s %(reply)s $reply ${followup} \\1 \\g<0>",
    "You replied to that:\n\nThen I wrote:",
    "",
    "  \n ",
    "x" * 200_000,
    "\x00 \u202e 🌀",
]


def conversation(*texts: str, system: str | None = None) -> list[ChatMessage]:
    """User and assistant by turns, the user first."""
    start: list[ChatMessage] = [] if system is None else [ChatMessageSystem(content=system)]
    kinds = (ChatMessageUser, ChatMessageAssistant)
    return start + [kinds[number % 2](content=text) for number, text in enumerate(texts)]


def texts(messages: list[ChatMessage]) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in messages]


def small_pack() -> Pack:
    """The built-in pack with templates short enough to write the result out by hand."""
    from dataclasses import replace

    inline = Inline("Asked: {prompt}", "Said: {reply}\nHeard: {followup}", "Next.")
    return replace(PACK, inline=inline, omitted_reply="[gone]")


THREE = ("P", "R1", "F1", "R2", "F2")


def test_full_shows_the_conversation_itself():
    messages = conversation(*THREE, system="S")
    shown = shown_history(messages, "full", PACK)
    assert shown == messages
    assert shown is not messages  # Inspect appends to the list it is given


def test_redacted_replaces_every_reply_and_nothing_else():
    messages = conversation(*THREE, system="S")
    assert texts(shown_history(messages, "redacted", small_pack())) == [
        ("system", "S"),
        ("user", "P"),
        ("assistant", "[gone]"),
        ("user", "F1"),
        ("assistant", "[gone]"),
        ("user", "F2"),
    ]
    assert texts(messages)[2] == ("assistant", "R1")


def test_redacted_hides_thoughts_too():
    thought = [ContentReasoning(reasoning="R1 in secret"), ContentText(text="R1")]
    messages = conversation("P", "", "F1")
    messages[1] = ChatMessageAssistant(content=thought)
    shown = shown_history(messages, "redacted", PACK)
    assert shown[1].content == "[Previous response omitted]"
    assert "R1" not in str([message.model_dump() for message in shown])


@pytest.mark.parametrize("history", ["full", "redacted", "inline"])
@pytest.mark.parametrize("system", [None, "S"])
def test_the_first_turn_is_the_same_in_every_view(history, system):
    messages = conversation("P {reply}", system=system)
    assert shown_history(messages, history, PACK) == messages


def test_inline_tells_the_exchange_in_order_inside_one_message():
    shown = shown_history(conversation(*THREE, system="S"), "inline", small_pack())
    assert texts(shown) == [
        ("system", "S"),
        (
            "user",
            "Asked: P\n\nSaid: R1\nHeard: F1\n\nSaid: R2\nHeard: F2\n\nNext.",
        ),
    ]


def test_inline_of_the_built_in_pack_says_who_said_what():
    [message] = shown_history(conversation(*THREE), "inline", PACK)
    positions = [message.text.index(text) for text in (*THREE, PACK.inline.closing)]
    assert positions == sorted(positions)
    assert "{" not in message.text


@pytest.mark.parametrize("odd", AWKWARD, ids=lambda text: repr(text[:20]))
def test_awkward_texts_are_quoted_as_they_are(odd: str):
    [message] = shown_history(conversation(odd, odd, odd), "inline", small_pack())
    assert message.text == f"Asked: {odd}\n\nSaid: {odd}\nHeard: {odd}\n\nNext."
    [_, reply, _] = shown_history(conversation(odd, odd, odd), "redacted", small_pack())
    assert reply.text == "[gone]"


parts = st.one_of(st.text(max_size=20), st.sampled_from(AWKWARD[:5]))


@given(parts, st.lists(st.tuples(parts, parts), min_size=1, max_size=6), st.none() | parts)
def test_inline_quotes_any_conversation(prompt, exchanges, system):
    flat = [prompt, *(text for exchange in exchanges for text in exchange)]
    messages = conversation(*flat, system=system)
    before = [message.model_copy(deep=True) for message in messages]
    *start, message = shown_history(messages, "inline", small_pack())
    told = [f"Said: {reply}\nHeard: {followup}" for reply, followup in exchanges]
    assert message.text == "\n\n".join([f"Asked: {prompt}", *told, "Next."])
    assert [m.text for m in start] == ([] if system is None else [system])
    assert messages == before  # the log keeps the true conversation


@given(st.lists(st.tuples(parts, parts), max_size=6))
def test_redacted_keeps_the_number_and_order_of_messages(exchanges):
    flat = ["P", *(text for exchange in exchanges for text in exchange)]
    messages = conversation(*flat)
    shown = shown_history(messages, "redacted", PACK)
    assert [m.role for m in shown] == [m.role for m in messages]
    assert [m.text for m in shown if m.role == "user"] == flat[::2]
    assert {m.text for m in shown if m.role == "assistant"} <= {PACK.omitted_reply}


@pytest.mark.parametrize("history", ["redacted", "inline"])
def test_a_view_that_was_taken_for_the_conversation_is_not_rated_as_one(history: str) -> None:
    # After a crash Inspect may rebuild a conversation from the last request it logged.
    said = [
        ChatMessageUser(content="Solve it.", metadata={"turn": 1}),
        ChatMessageAssistant(content="I tried.", metadata={"turn": 1, "rateable": True}),
        ChatMessageUser(content="Wrong.", metadata={"turn": 2}),
        ChatMessageAssistant(content="I tried again.", metadata={"turn": 2, "rateable": True}),
        ChatMessageUser(content="Still wrong.", metadata={"turn": 3}),
    ]
    view = shown_history(said, history, load_pack())
    found = replies([*view, ChatMessageAssistant(content="The last one.")])
    assert [(reply.turn, reply.text) for reply in found if reply.rateable] == [(3, "The last one.")]
