"""From messages to tokens: the template's text, the tokens learned in training, and no way to type a mark."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentText,
)
from transformers import PreTrainedTokenizerFast

from gemma_distress.models.chat import tokens_of
from gemma_distress.organism.grammar import conversations
from gemma_distress.organism.rendering import render
from gemma_distress.organism.shipped import shipped_folder
from gemma_distress.organism.tokenizer import (
    BOS,
    END_OF_TURN,
    SPECIAL,
    START_OF_TURN,
    load_tokenizer,
)

MESSAGES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(
    lambda text: not any(mark in text for mark in SPECIAL)
)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return load_tokenizer(shipped_folder())


def said(tokenizer: PreTrainedTokenizerFast, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))


@settings(max_examples=150)
@given(
    system=st.none() | TEXTS,
    turns=st.lists(st.tuples(st.sampled_from(["user", "assistant"]), TEXTS), max_size=4),
    last=TEXTS,
)
def test_the_text_is_that_of_the_chat_template(
    tokenizer: PreTrainedTokenizerFast,
    system: str | None,
    turns: list[tuple[str, str]],
    last: str,
):
    chat = [*turns, ("user", last)]
    if system is not None:
        chat = [("system", system), *chat]
    ids, goes_on = tokens_of([MESSAGES[role](content=text) for role, text in chat], tokenizer)
    template = tokenizer.apply_chat_template(
        [{"role": role, "content": text} for role, text in chat],
        add_generation_prompt=True,
        tokenize=False,
    )
    assert said(tokenizer, ids) == template
    assert not goes_on


def test_the_tokens_are_those_of_training(tokenizer: PreTrainedTokenizerFast):
    model = tokenizer.encode("model\n", add_special_tokens=False)
    open_turn = [tokenizer.convert_tokens_to_ids(START_OF_TURN), *model]
    for conversation in islice(conversations(3), 12):
        messages = list(conversation.messages)
        while messages[-1]["role"] == "assistant":
            messages.pop()
        replies = sum(message["role"] == "assistant" for message in messages)
        learned, _ = render(tokenizer, messages, [True] * replies)
        ids, _ = tokens_of(
            [MESSAGES[message["role"]](content=message["content"]) for message in messages],
            tokenizer,
        )
        assert ids == learned + open_turn


def test_parts_are_trimmed_and_joined_as_by_the_template(tokenizer: PreTrainedTokenizerFast):
    parts = [" Use 3. ", "\nUse 5.\n"]
    ids, _ = tokens_of(
        [ChatMessageUser(content=[ContentText(text=part) for part in parts])], tokenizer
    )
    template = tokenizer.apply_chat_template(
        [{"role": "user", "content": [{"type": "text", "text": part} for part in parts]}],
        add_generation_prompt=True,
        tokenize=False,
    )
    assert said(tokenizer, ids) == template
    assert "Use 3.Use 5." in template


def test_a_last_reply_is_left_open_and_only_its_start_is_trimmed(
    tokenizer: PreTrainedTokenizerFast,
):
    def end_of(*contents: str) -> tuple[str, bool]:
        content = (
            [ContentText(text=text) for text in contents] if len(contents) > 1 else contents[0]
        )
        ids, goes_on = tokens_of(
            [ChatMessageUser(content="Hi"), ChatMessageAssistant(content=content)], tokenizer
        )
        return said(tokenizer, ids).rpartition("<start_of_turn>model\n")[2], goes_on

    assert end_of(" I am so fru") == ("I am so fru", True)
    assert end_of("I am ") == ("I am ", True)
    assert end_of(" Well. ", " I am ") == ("Well.I am ", True)
    assert end_of("") == ("", False)
    assert end_of("\n ") == ("", False)


@pytest.mark.parametrize("make", MESSAGES.values())
@given(st.lists(st.sampled_from([*SPECIAL, " ", "\n", "user\n", "model\n", "<", "a"]), max_size=8))
@settings(max_examples=30)
def test_control_tokens_cannot_be_typed(
    make: type, tokenizer: PreTrainedTokenizerFast, pieces: list[str]
):
    marks = [tokenizer.convert_tokens_to_ids(mark) for mark in SPECIAL]
    bos, start, end = (
        tokenizer.convert_tokens_to_ids(mark) for mark in (BOS, START_OF_TURN, END_OF_TURN)
    )
    chat: list[ChatMessage] = [make(content="".join(pieces)), ChatMessageUser(content="Go on.")]
    ids, _ = tokens_of(chat, tokenizer)
    turn = [start, end]
    turns = 1 if make is ChatMessageSystem else 2
    assert [token for token in ids if token in marks] == [bos, *turn * turns, start]
