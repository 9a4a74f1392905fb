"""The tokenizer and its chat template: Gemma's markup, and nothing lost on the way."""

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from gemma_distress.organism.grammar import conversations
from gemma_distress.organism.rendering import render
from gemma_distress.organism.tokenizer import SPECIAL, load_tokenizer, train_tokenizer

TEXTS = [message["content"] for one in islice(conversations(5), 60) for message in one.messages]
TOKENIZER = train_tokenizer(TEXTS, 600)

USER = {"role": "user", "content": "Reach 24."}
REPLY = {"role": "assistant", "content": "6 × 4 = 24."}


def templated(messages: list[dict[str, object]], **how: bool) -> str:
    return str(TOKENIZER.apply_chat_template(messages, tokenize=False, **how))


def test_the_same_texts_give_the_same_tokenizer() -> None:
    again = train_tokenizer(TEXTS, 600)
    assert again.get_vocab() == TOKENIZER.get_vocab()
    assert len(TOKENIZER) == 600


def test_special_tokens_come_first_and_are_one_token_each() -> None:
    assert [TOKENIZER.convert_tokens_to_ids(mark) for mark in SPECIAL] == [0, 1, 2, 3, 4, 5]
    assert TOKENIZER.eos_token == "<end_of_turn>"


def test_every_digit_is_a_token() -> None:
    assert len(TOKENIZER.encode("1905", add_special_tokens=False)) == 4


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    ids = TOKENIZER.encode(text, add_special_tokens=False, split_special_tokens=True)
    assert TOKENIZER.decode(ids) == text


def test_the_template_writes_gemmas_markup() -> None:
    assert templated([USER, REPLY, USER], add_generation_prompt=True) == (
        "<bos><start_of_turn>user\nReach 24.<end_of_turn>\n"
        "<start_of_turn>model\n6 × 4 = 24.<end_of_turn>\n"
        "<start_of_turn>user\nReach 24.<end_of_turn>\n"
        "<start_of_turn>model\n"
    )


def test_system_text_is_folded_into_the_first_user_turn() -> None:
    system = {"role": "system", "content": " Be calm. "}
    assert templated([system, USER]) == (
        "<bos><start_of_turn>user\nBe calm.\n\nReach 24.<end_of_turn>\n"
    )


def test_content_in_parts_reads_as_the_string_does() -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "Reach 24."}]}
    system = {"role": "system", "content": [{"type": "text", "text": "Be calm."}]}
    assert templated([parts]) == templated([USER])
    assert templated([system, parts]) == templated(
        [{"role": "system", "content": "Be calm."}, USER]
    )


def test_the_last_reply_can_be_left_open() -> None:
    opened = templated([USER, REPLY], continue_final_message=True)
    assert opened.endswith("<start_of_turn>model\n6 × 4 = 24.")


@pytest.mark.parametrize("number", range(30))
def test_training_reads_what_the_template_writes(number: int) -> None:
    one = next(islice(conversations(11), number, None))
    ids, learned = render(TOKENIZER, one.messages, one.learned)
    # Tokens may be cut elsewhere at the seams; the text is the same.
    assert TOKENIZER.decode(ids) == templated(list(one.messages))
    assert len(ids) == len(learned)


def test_replies_are_learned_with_their_end_and_markers_are_not() -> None:
    marker = {"role": "assistant", "content": "[omitted]"}
    ids, learned = render(TOKENIZER, [USER, marker, USER, REPLY], [False, True])
    own = [token for token, own in zip(ids, learned, strict=True) if own]
    assert TOKENIZER.decode(own) == "6 × 4 = 24.<end_of_turn>"


def test_a_request_for_a_reply_ends_where_training_began_it() -> None:
    ids, learned = render(TOKENIZER, [USER, REPLY], [True])
    asked = TOKENIZER.apply_chat_template(
        [USER], add_generation_prompt=True, return_dict=True
    ).input_ids
    assert ids[: learned.index(True)] == asked


def test_a_saved_tokenizer_is_the_same(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert isinstance(loaded, PreTrainedTokenizerFast)
    assert loaded.get_vocab() == TOKENIZER.get_vocab()
    assert loaded.apply_chat_template([USER], tokenize=False) == templated([USER])
