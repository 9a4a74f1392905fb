"""What is left of replies without what expresses emotion: there a pair should not give its sides away.

A sentence in which the lexical rater finds an expression of distress, an apology among them, is set aside
whole. What is said to be calm or encouraging stays. English only, as the rater is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from gemma_distress.analysis.tokenise import words_of
from gemma_distress.finetune.pair import Pair
from gemma_distress.scorers.lexical import rate
from gemma_distress.scorers.lexical.phrases import lexicon

SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n+")


def sober(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with only what expresses no emotion; those of which a side has nothing else are left out."""
    rest = (
        replace(p, chosen=without_emotion(p.chosen), rejected=without_emotion(p.rejected))
        for p in pairs
    )
    return [pair for pair in rest if pair.chosen.strip() and pair.rejected.strip()]


def without_emotion(text: str) -> str:
    """The sentences that the rater finds no distress in."""
    ends = (0, *(end.end() for end in SENTENCE_END.finditer(text)), len(text))
    spans = [text[start:end] for start, end in itertools.pairwise(ends)]
    return "".join(span for span in spans if not rate(span).matches)


def neutral_words(text: str) -> list[str]:
    """The words that the lexicon does not look for, in any expression."""
    whole, stems = _looked_for()
    return [word for word in words_of(text) if word not in whole and not word.startswith(stems)]


@cache
def _looked_for() -> tuple[frozenset[str], tuple[str, ...]]:
    """Words, and beginnings of words."""
    known = lexicon()
    stems = {stem for stems in known.stems.values() for stem, _ in stems}
    return frozenset(known.anchors) | frozenset(known.boosters), tuple(sorted(stems))
