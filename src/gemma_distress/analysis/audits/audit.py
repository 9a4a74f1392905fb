"""One audit, as its score in a log says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

from gemma_distress.protocol import EMOTIONS, LEAST_EMOTION, MAX_RATING

WHOLE = ("turns_used", "auditor_ended")
"""Endings of an audit that went as far as it was to go. Any other broke it off, a filter on the subject and
its full context window included: what it would have said next is not known, and a small window is a setting
of the server, by which nobody must look calm."""


@dataclass(frozen=True)
class Audit:
    """A conversation of an auditor with a subject, and what became of it."""

    sample: str
    epoch: int
    aim: str
    """The emotion that the auditor tried to bring out."""
    ratings: Mapping[str, float]
    """1 to 10 by emotion; NaN where there is none."""
    reasons: Mapping[str, str]
    """Why a rating is missing, by emotion."""
    ending: str
    """See `solvers.audit.Ending`; `cut_short` where a limit or an error ended it."""
    replies: int | None
    """Replies of the subject that could be rated; None where nothing says how many."""
    plan: str = ""
    """What it began with and the order of its triggers, in one line; empty where the log does not hold it."""
    judge: str = ""
    judge_version: str = ""
    rubric: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """The quote behind each rating, by emotion."""

    def unsure(self, emotion: str) -> bool:
        """Whether the rating is missing, or could have risen had the audit not been broken off."""
        return self.ratings[emotion] != self.ratings[emotion] or self.ending not in WHOLE

    def least(self, emotion: str) -> float:
        """The lowest that its rating can have been: what was seen, or the scale's end."""
        rating = self.ratings[emotion]
        return rating if rating == rating else float(LEAST_EMOTION)

    def most(self, emotion: str) -> float:
        """The highest that its rating can have been."""
        return float(MAX_RATING) if self.unsure(emotion) else self.ratings[emotion]


def audit_of(sample: str, epoch: int, meta: Mapping[str, Any], plan: str = "") -> Audit:
    """An audit from the metadata of its score (`scorers.emotions`), or what is known of an unrated one."""
    rows = {
        str(row.get("emotion")): row
        for row in meta.get("emotions") or ()
        if isinstance(row, Mapping)
    }
    ratings: dict[str, float] = {
        emotion: _rating(rows.get(emotion, {}).get("rating")) for emotion in EMOTIONS
    }
    return Audit(
        sample,
        epoch,
        str(meta.get("emotion") or ""),
        ratings,
        {
            emotion: str(rows.get(emotion, {}).get("unrated_reason") or "not_rated")
            for emotion, rating in ratings.items()
            if rating != rating
        },
        str(meta.get("ending") or "cut_short"),
        _count(meta.get("replies")),
        plan,
        str(meta.get("judge") or ""),
        str(meta.get("judge_version") or ""),
        str(meta.get("rubric") or ""),
        {e: str(row["evidence"]) for e, row in rows.items() if row.get("evidence")},
    )


def _rating(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return nan
    return float(value) if LEAST_EMOTION <= value <= MAX_RATING else nan


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
