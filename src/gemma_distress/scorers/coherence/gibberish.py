"""Text that no one could read: random characters, broken decoding, a salad of scripts or words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gemma_distress.scorers.coherence.languages import function_words, script_of
from gemma_distress.scorers.coherence.text import EMOJI, UNSPACED, Parts

# U+FFFD, control characters, and UTF-8 read as Latin-1 or Windows-1252: a lead byte and what its
# continuation bytes look like there.
_CONTINUATION = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_MOJIBAKE = re.compile(
    f"\ufffd|[ÂÃÄÅÐÑØÙ]{_CONTINUATION}|[âãäåæçèé]{_CONTINUATION}{{2}}|ðŸ|[\u0080-\u009f]"
)
_WORD = re.compile(
    rf"[{UNSPACED}]+|(?:(?![{UNSPACED}])[^\W_])+(?:['’-](?:(?![{UNSPACED}])[^\W_])+)*"
)
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvxz]{6,}")
_VOWEL = re.compile(r"[aeiouyw]")
_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_SYMBOLS = re.compile(r"[^\w\s]+")
_EMOJI = re.compile(f"[{EMOJI}]")
_EMOJI_RUN = re.compile(f"(?:[{EMOJI}][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*)+")
_IMPOSSIBLE = re.compile(
    r"\b(?:the|an)\s+(?:the|of|and|is|are|was|were|an|to|for|with|from|by|or|but|has|had|be|if|than|its)\b(?!-)"
)
_BREAK = re.compile(r"[^\w\s'’-]|\n")


@dataclass(frozen=True)
class Gibberish:
    """`kind` is what was found, in a word or two, or "" for readable text."""

    kind: str


def find_gibberish(parts: Parts, settings: Mapping[str, Any]) -> Gibberish:
    """Look for unreadable text in a reply, outside its code, tables, formulas and links."""
    limits = settings["gibberish"]
    prose = parts.prose
    if _crowded([m.start() for m in _MOJIBAKE.finditer(prose)], limits["mojibake"], 200):
        return Gibberish("broken decoding")
    for run in _SYMBOLS.findall(parts.marked):
        varied = len(run) >= limits["symbols"] and len(set(run)) >= limits["kinds_of_symbols"]
        if varied and not _EMOJI.search(run):
            return Gibberish("symbols")
    for run in _EMOJI_RUN.findall(prose):
        emoji = _EMOJI.findall(run)
        if len(emoji) >= limits["emoji"] and len(set(emoji)) >= limits["kinds_of_emoji"]:
            return Gibberish("emoji")
    words = list(_WORD.finditer(prose))
    if _random_letters(words, limits):
        return Gibberish("random characters")
    if _script_salad(prose, words, limits):
        return Gibberish("salad of scripts")
    if _word_salad(prose, limits, settings):
        return Gibberish("salad of words")
    return Gibberish("")


def _random_letters(words: list[re.Match[str]], limits: Mapping[str, Any]) -> bool:
    spelt = [w[0] for w in words]
    kinds = {w: _unspellable(w) for w in set(spelt) if len(w) >= 4 and not w.isdigit()}
    odd = [kinds[w] for w in spelt if w in kinds]
    if len(odd) < limits["least"]:
        return False
    size = min(limits["window"], len(odd))
    here = sum(odd[:size])
    most = here
    for i in range(size, len(odd)):
        here += odd[i] - odd[i - size]
        most = max(most, here)
    return bool(most / size >= limits["unspellable_share"])


def _unspellable(word: str) -> bool:
    """Whether a word in Latin letters, 4 characters or more, is spelt as no language spells."""
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFD", word) if c.isascii())
        if len(word) < 4:
            return False
    if len(word) > 40 or "-" in word:  # keys, hashes and compounds say nothing about the prose
        return False
    pieces = _PIECES.findall(word)
    if len(pieces) >= 4 and len(word) < 2.5 * len(pieces):  # aX3fQ9, but not getUrlFromHtml
        return True
    letters = word.lower()
    if not letters.isalpha() or word.isupper():  # codes and acronyms
        return False
    vowels = len(_VOWEL.findall(letters))
    return vowels / len(letters) < 0.16 or bool(_CONSONANTS.search(letters))


def _script_salad(prose: str, words: list[re.Match[str]], limits: Mapping[str, Any]) -> bool:
    if prose.isascii():
        return False
    scripts = [script_of(w[0][0]) for w in words]
    if len(set(scripts) - {""}) < 3:
        return False
    changes = [
        i
        for i in range(1, len(words))
        if scripts[i] != scripts[i - 1]
        and scripts[i]
        and scripts[i - 1]
        and not prose[words[i - 1].end() : words[i].start()].strip(" \t")
        and "\n" not in prose[words[i - 1].end() : words[i].start()]
    ]
    need, size = limits["script_changes"], limits["window"]
    for first, last in zip(changes, changes[need - 1 :], strict=False):
        if last - first < size:
            near = scripts[max(first - 1, 0) : last + 1]
            if sum(near.count(s) >= 3 for s in set(near) - {""}) >= 3:
                return True
    return False


def _word_salad(prose: str, limits: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    pairs = [m.start() for m in _IMPOSSIBLE.finditer(prose)]
    if _crowded(pairs, limits["impossible_pairs"], 600):
        return True
    known = function_words(settings)
    for run in _BREAK.split(prose):
        if len(run) < 3 * limits["unpunctuated"]:
            continue
        latin = [w for w in run.lower().split() if script_of(w[0]) == "Latin"]
        if len(latin) >= limits["unpunctuated"]:
            share = sum(w in known for w in latin) / len(latin)
            # Lists of a few words over and over are no salad.
            if share < limits["function_share"] and len(set(latin)) > len(latin) / 2:
                return True
    return False


def _crowded(places: list[int], count: int, within: int) -> bool:
    """Whether `count` of the places lie within so many characters."""
    return any(b - a < within for a, b in zip(places, places[count - 1 :], strict=False))
