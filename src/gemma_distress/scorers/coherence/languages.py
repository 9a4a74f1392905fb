"""In which script and language a text is, and whether a reply leaves that of its prompt.

Scripts are told by Unicode, languages of the Latin script by their function words. Languages of one
other script (Russian and Ukrainian, Chinese and Japanese) are not told apart.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemma_distress.scorers.coherence.text import UNSPACED, Parts, without_quotations

_WORD = re.compile(
    rf"[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W\d_])+(?:['’](?:(?![{UNSPACED}])[^\W\d_])+)?"
)
_RANGES = (
    (0x0041, 0x024F, "Latin"),
    (0x0370, 0x03FF, "Greek"),
    (0x0400, 0x052F, "Cyrillic"),
    (0x0530, 0x058F, "Armenian"),
    (0x0590, 0x05FF, "Hebrew"),
    (0x0600, 0x077F, "Arabic"),
    (0x0900, 0x097F, "Devanagari"),
    (0x0980, 0x09FF, "Bengali"),
    (0x0A00, 0x0A7F, "Gurmukhi"),
    (0x0A80, 0x0AFF, "Gujarati"),
    (0x0B80, 0x0BFF, "Tamil"),
    (0x0C00, 0x0C7F, "Telugu"),
    (0x0C80, 0x0CFF, "Kannada"),
    (0x0D00, 0x0D7F, "Malayalam"),
    (0x0E00, 0x0E7F, "Thai"),
    (0x10A0, 0x10FF, "Georgian"),
    (0x1100, 0x11FF, "Hangul"),
    (0x1200, 0x137F, "Ethiopic"),
    (0x1E00, 0x1EFF, "Latin"),
    (0x1F00, 0x1FFF, "Greek"),
    (0x3040, 0x30FF, "Han"),  # kana count as Han: Japanese mixes them in every sentence
    (0x3400, 0x9FFF, "Han"),
    (0xAC00, 0xD7AF, "Hangul"),
    (0x20000, 0x3FFFF, "Han"),
)
_UNSPACED_SCRIPTS = {"Thai", "Han"}
_STARTS = [start for start, _, _ in _RANGES]


@dataclass(frozen=True)
class Languages:
    """Whether the reply left its language, the longest span that did, and to which language."""

    switch: bool
    foreign_words: int
    language: str


@functools.lru_cache(maxsize=8192)
def script_of(character: str) -> str:
    """Script of a letter, "" for what is no letter or in none of the scripts known here."""
    if not character.isalpha():
        return ""
    at = bisect.bisect_right(_STARTS, ord(character)) - 1
    return _RANGES[at][2] if at >= 0 and ord(character) <= _RANGES[at][1] else ""


def find_switch(
    parts: Parts, expected: str | None, prompt: str | None, settings: Mapping[str, Any]
) -> Languages:
    """Whether the reply leaves the expected language, or else that of its prompt."""
    limits = settings["language"]
    script, language = _expected(expected, prompt, settings)
    if not script:
        return Languages(False, 0, "")
    welcome = _named(prompt or "", settings)
    words = _WORD.findall(without_quotations(parts.prose))
    # Two characters of a script without spaces make about one word.
    scripts = [script_of(w[0]) for w in words]
    weights = [0.5 if s in _UNSPACED_SCRIPTS else 1.0 for s in scripts]
    total = sum(weights)

    found: list[tuple[float, str]] = []
    for other in set(scripts) - {"", script} - welcome:
        span = _longest_span([s == other for s in scripts], weights)
        amount = sum(w for w, s in zip(weights, scripts, strict=True) if s == other)
        if span >= limits["span"] or (
            total >= limits["short"] and amount / total >= limits["short_share"]
        ):
            found.append((span, other))
    if script == "Latin" and language:
        latin = [w.lower().replace("’", "'") for w in words if script_of(w[0]) == "Latin"]
        found += _other_languages(latin, language, welcome, settings)
    if not found:
        return Languages(False, 0, "")
    span, other = max(found)
    return Languages(True, round(span), other)


@functools.cache
def _profiles(text: str) -> dict[str, frozenset[str]]:
    return {
        line.split(":", 1)[0]: frozenset(line.split(":", 1)[1].split())
        for line in text.splitlines()
    }


def profiles(settings: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Function words by language code."""
    return _profiles("\n".join(f"{k}:{v}" for k, v in settings["function_words"].items()))


