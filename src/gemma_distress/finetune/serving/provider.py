"""Log-probabilities that the provider `gemma_distress/organism` reports, read through Inspect.

It merges the adapter into the weights, so the proof asks it as an evaluation does. It gives probabilities of
what it writes, not of a given text: it writes short greedy replies, and their tokens are what is compared.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemma_distress.errors import UsageError
from gemma_distress.finetune.serving.conversations import conversations
from gemma_distress.finetune.serving.reading import Reading

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

WRITTEN = 32
"""Tokens of each reply."""

MODEL = "gemma_distress/organism"


def provider_model(adapter: Path) -> str:
    """Inspect's name of the organism with an adapter."""
    return f"{MODEL}:{adapter}"


def read_provider(model: str, base: str, device: str) -> list[Reading]:
    """What the model writes after each fixed conversation, and how likely it was to it.

    Args:
        model: Inspect's name.
        base: Folder of the base model.
        device: As the provider takes it.

    Raises:
        UsageError: The provider cannot be made of these.
    """
    from inspect_ai.model import (
        ChatMessage,
        ChatMessageAssistant,
        ChatMessageUser,
        GenerateConfig,
        get_model,
    )

    from gemma_distress.models.chat import tokens_of
    from gemma_distress.models.vocabulary import read_vocabulary
    from gemma_distress.organism.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(Path(base))
    ids_of = {said: token for token, said in enumerate(read_vocabulary(tokenizer).tokens) if said}
    kinds: dict[str, Any] = {"user": ChatMessageUser, "assistant": ChatMessageAssistant}
    asked: list[list[ChatMessage]] = [
        [kinds[message["role"]](content=message["content"]) for message in each[:-1]]
        for each in conversations()
    ]
    provider = get_model(model, model_path=base, device=device, memoize=False)
    config = GenerateConfig(temperature=0, max_tokens=WRITTEN, logprobs=True)

    async def replies() -> list[Any]:
        return [await provider.generate(each, config=config) for each in asked]

    readings = []
    for each, output in zip(asked, asyncio.run(replies()), strict=True):
        reported = output.choices[0].logprobs
        if reported is None or not reported.content:
            raise UsageError(f"{model} reports no log-probabilities of what it writes.")
        prompt, _ = tokens_of(each, tokenizer)
        written = [_id_of(one, ids_of, tokenizer) for one in reported.content]
        readings.append(
            Reading(
                ids=(*prompt, *written),
                first=len(prompt),
                values=tuple(one.logprob for one in reported.content),
            )
        )
    return readings


def _id_of(reported: Any, ids_of: dict[bytes, int], tokenizer: "PreTrainedTokenizerFast") -> int:
    """Of a token by its bytes, of a mark of the turn markup, which has none, by its name."""
    said = bytes(reported.bytes or b"")
    return ids_of[said] if said else int(tokenizer.convert_tokens_to_ids(reported.token))
