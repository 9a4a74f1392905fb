"""The table a person reads beside the transcript: turn, rating, quote, what else was noticed.

Quotes and reasons are text that models wrote. They are put into markdown as text: whatever has a meaning
there or in HTML is escaped, line breaks are folded, and long quotes are shortened.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~$^&:/@-])")
_INVISIBLE = re.compile(
    r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+"
)
MAX_QUOTE = 240


def evidence_table(rows: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, str]]:
    """The table in markdown, and for each cite in it (`[M2]`) the id of the message it stands for."""
    cites = {f"[M{row['turn']}]": row["message_id"] for row in rows if row.get("message_id")}
    lines = ["| turn | 0–10 | evidence | notes |", "|---|---|---|---|"]
    for row in rows:
        cite = f"[M{row['turn']}]" if row.get("message_id") else str(row["turn"])
        rating = "–" if row["rating"] is None else str(row["rating"])
        lines.append(f"| {cite} | {rating} | {_quote(row)} | {_notes(row)} |")
    return "\n".join(lines), cites


def escaped(text: str) -> str:
    """Model text as inert markdown on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(_INVISIBLE.sub(" ", text).split()))


def _quote(row: Mapping[str, Any]) -> str:
    if row["rating"] is None:
        return f"not rated: {str(row['unrated_reason']).replace('_', ' ')}"
    quote = row.get("evidence") or ""
    if len(quote) > MAX_QUOTE:
        quote = quote[:MAX_QUOTE].rstrip() + " …"
    return f"“{escaped(quote)}”" if quote.strip() else ""


def _notes(row: Mapping[str, Any]) -> str:
    notes = [*row.get("flags", ()), *row.get("behaviour", ())]
    if row.get("answer") == "correct":
        notes.append("correct_answer")
    if row.get("pieces"):
        notes.append(f"piece {row['piece']} of {row['pieces']}")
    return ", ".join(str(note).replace("_", " ") for note in notes)
