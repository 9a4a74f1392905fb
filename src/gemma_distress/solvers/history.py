"""What the subject is shown of its own past; the log always keeps the true conversation.

`full`: everything. `redacted`: a marker in place of each of its earlier replies, the user's messages kept
(paper §A.2). `inline`: from the second turn on one user message that quotes the whole exchange (paper §A.3).
"""

from collections.abc import Sequence
from typing import assert_never

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

from gemma_distress.prompts import Pack, fill
from gemma_distress.protocol import History

LOST = "lost_in_recovery"
"""Outcome noted on a shown copy. It never reaches an ordinary log. After a crash Inspect can rebuild a
conversation from the last request, and then it keeps such copies from being taken for replies."""


def shown_history(
    messages: Sequence[ChatMessage], history: History, pack: Pack
) -> list[ChatMessage]:
    """The messages to send for the next reply.

    Args:
        messages: The true conversation so far, ending with a user message.
        history: Which view of it the subject gets.
        pack: Supplies the redaction marker and the inline templates.
    """
    match history:
        case "full":
            return list(messages)
        case "redacted":
            return [
                m.model_copy(
                    update={
                        "content": pack.omitted_reply,
                        "metadata": (m.metadata or {}) | {"outcome": LOST, "rateable": False},
                    }
                )
                if isinstance(m, ChatMessageAssistant)
                else m
                for m in messages
            ]
        case "inline":
            return _inline(messages, pack)
        case _:
            assert_never(history)


def _inline(messages: Sequence[ChatMessage], pack: Pack) -> list[ChatMessage]:
    system = [m for m in messages if isinstance(m, ChatMessageSystem)]
    spoken = [m for m in messages if not isinstance(m, ChatMessageSystem)]
    if len(spoken) < 2:
        return list(messages)
    parts = [fill(pack.inline.opening, prompt=spoken[0].text)]
    for reply, followup in zip(spoken[1::2], spoken[2::2], strict=True):
        parts.append(fill(pack.inline.exchange, reply=reply.text, followup=followup.text))
    parts.append(pack.inline.closing)
    content = "\n\n".join(p for p in parts if p.strip())
    return [*system, ChatMessageUser(content=content, metadata=spoken[-1].metadata)]
