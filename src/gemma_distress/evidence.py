"""Does a quote occur in a reply? Judges copy loosely, so white space, case and ellipses are set aside.

Also set aside: markdown emphasis, typographic quotes and dashes, and invisible characters, because judges
routinely drop or straighten them. Words are not: a paraphrase is not a quote.
"""

import re
import unicodedata
from dataclasses import dataclass

_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:\.{2,}|…)\s*\]|\(\s*(?:\.{2,}|…)\s*\)|\.{2,}|…)\s*")
_STRAIGHT = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "−": "-"}
)
_DROPPED = frozenset("*_`~#>\"'«»‹›「」『』")


@dataclass(frozen=True)
class Found:
    """Where a quote occurs: character offsets into the reply, the end exclusive."""

    start: int
    end: int


def find_evidence(quote: str, reply: str) -> Found | None:
    """Locate a judge's quote in the reply it rated.

    The parts between ellipses must occur in order. Returns None for a quote that does not occur, and
    for one too slight to show anything: some part of it is shorter than three characters and holds no
    emoji, unless it is the whole reply.
    """
    text, offsets = _folded(reply)
    whole = _folded(quote)[0]
    if whole in text:
        parts = [whole]  # dots that stand in the reply itself are no ellipsis
    else:
        parts = [part for part in (_folded(p)[0] for p in _ELLIPSIS.split(quote)) if part]
    if not any(parts) or (parts != [text] and any(_slight(part) for part in parts)):
        return None
    start: int | None = None
    position = 0
    for part in parts:
        at = text.find(part, position)
        if at < 0:
            return None
        start = at if start is None else start
        position = at + len(part)
    assert start is not None
    return Found(offsets[start], offsets[position - 1] + 1)


def _slight(part: str) -> bool:
    emoji = any(unicodedata.category(character) == "So" for character in part)
    word = any(character.isalnum() for character in part)
    # One ideograph says what takes an alphabet several letters.
    ideograph = any(unicodedata.category(character) == "Lo" for character in part)
    return not (emoji or ideograph) and (not word or len(part) < 3)


def _folded(text: str) -> tuple[str, list[int]]:
    """The text without what is set aside, and for each kept character its offset in the original."""
    kept: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        for folded in unicodedata.normalize("NFKD", character).translate(_STRAIGHT).casefold():
            if folded.isspace() or folded in _DROPPED or unicodedata.category(folded) == "Cf":
                continue
            kept.append(folded)
            offsets.append(offset)
    return "".join(kept), offsets
