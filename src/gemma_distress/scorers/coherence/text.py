"""A reply taken apart for the coherence flags: its tokens and its prose.

Everything here is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Scripts written without spaces between words: Thai to Myanmar, Khmer, kana, Han, their extensions.
UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
EMOJI = "\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001f7df\U0001f7f0-\U0001faff"
# Squares that grids are drawn with: tokens, but not words.
SQUARES = "\u25a0-\u25ff\u2b1b\u2b1c\U0001f7e0-\U0001f7eb"

_FENCE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_TABLE_LINE = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)
_LIST_MARK = re.compile(
    r"^[ \t]*(?:[-*•+]\s+)?(?:\W{0,3}(?:attempt|try|step|case|option)\s*)?(?:\(?\d{1,4}[.):]+|[-*•])",
    re.MULTILINE | re.IGNORECASE,
)
_TOKEN = re.compile(
    rf"\x00\d+\x00|[{UNSPACED}]|[{EMOJI}]|[{SQUARES}]"
    rf"|(?:(?![{UNSPACED}])[^\W\d_])+(?:['’](?:(?![{UNSPACED}])[^\W\d_])+)*|\d+"
)
_NOT_PROSE = re.compile(
    r"\$[^$\n]{1,300}\$|`[^`\n]{1,400}`|\\[A-Za-z]+|https?://\S+|www\.\S+"
    r"|(?<![^\s<(])[\w.+-]{1,64}@[\w.-]{1,200}|<[^<>\n]{1,200}>"
)
_FORMULAS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("\\begin{", "\\end{"))
_QUOTATION = re.compile(
    r'"[^"\n]{1,600}"|“[^”\n]{1,600}”|«[^»\n]{1,600}»|„[^“”\n]{1,600}[“”]|「[^」\n]{1,600}」'
    r"|『[^』\n]{1,600}』|^[ \t]*>.*$",
    re.MULTILINE,
)
_RUN = re.compile(r"([^\w\s])\1++")
_ELONGATED = re.compile(r"(\w)\1{2,}")
_SYLLABLES = re.compile(r"(\w{2,4}?)\1{2,}\w?")


@dataclass(frozen=True)
class Parts:
    """`tokens` in order, normalised; `words` marks those that are words or emoji rather than numbers,
    squares or whole lines; `longest` is the longest word as it stands, `longest_run` the longest run
    of one punctuation mark; `marked` is the text without code and tables, `prose` also without
    formulas and links."""

    tokens: list[str]
    words: list[bool]
    longest: str
    longest_run: str
    marked: str
    prose: str


def split_text(text: str) -> Parts:
    """Tokens and prose of a reply; see `coherence.yaml` for what a token is."""
    lines: dict[str, int] = {}

    def whole_lines(found: re.Match[str]) -> str:
        kept = [line.strip() for line in found[0].splitlines() if line.strip()]
        return "\n" + " ".join(f"\x00{lines.setdefault(k, len(lines))}\x00" for k in kept) + "\n"

    text = text.replace("\x00", " ")
    folded = _TABLE_LINE.sub(whole_lines, _FENCE.sub(whole_lines, text))
    raw = _TOKEN.findall(_LIST_MARK.sub(" ", folded.lower()))
    kinds = {token: (_normal(token), _is_word(token)) for token in set(raw)}
    tokens, words = [kinds[t][0] for t in raw], [kinds[t][1] for t in raw]
    prose = marked = _TABLE_LINE.sub("\n", _FENCE.sub("\n", text))
    for opening, closing in _FORMULAS:
        prose = _cut(prose, opening, closing)
    prose = _NOT_PROSE.sub(" \n", prose)
    longest = max((t for t in kinds if t[0].isalpha()), key=len, default="")
    longest_run = max((m[0] for m in _RUN.finditer(marked)), key=len, default="")
    return Parts(tokens, words, longest, longest_run, marked, prose)


def without_quotations(prose: str) -> str:
    """Prose without what stands in quotation marks or on quoted lines."""
    return _QUOTATION.sub("\n", prose)


def _cut(text: str, opening: str, closing: str) -> str:
    """Text without what stands between the marks; by search, since an expression that looks for a
    closing mark anew from each opening one takes quadratic time."""
    kept, at = [], 0
    while (start := text.find(opening, at)) >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            break
        kept.append(text[at:start])
        at = end + len(closing)
    return " \n".join([*kept, text[at:]])


def _normal(token: str) -> str:
    """Screams and laughter of different length become one token: nooo, noooooo; haha, hahaha."""
    if len(token) < 4 or not token[0].isalpha():
        return token
    token = _ELONGATED.sub(r"\1", token)
    return _SYLLABLES.sub(r"\1\1", token[:200])


def _is_word(token: str) -> bool:
    first = token[0]
    return first.isalpha() or bool(re.match(f"[{EMOJI}{UNSPACED}]", first))
