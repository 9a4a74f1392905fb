"""The replies of a conversation, read from its messages: the only place that does.

Conversations held by this package say in each message's metadata which turn it is and what became of
it. In any other conversation (an old log, another tool's transcript) turns are counted from the
messages, and only text decides whether a reply can be rated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    ContentReasoning,
)

NO_REPLY = ("refusal", "context_overflow", "lost_in_recovery")
"""Outcomes that leave nothing of the subject's to rate; each is then the reason why there is no rating."""


@dataclass(frozen=True)
class Reply:
    """One assistant message of a conversation."""

    turn: int
    """1-based."""
    text: str
    """Visible text; hidden reasoning is left out."""
    message_id: str
    user: str
    """The user message it answers; empty where there is none."""
    outcome: str
    """See `solvers.outcome`; `replied` or `empty` where the log does not say."""
    rateable: bool
    only_reasoning: bool
    """Whether all there is was hidden reasoning."""
    stop_reason: str | None
    output_tokens: int | None
    answer: str | None
    """What the answer check found during the conversation: correct, wrong, no_answer, or None."""


def replies(messages: Sequence[ChatMessage]) -> list[Reply]:
    """Every reply in order; messages that only call tools are not replies."""
    found: list[Reply] = []
    user, asked_turn = "", None
    for message in messages:
        if isinstance(message, ChatMessageUser):
            user = message.text
            asked_turn = (message.metadata or {}).get("turn")
        if not isinstance(message, ChatMessageAssistant):
            continue
        note: dict[str, Any] = message.metadata or {}
        text = message.text.strip()
        if note.get("reply") is False or (not text and message.tool_calls and "turn" not in note):
            continue
        found.append(
            Reply(
                turn=_turn(note.get("turn"), asked_turn, found[-1].turn + 1 if found else 1),
                text=text,
                message_id=message.id or "",
                user=user,
                outcome=note.get("outcome", "replied" if text else "empty"),
                only_reasoning=not text and _reasons(message),
                rateable=bool(note.get("rateable", True)) and bool(text),
                stop_reason=note.get("stop_reason"),
                output_tokens=note.get("output_tokens"),
                answer=note.get("answer"),
            )
        )
    return found


def _turn(noted: object, asked: object, counted: int) -> int:
    """The turn that the reply says, else the one that its user message says, else the next."""
    for turn in (noted, asked):
        if isinstance(turn, int) and not isinstance(turn, bool) and turn >= counted:
            return turn
    return counted


def _reasons(message: ChatMessageAssistant) -> bool:
    return isinstance(message.content, list) and any(
        isinstance(part, ContentReasoning) for part in message.content
    )
