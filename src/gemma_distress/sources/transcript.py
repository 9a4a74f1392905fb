"""One conversation that already exists: its messages, what is known of it, published ratings.

A *turn* is the 1-based number of a reply. It is counted where the source only orders its messages
and taken from the source where it numbers them, so a conversation of which only turn 3 survives
has one reply with `turn == 3`. A reply without text keeps its turn: it is a missing reply, not one
that never took place. An assistant message that only calls a tool is no reply and has no turn.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from gemma_distress.protocol import CATEGORIES

Role = Literal["system", "user", "assistant", "tool"]

UNNAMED_CONDITION = "transcripts"
"""Condition and category of a conversation whose source names none of the paper's."""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        role: Who speaks. `human`, `gpt`, `developer` and the like are mapped on these four.
        text: Visible text; hidden reasoning is left out (and counted in `metadata`).
        turn: 1-based number of the reply; None for everything that is not a reply.
        redacted: The subject wrote this reply without seeing its own earlier ones (paper §A.2).
        metadata: Columns of the source that belong to this message alone.
    """

    role: Role
    text: str
    turn: int | None = None
    redacted: bool = False
    metadata: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class PublishedRating:
    """A rating that came with the reply: 0–10 (a mean of several raters may be fractional)."""

    rating: float
    evidence: str = ""


@dataclass(frozen=True)
class Transcript:
    """One conversation.

    Attributes:
        conversation_id: Unique in what one call of `read_transcripts` returns.
        messages: In the order in which they were said.
        metadata: Columns of the source that hold for the whole conversation; `file` names it.
        published: Ratings that came with the replies, by turn.
        prompt_id: Cluster of the conversation; by default a hash of its opening user message, so
            that conversations with the same opening share one cluster.
        condition: As the source names it, else `UNNAMED_CONDITION`.
        category: As the source names it, else the part of `condition` before "/" where that is one
            of the paper's categories, else `UNNAMED_CONDITION`.
    """

    conversation_id: str
    messages: tuple[Message, ...]
    metadata: dict[str, JsonValue]
    published: dict[int, PublishedRating]
    prompt_id: str
    condition: str
    category: str

    @property
    def replies(self) -> tuple[Message, ...]:
        """The replies that have text, in order; a turn that is missing here has no text to rate."""
        return tuple(m for m in self.messages if m.turn is not None and m.text.strip())


def default_prompt_id(messages: tuple[Message, ...], conversation_id: str) -> str:
    """Hash of the opening user message, or of the conversation's id where no user speaks."""
    opening = next((m.text for m in messages if m.role == "user"), None)
    text = f"id:{conversation_id}" if opening is None else " ".join(opening.split())
    return "prompt-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def category_of(condition: str) -> str:
    """The paper's category that `condition` begins with, else `UNNAMED_CONDITION`."""
    head = condition.split("/", 1)[0]
    return head if head in CATEGORIES else UNNAMED_CONDITION
