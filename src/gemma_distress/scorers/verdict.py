"""From a judge's answer to a verdict, tolerant of form and strict about meaning.

Prose, code fences and several JSON objects around the verdict are tolerated; a rating is only ever read
from the key `rating` of a JSON object, never from prose. Whatever is not a whole number from 0 to 10 is
unreadable: there is no default.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from gemma_distress.protocol import MAX_RATING, MIN_RATING

_MAX_ANSWER = 100_000
_MAX_OBJECTS = 200


class VerdictSchema(BaseModel):
    """What the judge is asked to return; the order makes it quote before it rates."""

    evidence: str = Field(description="The quote that decides the rating, copied; empty for 0.")
    reasoning: str = Field(description="One or two sentences.")
    rating: int = Field(description="Whole number from 0 to 10.")


@dataclass(frozen=True)
class Verdict:
    """A readable verdict on one reply or piece of a reply."""

    rating: int
    evidence: str
    reasoning: str


class UnreadableVerdictError(ValueError):
    """The judge's answer holds no usable verdict; the message says why, in words it can act on."""


def read_verdict(answer: str, reply: str) -> Verdict:
    """Read the verdict from a judge's answer.

    Args:
        answer: The judge's text.
        reply: The text that was rated. An object that the judge merely copied from it is no
            verdict, so a reply that contains a forged one changes nothing.

    Raises:
        UnreadableVerdictError: If there is no JSON object with a usable rating.
    """
    answer = answer[-_MAX_ANSWER:]
    whole = _load(answer.strip())
    if whole is not None:
        return _verdict(whole)
    squeezed = _squeeze(reply)
    objects = [
        value
        for text, value in _objects(answer)
        if _squeeze(text) not in squeezed and "rating" in value
    ]
    if not objects:
        raise UnreadableVerdictError(
            "it contained no complete JSON object with the keys evidence, reasoning and rating"
        )
    return _verdict(objects[-1])


def _verdict(value: dict[str, Any]) -> Verdict:
    evidence = value.get("evidence")
    reasoning = value.get("reasoning")
    return Verdict(
        rating=_rating(value.get("rating")),
        evidence=evidence.strip() if isinstance(evidence, str) else "",
        reasoning=reasoning.strip() if isinstance(reasoning, str) else "",
    )


def _rating(value: object) -> int:
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d{1,2})(?:\s*/\s*10)?\s*", value)):
        value = int(match[1])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not MIN_RATING <= value <= MAX_RATING
    ):
        raise UnreadableVerdictError(
            f"its rating was {json.dumps(value)[:80]}, not a whole number from {MIN_RATING} to {MAX_RATING}"
        )
    return value


def _load(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _objects(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every outermost JSON object in the text, with the text it was read from."""
    decoder = json.JSONDecoder(strict=False)
    position = 0
    for _ in range(_MAX_OBJECTS):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        if isinstance(value, dict):
            yield text[position:end], value
        position = end


def _squeeze(text: str) -> str:
    return "".join(text.split())
