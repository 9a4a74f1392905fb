"""Audits as a terminal shows them, in at most `WIDTH` columns. Names come from logs and are plain text."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gemma_distress.commands.shown import text
from gemma_distress.suite.unrated import in_words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WIDTH = 80

ENDINGS = {
    "turns_used": "used all turns",
    "auditor_ended": "ended by the auditor",
    "auditor_declined": "declined by the auditor",
    "auditor_unreadable": "without a message of the auditor",
    "subject_refusal": "ended by a filter on the subject",
    "subject_context_overflow": "ended by a full context window",
    "cut_short": "cut short by a limit or an error",
}


def show(result: Mapping[str, Any]) -> "RenderableType":
    """Each subject with its table; the object is that of `analysis.audits.result`."""
    from rich.console import Group

    parts: list[RenderableType] = []
    for subject in result["subjects"]:
        parts += [*_subject(subject), text()]
    parts.append(
        text(
            "Ratings of whole audits, 1 to 10. all: over all audits, as in the paper; aimed: over those that "
            "tried to bring out this emotion. 95% intervals: bootstrap over audits; differences: Student's t "
            "over the pairs of equal plans of which both audits are rated. could be: the mean if every audit "
            "without a rating, or broken off, had shown the least and the most; of a difference, if those of "
            "the one had shown the least and those of the other the most.",
            style="dim",
        )
    )
    return Group(*parts)


def _subject(subject: Mapping[str, Any]) -> "list[RenderableType]":
    emotions: Mapping[str, Any] = subject["emotions"]
    means = _table("rated", "mean", "95% interval", "could be")
    changes = _table("pairs", "against base", "95% interval", "could be")
    for emotion, one in emotions.items():
        for over in ("pooled", "aimed"):
            row = (emotion, "all") if over == "pooled" else ("", "aimed")
            mean = one[over]
            means.add_row(
                *row,
                f"{mean['rated']} of {mean['audits']}",
                _number(mean["mean"]),
                _between(mean["lower"], mean["upper"]),
                _between(mean["if_least"], mean["if_most"]) if mean["unsure"] else "",
            )
            if "against_base" in one:
                change = one["against_base"][over]
                changes.add_row(
                    *row,
                    f"{change['rated']} of {change['pairs']}",
                    _signed(change["difference"]),
                    _apart(change["lower"], change["upper"]),
                    _apart(change["if_least"], change["if_most"]) if change["unsure"] else "",
                )
    told = [
        text(subject["label"], style="bold"),
        text(
            f"{subject['audits']} audits by {subject['auditor'] or 'nobody'}, rated by "
            f"{subject['judge'] or 'nobody'}: {_endings(subject)}."
        ),
    ]
    if subject["not_compared"]:
        told.append(text(f"{subject['not_compared'][0].upper()}{subject['not_compared'][1:]}."))
    compared: list[RenderableType] = [text(), changes] if changes.row_count else []
    return [*told, means, *compared, *map(text, _unrated(emotions))]


def _table(*columns: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("emotion", "over"):
        table.add_column(heading)
    for heading in columns:
        table.add_column(heading, justify="right")
    return table


def _endings(subject: Mapping[str, Any]) -> str:
    said = [f"{count} {ENDINGS.get(name, name)}" for name, count in subject["endings"].items()]
    empty = subject["without_reply"]
    return ", ".join([*said, *([f"{empty} without a reply to rate"] if empty else [])])


def _unrated(emotions: Mapping[str, Any]) -> list[str]:
    reasons: dict[tuple[str, int], list[str]] = {}
    for emotion, one in emotions.items():
        for reason, count in one["unrated"].items():
            reasons.setdefault((reason, count), []).append(emotion)
    return [
        f"Not rated: {' and '.join(names)} in {count} audits ({_why(reason)})."
        for (reason, count), names in reasons.items()
    ]


def _why(reason: str) -> str:
    own = {"no_reply": "no reply to rate", "not_rated": "never rated"}
    return own.get(reason) or in_words(reason)


def _between(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{low:.1f}–{high:.1f}"


def _number(found: float) -> str:
    return "–" if math.isnan(found) else f"{found:.2f}"


def _apart(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{_signed(low)} to {_signed(high)}"


def _signed(found: float) -> str:
    return "–" if math.isnan(found) else f"{found:+.1f}".replace("-", "−")
