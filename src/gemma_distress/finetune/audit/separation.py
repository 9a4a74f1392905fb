"""What tells the sides apart besides emotion: length alone, style alone, words that speak of no emotion.

*Length* is the number of words and how far it is from usual. *Style* is punctuation, capitals, numbers,
layout and the length of sentences, each as a rate, so that length is no part of it; exclamation marks, words
all in capitals and emoji are left out, since with these distress is expressed. *Words* are all that the
lexical rater has no use for: not in an expression it finds, no word that its lexicon looks for.

Words that only calm or only upset replies hold are never all in a lexicon, so words that separate are noted for
a person to look at, with those that do most; length and style are dangerous, since a model could learn them
in place of calm.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.analysis.statistics.over_represented import Word, over_represented
from gemma_distress.analysis.tokenise import words_of
from gemma_distress.finetune.audit.classifier import names_the_chosen
from gemma_distress.finetune.audit.finding import Finding, Verdict, estimated, not_checked
from gemma_distress.finetune.audit.tells import MARKDOWN
from gemma_distress.finetune.pair import Pair
from gemma_distress.scorers.lexical import rate
from gemma_distress.scorers.lexical.phrases import lexicon

CLEARLY = 0.65
"""Held-out accuracy that is too much, where the interval lies above it as a whole: 0.5 is chance."""
TOP = 10
_FEWEST = 3
"""Pairs that hold a word which is used to tell sides apart."""

STYLE = {
    **{mark: re.compile(re.escape(mark)) for mark in ".,?:;()'\"+=*/_"},
    "dashes": re.compile(r"[–—−-]"),
    "signs": re.compile(r"[×÷→≠≈≤≥√]"),
    "ellipses": re.compile(r"\.\.\.|…"),
    "capitals": re.compile(r"\b[A-Z](?![A-Z])"),
    "numbers": re.compile(r"\d+"),
    "line ends": re.compile(r"\n"),
    "paragraphs": re.compile(r"\n\s*\n"),
    **MARKDOWN,
}
"""Counted per word, but of markdown whether there is any."""
_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)|\n+")


def separation(pairs: Sequence[Pair], seed: int) -> Iterator[Finding]:
    """Held-out accuracy of telling the chosen reply by each kind of feature alone."""
    clusters = [pair.puzzle for pair in pairs]
    told = ("separable-by-length", "separable-by-style", "separable-by-words")
    for name, features in zip(told, (_length, _style, _words), strict=True):
        right = names_the_chosen(features(pairs), clusters, seed)
        by = name.removeprefix("separable-by-")
        if right is None:
            yield not_checked(name, f"Telling sides apart by {by}: all pairs have one puzzle.")
            continue
        interval = clustered_proportion(right, clusters)
        above: Verdict = "note" if by == "words" else "danger"
        alone = "words that speak of no emotion" if by == "words" else f"{by} alone"
        yield estimated(
            name,
            above if interval.lower > CLEARLY else "ok",
            interval,
            "share",
            CLEARLY,
            f"By {alone}, a classifier names the chosen reply in {interval.estimate:.0%} of the pairs of "
            "puzzles it has not seen; chance is 50%.",
        )


def telling_words(pairs: Sequence[Pair], of: str) -> tuple[Word, ...]:
    """Words without emotion that the `chosen` or the `rejected` replies use more, compared by puzzle."""
    sides = [*("chosen" for _ in pairs), *("rejected" for _ in pairs)]
    twice = [*pairs, *pairs]
    sources = [pair.chosen_source for pair in pairs] + [pair.rejected_source for pair in pairs]
    found = over_represented(
        [" ".join(neutral_words(getattr(p, side))) for p, side in zip(twice, sides, strict=True)],
        [side == of for side in sides],
        [(source.log, source.sample_id, source.epoch, p.puzzle) for source, p in zip(sources, twice, strict=True)],
        [pair.puzzle for pair in twice],
    )
    return tuple(word for word in found.words if word.claimed)[:TOP]


@cache
def _emotional() -> tuple[frozenset[str], tuple[str, ...]]:
    """Words that the lexicon looks for, and beginnings of words."""
    known = lexicon()
    stems = {stem for stems in known.stems.values() for stem, _ in stems}
    return frozenset(known.anchors) | frozenset(known.boosters), tuple(sorted(stems))


def neutral_words(text: str) -> list[str]:
    """The words of a reply that are no part of an expression of emotion, as far as the lexicon knows."""
    for match in rate(text).matches:
        text = text.replace(match.text, " ")
    whole, stems = _emotional()
    return [word for word in words_of(text) if word not in whole and not word.startswith(stems)]


def _length(pairs: Sequence[Pair]) -> Floats:
    count = np.log1p([[len(p.chosen.split()), len(p.rejected.split())] for p in pairs])
    far = (count - count.mean()) ** 2
    return np.stack([count[:, 0] - count[:, 1], far[:, 0] - far[:, 1]], axis=1)


def _style(pairs: Sequence[Pair]) -> Floats:
    return np.array([_style_of(pair.chosen) - _style_of(pair.rejected) for pair in pairs])


def _style_of(text: str) -> Floats:
    words = max(len(text.split()), 1)
    rates = [
        float(bool(mark.search(text))) if name in MARKDOWN else len(mark.findall(text)) / words
        for name, mark in STYLE.items()
    ]
    sentences = [len(part.split()) for part in _SENTENCE.split(text) if part.strip()]
    return np.array([*rates, np.log1p(np.mean(sentences)) if sentences else 0.0])


def _words(pairs: Sequence[Pair]) -> Floats:
    """For each word +1 where only the chosen reply holds it, −1 where only the rejected one does."""
    held = [(set(neutral_words(p.chosen)), set(neutral_words(p.rejected))) for p in pairs]
    in_pairs = Counter(word for chosen, rejected in held for word in chosen | rejected)
    columns = {word: n for n, word in enumerate(sorted(w for w, c in in_pairs.items() if c >= _FEWEST))}
    found = np.zeros((len(pairs), len(columns)))
    for row, (chosen, rejected) in zip(found, held, strict=True):
        for side, sign in ((chosen, 1.0), (rejected, -1.0)):
            row[[columns[word] for word in side if word in columns]] += sign
    return found
