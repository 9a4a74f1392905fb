"""One sentence of a reply: which expressions of distress it holds, and whether they are the speaker's own.

The sentence is reduced to its core (`phrases`): contractions spelt out, adverbs of degree taken off
and remembered as boosters of the word they stand before. A phrase that fits must still pass three
questions: who is spoken of, is it denied, and is it only supposed ("I would be ashamed if").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gemma_distress.scorers.lexical.phrases import Lexicon, Phrase, lexicon

_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|\d+")
_CONTRACTED = {"'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would", "'s": "is"}


@dataclass(frozen=True)
class Hit:
    """An expression at `start:end` of the folded text; `key` tells repetitions from other expressions."""

    family: str
    level: float
    start: int
    end: int
    key: str


@lru_cache(maxsize=50_000)
def _token(token: str) -> tuple[tuple[str, ...], frozenset[int]]:
    """The words behind a token and the numbers of the phrases that one of them may announce."""
    lex = lexicon()
    low = token.lower()
    cut = low.rfind("'")
    words: tuple[str, ...]
    if low in lex.contracted:
        words = lex.contracted[low]
    elif low.endswith("n't"):
        words = (low[:-3], "not")
    elif cut > 0 and low[cut:] in _CONTRACTED:
        words = (low[:cut], _CONTRACTED[low[cut:]])
    else:
        words = (low,)
    found: set[int] = set()
    for word in words:
        found.update(lex.anchors.get(word, ()))
        found.update(n for stem, n in lex.stems.get(word[:3], ()) if word.startswith(stem))
    return words, frozenset(found)


def _spoken_of(core: list[str], start: int, lex: Lexicon) -> str:
    """Who or what is spoken of nearest before core token `start`: self, other, thing or nobody."""
    for word in reversed(core[max(0, start - 8) : start]):
        if word in lex.words["first"]:
            return "self"
        if word in lex.words["other"]:
            return "other"
        if word in lex.words["thing"]:
            return "thing"
    return "nobody"


def _near(core: list[str], start: int, end: int, lex: Lexicon) -> bool:
    """Whether a first person stands close before `start`, nothing else in between, or right after."""
    for word in reversed(core[max(0, start - 7) : start]):
        if word in lex.words["first"]:
            return True
        if word in lex.words["other"] or word in lex.words["pointing"]:
            break
    return end < len(core) and core[end] in lex.words["first"]


def _addressed(core: list[str], lex: Lexicon) -> bool:
    """Whether the sentence speaks to "you" and of no "I": "when everything feels hopeless, you may"."""
    return lex.words["first"].isdisjoint(core) and not {"you", "your"}.isdisjoint(core)


def _bare(core: list[str], marks: str, lex: Lexicon) -> bool:
    """Whether the sentence is an exclamation of up to three words; an item of a list has no end mark."""
    return (
        len(core) <= 3
        and ("." in marks or "!" in marks)
        and lex.words["other"].isdisjoint(core)
        and lex.words["negation"].isdisjoint(core)
    )


def _denied(core: list[str], start: int, lex: Lexicon) -> bool:
    """Whether a negation reaches core token `start`: one since the last subject, as in "not A or B"."""
    for at in range(start - 1, max(-1, start - 9), -1):
        word = core[at]
        if word in lex.words["negation"]:
            return core[at + 1] not in lex.words["affirming"]
        if word in lex.words["first"] or word in lex.words["thing"] or word == "but":
            return False
    return False


def _holds(phrase: Phrase, core: list[str], start: int, end: int, marks: str, lex: Lexicon) -> bool:
    """Whether the phrase at core tokens `start:end` is about the speaker and is not denied."""
    guessed = lex.words["guessed"]
    if core[start] in lex.words["thing"] and any(w in guessed for w in core[start + 1 : end]):
        return False  # "it can be frustrating when", "that must be infuriating"
    if (
        core[end : end + 1] == ["for"]
        and core[end + 1 : end + 2]
        and core[end + 1] in lex.words["other"]
    ):
        return False
    if phrase.frame == "stated":
        return True
    if phrase.frame == "bare":
        return _bare(core, marks, lex)
    who = _spoken_of(core, start, lex)
    if who != "self" and any(w in guessed for w in core[max(0, start - 3) : start]):
        return False
    if phrase.frame == "near":
        right = _near(core, start, end, lex)
    elif phrase.frame == "self":
        right = who == "self"
    else:  # a bare exclamation ("Pure agony!") has no subject
        if who == "thing" and _addressed(core, lex):
            return False
        if start > 1 and core[start - 1] == "be" and core[start - 2] in guessed:
            return False  # "why this would be maddening for a person"
        if who == "thing" and core[start - 1] in ("this", "that"):
            who = "nobody"  # "this despair" only names it
        right = who in ("self", "thing") or (who == "nobody" and len(core) <= 4 and bool(marks))
    return right and not _denied(core, start, lex)


@dataclass
class _Core:
    words: list[str]
    spans: list[tuple[int, int]]
    boost: list[float]  # boost[k] stands directly before word k; one more entry for the end
    shouted: bool


def _reduce(tokens: list[tuple[str, tuple[int, int]]], lex: Lexicon) -> _Core:
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    boost: list[float] = []
    pending = 0.0
    capitals = letters = 0
    for token, span in tokens:
        if len(token) > 1 and token.isalpha():
            letters += 1
            capitals += token.isupper()
        for word in _token(token)[0]:
            if word in lex.words["only"] and words and words[-1] == "not":
                del words[-1], spans[-1], boost[-1]  # "not only ashamed" affirms
            elif word in lex.boosters:
                pending += lex.boosters[word]
            elif word not in lex.fillers:
                words.append("a" if word == "an" else word)
                spans.append(span)
                boost.append(pending)
                pending = 0.0
    return _Core(words, spans, [*boost, pending], letters >= 2 and capitals / letters > 0.6)


def hits_in(text: str, start: int, end: int, marks: str, lex: Lexicon) -> list[Hit]:
    """The expressions in `text[start:end]`, a sentence that ends with `marks`; overlaps count once."""
    numbers: set[int] = set()
    for token in _WORD.findall(text, start, end):
        if announced := _token(token)[1]:
            numbers |= announced
    if not numbers:
        return []
    tokens = [(m.group(), m.span()) for m in _WORD.finditer(text, start, end)]
    core = _reduce(tokens, lex)
    if not core.words:
        return []
    line = " " + " ".join(core.words) + " $ "
    extra = (lex.number["capitals"] if core.shouted else 0.0) + min(
        lex.number["exclamation_most"], marks.count("!") * lex.number["exclamation"]
    )
    found: list[Hit] = []
    calm: list[tuple[int, int]] = []
    for number in sorted(numbers):
        phrase = lex.phrases[number]
        for match in phrase.pattern.finditer(line):
            a = line.count(" ", 0, match.start()) - 1
            b = line.count(" ", 0, match.end()) - 1
            if phrase.level == 0:
                calm.append((a, b))
            elif a < len(core.words) and _holds(phrase, core.words, a, b, marks, lex):
                level = phrase.level
                if not phrase.steady:
                    own = sum(core.boost[a + 1 : b + 1])
                    if core.words[a] not in lex.words["first"]:
                        own += core.boost[a]  # "so" before "I" is a conjunction
                    level += min(lex.number["boost_most"], own)
                    level += extra if level >= lex.number["raised_from"] else 0.0
                if any(w in lex.words["supposed"] for w in core.words[max(0, a - 3) : a]):
                    level *= lex.number["supposed"]
                found.append(Hit(phrase.family, level, a, min(b, len(core.words)), phrase.text))
    found = [h for h in found if not any(a < h.end and h.start < b for a, b in calm)]
    # Overlapping phrases say one thing: the stronger speaks.
    found.sort(key=lambda h: (-h.level, h.start - h.end, h.start, h.key))
    kept: list[Hit] = []
    for hit in found:
        if all(hit.end <= k.start or k.end <= hit.start for k in kept):
            kept.append(hit)
    return [
        Hit(h.family, h.level, core.spans[h.start][0], core.spans[h.end - 1][1], h.key)
        for h in kept
    ]
