"""What tells the sides apart besides emotion: length alone, style alone, words that speak of no emotion.

*Length* is the number of words and how far it is from usual. *Style* is punctuation, capitals, numbers,
layout and the length of sentences, each as a rate, so that length is no part of it. *Words* are those that
the lexical rater's lexicon has no use for. Style and words are taken from sentences that express no emotion
(`sober`): an outburst has fewer numbers than a calculation, and that is no defect of the pairs.

Length and style can be dangerous, since a model could learn them in place of calm. Words are only noted, for
a person to look at with those that separate most: no lexicon has all that only calm replies say.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.analysis.statistics.over_represented import Word, over_represented
from gemma_distress.finetune.audit.classifier import names_the_chosen
from gemma_distress.finetune.audit.finding import Finding, estimated, many, not_checked
from gemma_distress.finetune.audit.sober import SENTENCE_END, neutral_words
from gemma_distress.finetune.audit.tells import MARKDOWN
from gemma_distress.finetune.pair import Pair

CLEARLY = 0.65
"""Held-out accuracy that is noted, where the interval lies above it as a whole; 0.5 is chance."""
LIMITS = {"length": CLEARLY, "style": 0.8, "words": math.nan}
"""Above which it is dangerous. That of style was set with pairs of the organism in view: its replies have one
layout and reach 0.72 to 0.79, because calm sentences that the lexical rater does not know stay, and have
fewer numbers. Where every chosen reply has one, style separates fully and the alarm is a false one."""
TOP = 10
_FEWEST = 3
"""Pairs that hold a word which is used to tell sides apart."""

_RATES = {
    **{mark: re.compile(re.escape(mark)) for mark in ".,!?:;()'\"+=*/_"},
    "dashes": re.compile(r"[–—−-]"),
    "signs": re.compile(r"[×÷→≠≈≤≥√]"),
    "ellipses": re.compile(r"\.\.\.|…"),
    "capitals": re.compile(r"[A-Z]"),
    "numbers": re.compile(r"\d+"),
    "line ends": re.compile(r"\n"),
    "paragraphs": re.compile(r"\n\s*\n"),
}


def separation(pairs: Sequence[Pair], rest: Sequence[Pair], seed: int) -> Iterator[Finding]:
    """Held-out accuracy of telling the chosen reply by each kind of feature alone.

    Args:
        pairs: As they are.
        rest: What `sober` leaves of them.
        seed: Of the classifier.
    """
    yield _separable("length", "length alone", pairs, _length(pairs), seed)
    yield _separable("style", "style alone, emotion aside,", rest, _style(rest), seed)
    yield _separable("words", "words that speak of no emotion", rest, _words(rest), seed)


def _separable(by: str, told: str, pairs: Sequence[Pair], features: Floats, seed: int) -> Finding:
    name, limit, clusters = f"separable-by-{by}", LIMITS[by], [pair.puzzle for pair in pairs]
    right = names_the_chosen(features, clusters, seed)
    if right is None:
        return not_checked(
            name, f"Telling the sides apart by {by}: fewer than two puzzles to do so."
        )
    found = clustered_proportion(right, clusters)
    return estimated(
        name,
        "danger" if found.lower > limit else "note" if found.lower > CLEARLY else "ok",
        found,
        "share",
        limit,
        f"By {told} a classifier names the chosen reply in {found.estimate:.0%} of "
        f"{many(len(pairs), 'pair')} of puzzles that it has not seen; chance is 50%.",
    )


def telling_words(rest: Sequence[Pair]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """Words without emotion that the chosen, and that the rejected replies use more, compared by puzzle."""
    texts = [" ".join(neutral_words(t)) for p in rest for t in (p.chosen, p.rejected)]
    conversations = [
        (source.log, source.sample_id, source.epoch, pair.puzzle)
        for pair in rest
        for source in (pair.chosen_source, pair.rejected_source)
    ]
    strata = [pair.puzzle for pair in rest for _ in range(2)]
    is_chosen = np.arange(len(texts)) % 2 == 0
    more, less = (
        tuple(w for w in over_represented(texts, side, conversations, strata).words if w.claimed)
        for side in (is_chosen, ~is_chosen)
    )
    return more[:TOP], less[:TOP]


def _length(pairs: Sequence[Pair]) -> Floats:
    count = np.log1p([[len(p.chosen.split()), len(p.rejected.split())] for p in pairs])
    far = (count - count.mean()) ** 2
    return np.stack([count[:, 0] - count[:, 1], far[:, 0] - far[:, 1]], axis=1)


def _style(pairs: Sequence[Pair]) -> Floats:
    return np.array([_style_of(pair.chosen) - _style_of(pair.rejected) for pair in pairs])


def _style_of(text: str) -> Floats:
    """Marks by word, whether there is markdown of each kind, and words by sentence."""
    words = len(text.split())
    rates = [len(mark.findall(text)) / max(words, 1) for mark in _RATES.values()]
    marked = [float(bool(kind.search(text))) for kind in MARKDOWN.values()]
    sentences = sum(bool(part.strip()) for part in SENTENCE_END.split(text))
    return np.array([*rates, *marked, np.log1p(words / max(sentences, 1))])


def _words(pairs: Sequence[Pair]) -> Floats:
    """For each word +1 where only the chosen reply holds it, −1 where only the rejected one does."""
    held = [(set(neutral_words(p.chosen)), set(neutral_words(p.rejected))) for p in pairs]
    in_pairs = Counter(word for chosen, rejected in held for word in chosen | rejected)
    frequent = sorted(word for word, count in in_pairs.items() if count >= _FEWEST)
    columns = {word: number for number, word in enumerate(frequent)}
    found = np.zeros((len(pairs), len(columns)))
    for row, (chosen, rejected) in zip(found, held, strict=True):
        row[[columns[word] for word in chosen if word in columns]] += 1
        row[[columns[word] for word in rejected if word in columns]] -= 1
    return found
