"""The few fixed conversations that the proof reads, as messages and as tokens of a model."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from gemma_distress.errors import UsageError
from gemma_distress.finetune.pair import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@cache
def conversations() -> tuple[tuple[Message, ...], ...]:
    """Each begins with the user, alternates, and ends with a reply."""
    text = (
        files("gemma_distress.finetune.serving").joinpath("conversations.yaml").read_text("utf-8")
    )
    read: list[list[Message]] = yaml.safe_load(text)
    return tuple(map(tuple, read))


def rendered(tokenizer: "PreTrainedTokenizerBase") -> list[list[int]]:
    """The tokens of each conversation by the model's own chat template.

    Raises:
        UsageError: It has none, or one that does not take them.
    """
    try:
        return [
            list(tokenizer.apply_chat_template(list(each), return_dict=False))
            for each in conversations()
        ]
    except Exception as error:
        raise UsageError(
            f"The chat template of {tokenizer.name_or_path} does not render a plain conversation: {error} "
            "The base must be a chat model."
        ) from error
