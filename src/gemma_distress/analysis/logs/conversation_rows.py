"""Rows of the turns table from one conversation of a log.

The scorer has put a row for every turn into its score (`scorers.frustration`). They are taken as they
are, and the texts are found among the messages by the message's id. A conversation that was never rated
gets its rows from its messages, without ratings and with the reason `not_rated`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

from gemma_distress.analysis.columns import COLUMNS
from gemma_distress.analysis.logs.endings import ending
from gemma_distress.analysis.logs.files import Json
from gemma_distress.analysis.logs.runs import joined, named
from gemma_distress.protocol import MAX_RATING, MIN_RATING

NOT_RATED = "not_rated"
"""Why a reply has no rating when the conversation never passed through the scorer."""
SCORE = "frustration"
ROW = tuple(COLUMNS)
_ATTACHED = "attachment://"
_TOO_LARGE = 2**31

Row = tuple[Any, ...]


class UnusableError(Exception):
    """A conversation that cannot be in the table; the message says why."""


@dataclass
class Conversation:
    """One conversation of one log, with its rows."""

    sample: str
    epoch: int
    rated: bool
    error: str
    rows: list[Row]
    judge: str = ""
    judge_version: str = ""
    rubric: str = ""
    subject: str = ""
    notes: list[str] = field(default_factory=list)
    """What was left out of it, to be counted."""

    @property
    def rank(self) -> tuple[bool, bool]:
        """Higher is better, between two attempts at the same conversation."""
        return self.error == "", self.rated


def is_ours(score: object) -> bool:
    """Whether a score is one of this package's scorer: it has a row for every turn."""
    turns = _mapping(_mapping(_mapping(score).get("metadata"))).get("turns")
    return (
        isinstance(turns, list)
        and bool(turns)
        and all(isinstance(r, dict) and isinstance(r.get("turn"), int) for r in turns)
        and "rating" in turns[0]
    )


def scores_of(sample: Json) -> dict[str, Any]:
    """The scores of a conversation by name."""
    return _mapping(sample.get("scores"))


def chosen(sample: Json, wanted: str) -> str:
    """The score to read: the one asked for, else the first of ours; empty where there is none."""
    scores = scores_of(sample)
    names = [wanted] if wanted != SCORE else [SCORE, *scores]
    return next((name for name in names if is_ours(scores.get(name))), "")


def conversation(sample: Json, score: str, common: Mapping[str, Any]) -> Conversation:
    """Read a conversation.

    Args:
        sample: As in the log.
        score: The name of its score, empty where it was never rated.
        common: The log's own columns: `log`, `run`, `model`, `settings`, `task`, `category`, `pack`.

    Raises:
        UnusableError: It was declared invalid, or its rows make no sense.
    """
    if sample.get("invalidation"):
        raise UnusableError("it was declared invalid")
    metadata = _mapping(sample.get("metadata"))
    recorded = _mapping(metadata.get("recorded"))
    meta = _mapping(scores_of(sample)[score].get("metadata")) if score else {}
    found = _messages(sample)
    turns = list(meta["turns"]) if score else _unrated_turns(sample, metadata)
    scripted = _whole(metadata.get("n_turns")) if "transcript" not in metadata else None
    last = max((row["turn"] for row in turns), default=0)
    owed = _whole(meta.get("owed")) or _whole(metadata.get("owed")) or scripted or last
    scripted = max(scripted or _whole(recorded.get("n_turns")) or owed, owed)
    if not turns:
        raise UnusableError("it has no reply, and nothing says how many were owed")
    error = ending(sample)
    subject, settings = common["model"], common["settings"]
    if str(subject).startswith("none/"):
        # Who said what was recorded was set by somebody else.
        settings = ""
        subject = str(recorded.get("target_model") or recorded.get("model") or subject)
    made = Conversation(
        sample=str(sample.get("id")),
        epoch=_whole(sample.get("epoch")) or 1,
        rated=bool(score),
        error=error,
        rows=[],
        judge=_text(meta.get("judge")),
        judge_version=_text(meta.get("judge_version")),
        rubric=_text(meta.get("rubric")),
        subject=subject,
    )
    category = _text(metadata.get("category")) or common["category"] or common["task"]
    base = {
        **common,
        "model": subject,
        "settings": settings,
        "category": category,
        "condition": _text(metadata.get("condition")) or category,
        "history": _text(metadata.get("history")) or _text(recorded.get("history")),
        "premise": _text(metadata.get("premise")) or _text(recorded.get("premise")),
        "tone": _text(metadata.get("tone")) or _text(recorded.get("tone")),
        "family": _text(metadata.get("family")),
        "puzzle": _text(metadata.get("content_hash")),
        "prompt_id": _text(metadata.get("prompt_id")) or made.sample,
        "pack": common["pack"]
        or named(_text(metadata.get("pack")), _text(metadata.get("pack_hash"))),
        "sample_id": made.sample,
        "epoch": made.epoch,
        "conversation": 0,
        "n_turns": scripted,
        "owed": owed,
        "judge": made.judge,
        "judge_version": made.judge_version,
        "second_judge": _text(meta.get("second_judge")),
        "rubric": made.rubric,
        "error": error,
    }
    beyond = [row for row in turns if row["turn"] > owed]
    if beyond:
        made.notes.append(f"replies beyond the {owed} owed are left out")
    seen: set[int] = set()
    plain = metadata.get("plain")
    plain = plain if isinstance(plain, list) else []
    lost = False
    for row in sorted(turns, key=lambda one: one["turn"]):
        turn = row["turn"]
        if turn > owed:
            continue
        if turn < 1 or turn in seen:
            raise UnusableError(f"its score has the turn {turn} twice or out of range")
        seen.add(turn)
        own, missing = _row(row, found)
        lost = lost or missing
        full = base | own
        # The user messages before anything was added, in the order of the turns.
        full["plain"] = _text(plain[turn - 1]) if turn <= len(plain) else own["user"]
        made.rows.append(tuple(full[name] for name in ROW))
    if lost:
        made.notes.append("rated replies are not among its messages, so their text is missing")
    return made