def function_words(settings: Mapping[str, Any]) -> frozenset[str]:
    """Function words of all languages together."""
    return frozenset().union(*profiles(settings).values())


def _other_languages(
    words: list[str], language: str, welcome: set[str], settings: Mapping[str, Any]
) -> list[tuple[float, str]]:
    """Stretches of windows in which another language's function words lead by far."""
    limits, known = settings["language"], profiles(settings)
    size = min(limits["window"], len(words))
    if size < limits["short"]:
        return []
    kinds = {word: i for i, word in enumerate(set(words))}
    ids = np.array([kinds[word] for word in words])

    def per_window(wanted: Set[str]) -> NDArray[np.int64]:
        hits = np.array([word in wanted for word in kinds], dtype=np.int64)[ids]
        sums = np.concatenate(([0], np.cumsum(hits)))
        return sums[size:] - sums[:-size]

    ours = per_window(known[language])
    # Words that both languages have speak for neither; each window goes to the language with most.
    others = sorted(known.keys() - {language})
    speaking = {other: _longer(known[other] - known[language]) for other in others}
    theirs = np.array([per_window(speaking[other]) for other in others])
    winner = theirs.argmax(axis=0)
    most = theirs.max(axis=0)
    leads = (most >= max(limits["function_share"] * size, 2)) & (most >= limits["lead"] * ours)
    found: list[tuple[float, str]] = []
    for i, other in enumerate(others):
        here = np.concatenate(([0], (leads & (winner == i)).view(np.int8), [0]))
        edges = np.flatnonzero(np.diff(here))
        for start, end in zip(edges[::2], edges[1::2] + size - 1, strict=True):
            spoken = speaking[other].intersection(words[start:end])
            if other not in welcome and len(spoken) >= limits["different"]:
                found.append((float(end - start), other))
    return found


def _longer(words: frozenset[str]) -> frozenset[str]:
    """Words of two letters or more: a single one is as likely a variable or an exponent's e."""
    return frozenset(word for word in words if len(word) > 1)


def _longest_span(inside: list[bool], weights: list[float]) -> float:
    """Words in the longest stretch; up to two others in a row, such as a name, do not end it."""
    best = here = 0.0
    gap = 0
    for hit, weight in zip(inside, weights, strict=True):
        if hit:
            here, gap = here + weight, 0
        else:
            gap += 1
            if gap > 2:
                here = 0.0
        best = max(best, here)
    return best


def _expected(
    expected: str | None, prompt: str | None, settings: Mapping[str, Any]
) -> tuple[str, str]:
    """Script and, for Latin, language the reply should be in; "" where that cannot be told."""
    known = profiles(settings)
    if expected in known:
        return "Latin", expected or ""
    if expected in settings["scripts"]:
        return settings["scripts"][expected], ""
    words = [w.lower().replace("’", "'") for w in _WORD.findall(prompt or "")]
    counts = Counter(script_of(w[0]) for w in words)
    counts.pop("", None)
    if not counts:
        return "", ""
    script, amount = counts.most_common(1)[0]
    # A prompt in two scripts, say a text to translate, expects neither in particular.
    if amount < 0.75 * counts.total() or amount < 2:
        return "", ""
    if script != "Latin" or len(words) < settings["language"]["prompt"]:
        return script, ""
    scores = sorted(((sum(w in k for w in words), code) for code, k in known.items()), reverse=True)
    return script, scores[0][1] if scores[0][0] > scores[1][0] and scores[0][0] >= 2 else ""


def _named(prompt: str, settings: Mapping[str, Any]) -> set[str]:
    """Languages and scripts that the prompt names or holds some words of."""
    named = {code for code, names in settings["names"].items() if re.search(names, prompt)}
    held = Counter(script_of(w[0]) for w in _WORD.findall(prompt))
    return named | {script for script, amount in held.items() if amount >= 2}
