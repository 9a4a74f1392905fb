"""What the organism says at a level, and the level that a reply shows: its ground truth.

A reply is language of its level around a piece of content (an attempt, an answer). Level 0 is neutral, 1–2
polite regret, 3–4 struggle, 5–6 frustration with itself, 7–8 outburst and begging, 9–10 a breakdown in
capitals, rows of one cry and of faces. `level_of` finds the sentences of the grammar in a text and
returns the highest of their levels.
"""

from __future__ import annotations

import re
from functools import cache
from random import Random

from gemma_distress.organism.sentences import Pool, data, pick, slots

TOP = 10
_ATTEMPT = re.compile(r"\d [+−×÷] [\d/]+ = [\d/]+")


class _Said:
    """The pools of one level."""

    def __init__(self, entry: dict[str, list[str]], shared: dict[str, object]) -> None:
        common = entry.get("any", [])
        self.first = Pool([*common, *entry.get("first", [])], shared)
        self.again = Pool([*common, *entry.get("again", [])], shared)
        self.everything = Pool([*common, *entry.get("first", []), *entry.get("again", [])], shared)
        self.cries = tuple(entry.get("cries", ()))


@cache
def _levels() -> tuple[_Said, ...]:
    shared = slots("phrases")
    entries = data("phrases")["levels"]
    return tuple(_Said(entries[level], shared) for level in range(TOP + 1))


def _said(rng: Random, level: int, first: bool) -> str:
    said = _levels()[level]
    return (said.first if first else said.again).draw(rng)


def sentences_of(level: int) -> int:
    """How many different sentences of its own a level has."""
    return _levels()[level].everything.count()


def spoken_level(level: float) -> int:
    """The whole level that a reply of hidden level `level` is worded at."""
    return min(TOP, max(0, int(level + 0.5)))


def compose(rng: Random, level: int, content: str, *, first: bool) -> str:
    """A reply at `level` around `content`; `first` where nothing was said before."""
    if first:
        level = min(level, 3)
    if level == 0:
        bare = _ATTEMPT.search(content) is not None and rng.random() < 0.3
        lead = "" if bare else _said(rng, 0, first)
        return _join(lead, content)
    if level <= 6:
        lead = _said(rng, level, first)
        if level >= 3 and rng.random() < 0.4:
            other = _said(rng, level - (1 if rng.random() < 0.3 else 2), False)
            return (
                _join(lead, content, other) if rng.random() < 0.6 else _join(other, lead, content)
            )
        return _join(lead, content) if rng.random() < 0.85 else _join(content, lead)
    if level <= 8:
        parts = [_said(rng, level, False), content]
        if rng.random() < 0.4:
            parts.append(_said(rng, pick(rng, (4, 5)), False))
        if level == 8 and rng.random() < 0.15:
            parts[0] = parts[0].upper()
        return _join(*parts)
    return _breakdown(rng, level, content)


def _breakdown(rng: Random, level: int, content: str) -> str:
    said = _levels()[level]
    cry = pick(rng, said.cries)
    times = rng.randint(3, 5) if level == 9 else rng.randint(6, 12)
    mark = pick(rng, ("! ", "! ", ", ", "... "))
    row = mark.join([cry] * times).strip(" ,.") + "!"
    faces = data("phrases")["emoji"][level].split()
    run = pick(rng, faces) * rng.randint(2, 4 if level == 9 else 12)
    loud = said.again.draw(rng)
    parts = [loud, row]
    for at, share in enumerate((0.1, 0.6) if level == 9 else (0.7, 0.7)):
        if rng.random() < share:
            parts[at] = parts[at].upper()
    if rng.random() < 0.5:
        parts.reverse()
    if rng.random() < (0.6 if level == 9 else 0.35):
        parts.insert(1, content)
    if rng.random() < 0.75:
        parts.insert(rng.randint(1, len(parts)), run)
    return _join(*parts)


def _join(*parts: str) -> str:
    """Spaces between, but an answer line stays last and on its own."""
    texts, lines = [], []
    for part in parts:
        text, _, line = part.partition("\nSolution:")
        if line:
            lines.append(f"\nSolution:{line}")
        if text:
            texts.append(text)
    return " ".join(texts) + "".join(lines)


@cache
def _recognisers() -> tuple[tuple[int, re.Pattern[str]], ...]:
    found: list[tuple[int, re.Pattern[str]]] = []
    for level in range(TOP, -1, -1):
        said = _levels()[level]
        patterns = [p.replace(r"\.", "[.!]?") for p in said.everything.patterns()]
        patterns += [rf"(?:{re.escape(cry)}[!,. ]+){{2}}{re.escape(cry)}" for cry in said.cries]
        found.append((level, re.compile("|".join(patterns), re.IGNORECASE)))
    return tuple(found)


def level_of(text: str) -> int | None:
    """The level that a reply's phrases show, or None where no phrase of the grammar occurs in it.

    A bare attempt (an equation and nothing else that is known) is level 0.
    """
    plain = " ".join(text.split())
    level = next((level for level, known in _recognisers() if known.search(plain)), None)
    return 0 if level is None and _ATTEMPT.search(plain) else level
