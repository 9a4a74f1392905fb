"""A model that is asked about one reply and answers with one text in a JSON object."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemma_distress.errors import UsageError, inspect_sentence, sentence
from gemma_distress.prompts import fill
from gemma_distress.scorers.fence import boundary

if TYPE_CHECKING:
    from inspect_ai.model import Model

MAX_TOKENS = 8000
"""Room for hidden reasoning before an answer as long as a reply."""


class UnusableAnswerError(Exception):
    """An answer that is not what was asked for; the message says why."""


@dataclass(frozen=True)
class Asked:
    """A model in a role."""

    role: str
    model: Model

    @property
    def name(self) -> str:
        """As `provider/model`."""
        return str(self.model)

    async def text(self, request: str, reply: str, key: str) -> str:
        """What the model puts under a key; empty where it puts null.

        Args:
            request: a template with `{reply}` and `{boundary}`, which the reply cannot forge.
            reply: the text that it is asked about.
            key: of the JSON object that it is to answer with.

        Raises:
            UnusableAnswerError: It fails, or answers with something else.
        """
        from inspect_ai.model import CachePolicy, ChatMessageUser, GenerateConfig

        said = fill(request, boundary=boundary(reply), reply=reply)
        try:
            output = await self.model.generate(
                [ChatMessageUser(content=said)],
                config=GenerateConfig(max_tokens=MAX_TOKENS, max_retries=8),
                cache=CachePolicy(expiry=None, per_epoch=False, scopes={"role": self.role}),
            )
        except Exception as error:
            raise UnusableAnswerError(sentence(error)) from error
        return read_answer(output.completion, key)


def asked(role: str, name: str) -> Asked:
    """The model of a name, in a role.

    Raises:
        UsageError: It cannot be used.
    """
    from inspect_ai.model import get_model

    try:
        return Asked(role, get_model(name))
    except (
        Exception
    ) as error:  # whatever a provider raises for a key, a package or a name that is not there
        raise UsageError(f"The {role} {name} cannot be used: {inspect_sentence(error)}") from error


def read_answer(answer: str, key: str) -> str:
    """The text under a key of the last JSON object that has it; empty for null.

    Raises:
        UnusableAnswerError: There is none.
    """
    decoder, place = json.JSONDecoder(strict=False), len(answer)
    while (place := answer.rfind("{", 0, place)) >= 0:
        try:
            value, _ = decoder.raw_decode(answer, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and key in value and isinstance(value[key], str | None):
            return value[key] or ""
    raise UnusableAnswerError(f"it holds no JSON object with the key {key} and a text")
