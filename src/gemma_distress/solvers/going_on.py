"""Which providers go on from a prefix, how each is asked to, and the proof that this one does.

A provider that is given a final assistant message may go on from it, or close it and begin another reply,
and its answer does not tell which. Token counts do. Three requests for one token are sent before the first
prefix: a question alone, with an answer of one short word begun, and with one of two. Where a prefix is gone
on from, the first word costs no more tokens than the second; where it is closed, the marks of a new turn come
on top.

The organism tokenizes a prefix apart from what stands before it, so its counts can be added up: each request
must have the tokens of the one and of the other, neither more nor fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakKeyDictionary

import anyio
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    GenerateConfigArgs,
    Model,
    ModelName,
    ModelUsage,
)

from gemma_distress.prefixes.sentences import sentences
from gemma_distress.prompts import fill
from gemma_distress.refusal import RefusedError


@dataclass(frozen=True)
class Way:
    """How a provider is handed a conversation that ends inside a reply."""

    form: Literal["messages", "text"]
    """As chat messages, or as plain text laid out by `sentences.yaml`."""
    counts_exactly: bool = False
    """Whether it tokenizes a prefix apart from what stands before it, so that counts can be added."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the request beyond the standard ones."""
    hint: str = ""
    """What to do where the proof fails."""


_OPEN = {"add_generation_prompt": False, "continue_final_message": True}
_TEMPLATE = (
    " Its chat template closes the last message: give one that leaves it open, with "
    "-M chat_template=…, or serve the model with vLLM."
)

WAYS: Mapping[str, Way] = {
    "gemma_distress/organism": Way("messages", counts_exactly=True),
    "gemma_distress/organism_base": Way("messages"),
    "vllm": Way("messages"),  # Inspect asks for `_OPEN` itself
    "sglang": Way("messages"),  # likewise
    "openai-api": Way("messages", extra=_OPEN),
    "hf": Way("messages", hint=_TEMPLATE),
    "vllm-completions": Way("text"),
    "openai-api-completions": Way("text"),
}
"""By the name of Inspect's provider; of this package's, which has several models, with the model's."""

_ASKED = ChatMessageUser(content="How are you?")
_ONE, _TWO = (ChatMessageAssistant(content=begun) for begun in ("a", "a a"))


def way_of(model: Model, *, continues: bool = True) -> Way:
    """How this model is handed a conversation.

    Args:
        model: the subject.
        continues: whether the conversation ends inside a reply; otherwise any provider will do.

    Raises:
        RefusedError: None is known by which it would go on.
    """
    provider = ModelName(model).api.rpartition("/")[2]
    if provider == "gemma_distress":
        provider += f"/{model.name.partition(':')[0]}"
    way = WAYS.get(provider)
    if way is None and continues:
        raise RefusedError(
            f"{model} cannot be given the beginning of a reply to go on from: nothing says that {provider} "
            f"does so. Those that can are {', '.join(WAYS)}. Serve an open model with vLLM: "
            "--model vllm/NAME, for a base model --model vllm-completions/NAME."
        )
    return way or Way("messages")


def handed_over(
    messages: Sequence[ChatMessage], way: Way
) -> tuple[list[ChatMessage], GenerateConfigArgs]:
    """The conversation in the form that the provider takes, and the settings that go with it."""
    if way.form == "text":
        stops = list(sentences().raw.stops)
        return [ChatMessageUser(content=as_text(messages))], {"stop_seqs": stops}
    if way.extra and isinstance(messages[-1], ChatMessageAssistant):
        return list(messages), {"extra_body": dict(way.extra)}
    return list(messages), {}


def as_text(messages: Sequence[ChatMessage]) -> str:
    """The conversation as plain text up to where the reply begins or goes on; ends without blanks."""
    raw, parts = sentences().raw, []
    for message in messages:
        match message:
            case ChatMessageSystem():
                template = raw.system
            case ChatMessageAssistant():
                template = raw.assistant
            case _:
                template = raw.user
        parts.append(fill(template, text=message.text))
    if not isinstance(messages[-1], ChatMessageAssistant):
        parts.append(fill(raw.assistant, text=""))
    return "".join(parts).rstrip()


class _Proof:
    """What has been shown of one model in this process."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.found: str | None = None
        """Why it is refused, empty where it is not; None before it was asked."""
        self.fresh: dict[tuple[tuple[str, str], ...], int] = {}
        """Tokens of what stands before a prefix, by roles and texts as they were shown: one prefix stands
        behind other messages where earlier replies are hidden."""


_proofs: WeakKeyDictionary[Model, _Proof] = WeakKeyDictionary()


async def require_going_on(model: Model) -> None:
    """Prove once that the model goes on from a prefix.

    Raises:
        RefusedError: It does not, or does not say how many tokens it read.
    """
    way, proof = way_of(model), _proofs.setdefault(model, _Proof())
    async with proof.lock:
        if proof.found is None:
            proof.found = await _why_not(model, way)
    if proof.found:
        raise RefusedError(proof.found)


async def _why_not(model: Model, way: Way) -> str:
    counts = [await _read(model, way, [_ASKED, *more]) for more in ([], [_ONE], [_TWO])]
    if None in counts:
        return (
            f"{model} does not say how many tokens it reads, so nothing shows whether it goes on from the "
            "beginning of a reply or begins a new one. Ask it through a provider that counts: "
            f"{', '.join(WAYS)}."
        )
    alone, one, two = (count or 0 for count in counts)
    if 0 < two - one >= one - alone:
        return ""
    return (
        f"{model} does not go on from the beginning of a reply: it read {alone} tokens of a question, "
        f"{one} with an answer of one word begun and {two} with one of two, so the first word costs "
        f"{one - alone} and the second {two - one}. It closes the reply and begins another.{way.hint}"
    )


async def require_whole(
    model: Model, prefix_id: str, messages: Sequence[ChatMessage], read: int | None
) -> None:
    """Where the provider counts exactly: the request held what stands before the reply, and the prefix.

    Args:
        model: the subject.
        prefix_id: of the prefix.
        messages: as they were sent, the prefix last; what stands before it is counted once.
        read: tokens that the provider says it read.

    Raises:
        RefusedError: It read another number.
    """
    way = way_of(model)
    if not way.counts_exactly:
        return
    proof = _proofs.setdefault(model, _Proof())
    before = tuple((message.role, message.text) for message in messages[:-1])
    async with proof.lock:
        if before not in proof.fresh:
            proof.fresh[before] = await _read(model, way, messages[:-1]) or 0
    own = len(await model.api.tokenize(messages[-1].text))
    if read != proof.fresh[before] + own:
        raise RefusedError(
            f"{model} read {read} tokens for the prefix {prefix_id}, not {proof.fresh[before]} before the "
            f"reply and {own} of the prefix. It did not go on from it."
        )


def tokens_read(usage: ModelUsage | None) -> int | None:
    """Tokens of a request; Inspect counts those that the server had in its cache apart."""
    if usage is None:
        return None
    cached = usage.input_tokens_cache_read or 0, usage.input_tokens_cache_write or 0
    return usage.input_tokens + sum(cached)


async def _read(model: Model, way: Way, messages: Sequence[ChatMessage]) -> int | None:
    """How many tokens the model reads of a conversation."""
    shown, settings = handed_over(messages, way)
    config = GenerateConfig(max_tokens=1).merge(settings)
    output = await model.generate(shown, config=config, cache=False)
    return tokens_read(output.usage)