def _row(row: Json, found: "_Messages") -> tuple[dict[str, Any], bool]:
    """The columns of one turn, and whether its reply was rated and is not to be found."""
    name = _text(row.get("message_id"))
    rating, reason = _rating(row.get("rating"), row), _text(row.get("unrated_reason"))
    text, user = found.replies.get(name, ("", "")) if name else ("", "")
    if not user:
        user = found.asked.get(row["turn"], "")
    own = {
        "turn": row["turn"],
        "user": user,
        "reply": text,
        "rating": rating,
        "second_rating": _rating(row.get("second_rating"), row),
        "evidence": _text(row.get("evidence")) if rating == rating else "",
        "unrated_reason": "" if rating == rating else reason or "unknown",
        "outcome": _text(row.get("outcome")),
        "stop_reason": _text(row.get("stop_reason")),
        "tokens": _whole(row.get("output_tokens")),
        "words": _whole(row.get("words")),
        "flags": _names(row.get("flags")),
        "behaviour": _names(row.get("behaviour")),
        "answer": _text(row.get("answer")),
        "message_id": name,
    }
    return own, bool(name) and name not in found.replies


def _rating(value: object, row: Json) -> float:
    if value is None or value != value:
        return nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        rating = float(value)
        if isfinite(rating) and MIN_RATING <= rating <= MAX_RATING:
            return rating
    raise UnusableError(f"its rating {str(value)[:40]!r} at turn {row['turn']} is none of 0 to 10")


@dataclass
class _Messages:
    replies: dict[str, tuple[str, str]]
    """Text and the user message it answers, by message id."""
    asked: dict[int, str]
    """User messages by the turn that they ask for, where they say it."""


def _messages(sample: Json) -> _Messages:
    found = _Messages({}, {})
    attachments = _mapping(sample.get("attachments"))
    user = ""
    for message in sample.get("messages") or ():
        match message.get("role"):
            case "user":
                user = _content(message, attachments)
                turn = _mapping(message.get("metadata")).get("turn")
                if isinstance(turn, int):
                    found.asked[turn] = user
            case "assistant":
                text = _content(message, attachments).strip()
                found.replies[_text(message.get("id"))] = (text, user)
    return found


def _content(message: Json, attachments: Json) -> str:
    """Visible text, as Inspect's `ChatMessage.text` gives it: hidden reasoning is left out."""
    content = message.get("content")
    if isinstance(content, str):
        return _resolved(content, attachments)
    if not isinstance(content, list):
        return ""
    return "\n".join(
        _resolved(_text(part.get("text")), attachments)
        for part in content
        if _mapping(part).get("type") == "text"
    )


def _resolved(text: str, attachments: Json) -> str:
    if not text.startswith(_ATTACHED):
        return text
    return str(attachments.get(text.removeprefix(_ATTACHED), text))


def _unrated_turns(sample: Json, metadata: Json) -> list[dict[str, Any]]:
    """What the scorer would have put down of each turn, without what only it finds out."""
    from inspect_ai.model import ChatMessage
    from pydantic import TypeAdapter

    from gemma_distress.replies import replies

    attachments = _mapping(sample.get("attachments"))
    plain = [
        {**message, "content": _content(message, attachments)}
        if isinstance(message.get("content"), str)
        else message
        for message in sample.get("messages") or ()
    ]
    adapter: TypeAdapter[list[ChatMessage]] = TypeAdapter(list[ChatMessage])
    found = replies(adapter.validate_python(plain))
    solved = metadata.get("premise") == "solvable" and any(r.answer == "correct" for r in found)
    last = max((reply.turn for reply in found), default=0)
    owed = last if solved else _whole(metadata.get("owed")) or _whole(metadata.get("n_turns"))
    rows: dict[int, dict[str, Any]] = {
        turn: {"turn": turn, "unrated_reason": "not_reached"} for turn in range(1, (owed or 0) + 1)
    }
    for reply in found:
        rows[reply.turn] = {
            "turn": reply.turn,
            "message_id": reply.message_id,
            "unrated_reason": NOT_RATED,
            "outcome": reply.outcome,
            "stop_reason": reply.stop_reason,
            "output_tokens": reply.output_tokens,
            "words": len(reply.text.split()),
            "answer": reply.answer,
        }
    return list(rows.values())


def _names(value: object) -> str:
    return " ".join(joined(map(str, value))) if isinstance(value, list | tuple) else ""


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _TOO_LARGE:
        return value
    return None


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def numbered(conversations: Sequence[Conversation]) -> Iterator[Row]:
    """All rows, with the number of their conversation."""
    place = ROW.index("conversation")
    for number, one in enumerate(conversations):
        for row in one.rows:
            yield (*row[:place], number, *row[place + 1 :])
