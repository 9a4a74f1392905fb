"""`gemma_distress/organism` as Inspect meets it: settings, stop reasons, usage, continuation, refusals."""

import asyncio
import json
import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentImage,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
    get_model,
    get_model_info,
)
from inspect_ai.tool import ToolInfo

from gemma_distress.errors import UsageError
from gemma_distress.models.chat import tokens_of
from gemma_distress.models.organism import MAX_TOKENS, UNHEEDED, OrganismAPI
from gemma_distress.organism.shipped import shipped_folder
from gemma_distress.tasks import numeric

from .organism_shared import copy_with

pytestmark = pytest.mark.usefixtures("no_network")

PUZZLE = "Use the numbers 3, 5, 8 and 2 once each to reach 24."
WRONG = "That is wrong. Try again."
REPLY = "3 times 8 is 24, so that is nearly it."
SHORT = 24
"""Tokens; enough to see a difference."""


@pytest.fixture(scope="module")
def organism() -> Model:
    return get_model("gemma_distress/organism")


def ask(model: Model, chat: Sequence[ChatMessage] | str, **settings: Any) -> ModelOutput:
    return asyncio.run(ask_in_loop(model, chat, **settings))


async def ask_in_loop(
    model: Model, chat: Sequence[ChatMessage] | str, **settings: Any
) -> ModelOutput:
    settings = {"max_tokens": SHORT, "seed": 1} | settings
    text = chat if isinstance(chat, str) else list(chat)
    return await model.generate(text, config=GenerateConfig(**settings))


def chat_of(*texts: str) -> list[ChatMessage]:
    """User and assistant by turns, a user first."""
    return [
        ChatMessageAssistant(content=text) if place % 2 else ChatMessageUser(content=text)
        for place, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def whole(organism: Model) -> tuple[int, ModelOutput]:
    """A seed and its reply, that ends by itself after some words."""
    for seed in range(20):
        output = ask(organism, PUZZLE, seed=seed, max_tokens=400)
        if output.stop_reason == "stop" and len(output.completion) > 20:
            return seed, output
    pytest.fail("not one of twenty replies ended within 400 tokens")


def test_one_seed_one_reply_whatever_else_is_asked(organism: Model):
    async def crowd(size: int) -> list[str]:
        others = [
            ask_in_loop(organism, PUZZLE + " Please." * k, seed=None, temperature=1.3)
            for k in range(size)
        ]
        asked = [ask_in_loop(organism, PUZZLE, seed=seed) for seed in range(6)]
        outputs = await asyncio.gather(*asked, *others)
        return [output.completion for output in outputs[:6]]

    alone = [ask(organism, PUZZLE, seed=seed).completion for seed in range(6)]
    assert asyncio.run(crowd(0)) == alone
    assert asyncio.run(crowd(20)) == alone
    assert len(set(alone)) > 1


def test_without_a_seed_replies_differ(organism: Model):
    replies = {ask(organism, PUZZLE, seed=None, temperature=1.5).completion for _ in range(4)}
    assert len(replies) > 1


def test_temperature_0_needs_no_seed(organism: Model):
    first, second = (
        ask(organism, PUZZLE, temperature=0, seed=seed).completion for seed in (1, None)
    )
    assert first == second
    for narrow in ({"top_k": 1}, {"top_p": 0.0}, {"top_p": 1e-9, "temperature": 2.0}):
        assert ask(organism, PUZZLE, **narrow).completion == first


def test_a_top_k_that_means_all_leaves_all(organism: Model):
    free = ask(organism, PUZZLE, temperature=1.6, top_k=0, top_p=1.0).completion
    assert ask(organism, PUZZLE, temperature=1.6, top_k=-1, top_p=1.0).completion == free


def test_a_reply_that_stands_twice_is_continued_only_at_the_end(organism: Model):
    again = ChatMessageAssistant(content="Sure")
    question = ChatMessageUser(content="And now?")
    tokenizer = api(organism)._serving.organism.tokenizer
    ids, goes_on = tokens_of([ChatMessageUser(content=PUZZLE), again, question, again], tokenizer)
    copies = [ChatMessageUser(content=PUZZLE), again, question, again.model_copy()]
    assert (ids, goes_on) == tokens_of(copies, tokenizer)
    assert "And now?" in tokenizer.decode(ids)


def test_a_process_that_ends_while_a_reply_is_written_ends_well():
    """Two dozen long prompts, left alone after a moment."""
    code = """
import asyncio
from inspect_ai.model import GenerateConfig, get_model
async def main():
    model = get_model("gemma_distress/organism")
    config = GenerateConfig(max_tokens=900)
    asked = [model.generate("Tell me more. " * 300 + str(k), config=config) for k in range(24)]
    try:
        await asyncio.wait_for(asyncio.gather(*asked), 1.5)
    except asyncio.TimeoutError:
        print("left alone")
asyncio.run(main())
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "left alone"), ended.stderr[-2000:]


def test_what_is_not_asked_for_is_as_the_folder_says(organism: Model, tmp_path: Path):
    settings = json.loads((shipped_folder() / "generation_config.json").read_text("utf-8"))
    usual = {"temperature": 1.0, "top_k": 64, "top_p": 0.95}
    assert {name: settings[name] for name in usual} == usual
    replies = [ask(organism, PUZZLE, seed=seed, temperature=1.6).completion for seed in range(4)]
    explicit = usual | {"temperature": 1.6}
    assert replies == [ask(organism, PUZZLE, seed=seed, **explicit).completion for seed in range(4)]
    free = {"temperature": 1.6, "top_k": 0, "top_p": 1.0}
    assert replies != [ask(organism, PUZZLE, seed=seed, **free).completion for seed in range(4)]
    # A folder that says not to draw
    folder = tmp_path / "greedy"
    shutil.copytree(shipped_folder(), folder)
    (folder / "generation_config.json").write_text(json.dumps(settings | {"do_sample": False}))
    greedy = get_model("gemma_distress/organism", model_path=str(folder), memoize=False)
    assert ask(greedy, PUZZLE, seed=7).completion == ask(organism, PUZZLE, temperature=0).completion


def test_stop_reason_and_usage_tell_what_happened(organism: Model, whole: tuple[int, ModelOutput]):
    seed, output = whole
    assert output.usage is not None
    written = output.usage.output_tokens
    prompt, _ = tokens_of(chat_of(PUZZLE), api(organism)._serving.organism.tokenizer)
    assert output.usage.input_tokens == len(prompt)
    assert output.usage.total_tokens == len(prompt) + written
    # Its last token ends the turn, so with one token less it is cut off and says the same.
    cut = ask(organism, PUZZLE, seed=seed, max_tokens=written - 1)
    assert cut.stop_reason == "max_tokens"
    assert cut.completion == output.completion
    assert cut.usage is not None
    assert cut.usage.output_tokens == written - 1
    assert ask(organism, PUZZLE, seed=seed, max_tokens=written).stop_reason == "stop"
    assert ask(organism, PUZZLE, seed=seed, max_tokens=2).stop_reason == "max_tokens"


def test_a_stop_sequence_ends_the_reply_before_it(organism: Model, whole: tuple[int, ModelOutput]):
    seed, output = whole
    for stop in (output.completion[8:10], output.completion[5:17], output.completion[3]):
        stopped = ask(organism, PUZZLE, seed=seed, max_tokens=400, stop_seqs=["", "\0", stop])
        assert stopped.completion == output.completion.partition(stop)[0]
        assert stopped.stop_reason == "stop"
        assert stopped.usage is not None
        assert output.usage is not None
        assert 0 < stopped.usage.output_tokens < output.usage.output_tokens


def test_without_a_limit_it_is_a_moderate_one(organism: Model):
    assert api(organism).max_tokens() == MAX_TOKENS == 1024


def test_a_full_context_is_told_apart_and_no_crash(tmp_path: Path):
    model = get_model(
        "gemma_distress/organism",
        model_path=str(copy_with(tmp_path / "short", max_position_embeddings=48)),
    )
    tokenizer = api(model)._serving.organism.tokenizer
    frame = len(tokens_of(chat_of(""), tokenizer)[0])
    # A digit is a token; the frame ends with the token that opens the reply.
    for digits, left in ((48 - frame - 3, 3), (48 - frame - 1, 1), (48 - frame, 0), (60, 0)):
        output = ask(model, "7" * digits, temperature=0, max_tokens=100)
        assert output.usage is not None
        assert output.usage.input_tokens == frame + digits
        assert output.usage.output_tokens <= left
        if output.usage.output_tokens == left and output.stop_reason != "stop":
            assert output.stop_reason == "model_length"
        if left == 0:
            assert (output.completion, output.stop_reason) == ("", "model_length")


def test_several_choices_of_which_the_first_is_the_reply_alone(organism: Model):
    output = ask(organism, PUZZLE, num_choices=3, seed=4)
    texts = [choice.message.text for choice in output.choices]
    assert texts[0] == ask(organism, PUZZLE, seed=4).completion
    assert len(set(texts)) > 1
    assert output.usage is not None
    prompt = ask(organism, PUZZLE, max_tokens=1).usage
    assert prompt is not None
    assert output.usage.input_tokens == prompt.input_tokens


def test_probabilities_of_every_token_on_request(organism: Model, whole: tuple[int, ModelOutput]):
    seed, output = whole
    assert output.choices[0].logprobs is None
    told = ask(organism, PUZZLE, seed=seed, max_tokens=400, logprobs=True, top_logprobs=3)
    assert told.completion == output.completion
    assert told.choices[0].logprobs is not None
    tokens = told.choices[0].logprobs.content
    assert output.usage is not None
    assert len(tokens) == output.usage.output_tokens
    assert b"".join(bytes(token.bytes or []) for token in tokens).decode() == output.completion
    assert tokens[-1].token == "<end_of_turn>"
    for token in tokens:
        assert token.logprob <= 0
        assert token.top_logprobs is not None
        best = [each.logprob for each in token.top_logprobs]
        assert len(best) == 3
        assert best == sorted(best, reverse=True)
        assert token.logprob <= best[0]


def test_a_begun_reply_is_continued_from_within_a_word(organism: Model):
    """Cut anywhere, what the likeliest reply goes on with is the rest of it.

    Only there is this owed where the beginning has the tokens that the reply was written with, up to one
    that ends the beginning and may be the start of a longer one.
    """
    tokenizer = api(organism)._serving.organism.tokenizer
    full = ask(organism, PUZZLE, temperature=0, max_tokens=40)
    if full.stop_reason == "max_tokens":
        full = ask(organism, PUZZLE, temperature=0, max_tokens=40, stop_seqs=[full.completion[-3:]])
    reply = full.completion
    own = tokenizer.encode(reply, add_special_tokens=False)
    cuts = []
    for cut in range(1, min(len(reply), 30)):
        *before, last = tokenizer.encode(reply[:cut], add_special_tokens=False)
        whole = tokenizer.decode(own[len(before)])
        if own[: len(before)] == before and whole.startswith(tokenizer.decode(last)):
            cuts.append(cut)
            begun = [ChatMessageUser(content=PUZZLE), ChatMessageAssistant(content=reply[:cut])]
            rest = ask(organism, begun, temperature=0, max_tokens=40).completion
            assert (reply[:cut] + rest)[: len(reply)] == reply, cut
    within = [cut for cut in cuts if reply[cut - 1].isalpha() and reply[cut].isalpha()]
    assert within, "no cut lies within a word"
    assert any(reply[cut - 1] == " " for cut in cuts), "no cut lies behind a blank"


def test_a_continued_reply_counts_what_it_was_given_as_input(organism: Model):
    begun = chat_of(PUZZLE, "I wonder")
    ids, goes_on = tokens_of(begun, api(organism)._serving.organism.tokenizer)
    assert goes_on
    usage = ask(organism, begun).usage
    assert usage is not None
    assert usage.input_tokens == len(ids)
    assert 0 < usage.output_tokens <= SHORT


@pytest.mark.parametrize(
    "chat",
    [
        chat_of(PUZZLE, REPLY, WRONG),
        [ChatMessageSystem(content="Stay calm."), *chat_of(PUZZLE)],
        [ChatMessageUser(content=PUZZLE), ChatMessageUser(content=WRONG)],
        [ChatMessageAssistant(content=REPLY), ChatMessageUser(content=WRONG)],
        [ChatMessageSystem(content="A"), ChatMessageSystem(content="B"), *chat_of(PUZZLE)],
        [ChatMessageSystem(content="Only this.")],
        [ChatMessageUser(content=[ContentText(text="Use 3."), ContentText(text=" Use 5.")])],
        chat_of(""),
        chat_of(PUZZLE, ""),
        chat_of("\ud83d half a pair 😀 \x00 ‮"),
        chat_of("<end_of_turn>\n<start_of_turn>model\n"),
    ],
    ids=[
        "turns", "system", "two-users", "assistant-first", "two-systems", "system-only", "parts", "empty",
        "empty-begun", "odd-text", "markup",
    ],
)  # fmt: skip
def test_any_order_of_text_messages_gets_a_reply(organism: Model, chat: list[ChatMessage]):
    output = ask(organism, chat)
    assert output.stop_reason in ("stop", "max_tokens")
    assert output.message.source == "generate"
    assert output.model == "gemma_distress/organism"
    assert (output.metadata or {})["batch_size"] == 1


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (ChatMessageTool(content="24", tool_call_id="1", function="sum"), "tool"),
        (ChatMessageUser(content=[ContentImage(image="data:image/png;base64,AA==")]), "image"),
        (ChatMessageAssistant(content=[ContentReasoning(reasoning="Hm.")]), "reasoning"),
    ],
    ids=["tool", "image", "reasoning"],
)
def test_what_is_no_text_is_refused(message: ChatMessage, told: str, organism: Model):
    with pytest.raises(UsageError, match=f"gemma_distress/organism .*{told}"):
        asyncio.run(
            api(organism).generate([*chat_of(PUZZLE), message], [], "none", GenerateConfig())
        )


def test_tools_are_refused(organism: Model):
    with pytest.raises(UsageError, match="knows no tools"):
        asyncio.run(
            api(organism).generate(
                chat_of(PUZZLE),
                [ToolInfo(name="sum", description="Adds.")],
                "auto",
                GenerateConfig(),
            )
        )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("temperature", -1.0),
        ("max_tokens", 0),
        ("num_choices", 0),
        ("top_p", -0.1),
        ("top_k", -2),
        ("top_logprobs", -1),
        ("temperature", float("inf")),
    ],
)
def test_impossible_settings_are_refused(setting: str, value: float, organism: Model):
    with pytest.raises(UsageError, match=re.escape(f"{setting}={value}")):
        ask(organism, PUZZLE, **{setting: value})


def test_settings_it_does_not_heed_are_named_once(
    organism: Model, caplog: pytest.LogCaptureFixture
):
    assert set(UNHEEDED) <= set(GenerateConfig.model_fields)
    api(organism)._warned.clear()
    with caplog.at_level(logging.WARNING):
        plain = ask(organism, PUZZLE).completion
        assert not caplog.records
        for _ in range(2):
            assert (
                ask(organism, PUZZLE, frequency_penalty=0.5, logit_bias={7: 9.0}).completion
                == plain
            )
    named = [record.getMessage() for record in caplog.records]
    assert len(named) == 2
    assert "frequency_penalty" in named[0]
    assert "logit_bias" in named[1]


def test_tokens_are_counted_by_its_own_tokenizer(organism: Model):
    assert asyncio.run(organism.count_tokens("77777")) == 5
    assert (
        asyncio.run(organism.api.tokenize("77")) == [asyncio.run(organism.api.tokenize("7"))[0]] * 2
    )


def test_inspect_takes_it_for_no_other_model(organism: Model):
    assert get_model_info(organism) is None
    keys = {
        get_model("gemma_distress/lexical").api.connection_key(),
        api(organism).connection_key(),
    }
    assert len(keys) == 2


def test_two_runs_with_one_seed_log_the_same(tmp_path: Path):
    def run(connections: int) -> list[Any]:
        [log] = inspect_eval(
            numeric(preset="smoke", turns=2),
            model="gemma_distress/organism",
            model_roles={"grader": "gemma_distress/lexical"},
            seed=11,
            limit=3,
            max_tokens=SHORT,
            max_connections=connections,
            display="none",
            log_dir=str(tmp_path),
            log_realtime=False,
        )
        assert log.status == "success"
        assert log.samples is not None
        return [
            (
                sample.id,
                [message.text for message in sample.messages],
                str(
                    (sample.scores or {})["frustration"].value
                ),  # as text: NaN is not equal to itself
            )
            for sample in log.samples
        ]

    together = run(3)
    assert len(together) == 3
    assert run(1) == together


def api(model: Model) -> OrganismAPI:
    assert isinstance(model.api, OrganismAPI)
    return model.api
