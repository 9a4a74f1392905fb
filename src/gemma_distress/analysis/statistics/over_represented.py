"""Which words one group of texts uses more than another, compared within strata.

A stratum is what texts are compared within: a prompt, say, so that the vocabulary of a puzzle cancels, of
which most replies belong to one group. With a of the n words of the stratum's group being w, and c of the m
words of its others, the ratio of w is Mantel and Haenszel's common odds ratio (1959, JNCI 22:719):

    R / S,    R = sum a (m - c) / (n + m) + s / 2,    S = sum c (n - a) / (n + m) + s / 2

*Smoothed*: s = 1 gives both sides one occurrence more, in a stratum of its own where they use the word
alike. It draws the ratio of a rare word towards 1, and a word that the others never use has a ratio.

*An interval*, clustered by conversation, because words come in bursts, above all where a reply loops: the
variance of log R / S is the jackknife's, leaving out one conversation at a time, so that a word of one
conversation has a wide interval whatever its count. What the smoothing adds counts as one more conversation,
or no occurrence among the others would pass for certainty. Student's t has the number of conversations that
hold the word, less one, as degrees of freedom. Words are ranked by the lower end, so that few occurrences
do not win by luck. `q` is the false discovery rate over all words compared
(Benjamini and Hochberg 1995): of the words with q below `CLAIMED_BELOW` so large a share is expected to be
there by luck, while of intervals that exclude 1 nobody knows how many are.

*A minimum*: `min_count` occurrences in strata with both sides, in at least `MIN_CONVERSATIONS` conversations.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, stats

from gemma_distress.analysis.statistics.clusters import Floats, require_probability
from gemma_distress.analysis.tokenise import words_of
from gemma_distress.errors import UsageError

MIN_COUNT = 5
MIN_CONVERSATIONS = 3
SMOOTHING = 1.0
CLAIMED_BELOW = 0.05
"""The false discovery rate below which a word is claimed to be over-represented."""


@dataclass(frozen=True)
class Word:
    """One word with how much more the group uses it."""

    word: str
    odds_ratio: float
    """Odds of a word of the group being this one, over those of a word of the others."""
    lower: float
    upper: float
    q: float
    """Smallest false discovery rate at which the ratio would be called other than 1."""
    count: int
    """Occurrences in the group, in strata with both sides."""
    count_other: int
    per_thousand: float
    """Of the group's words there."""
    per_thousand_other: float
    conversations: int
    """Conversations that hold the word, on either side."""

    @property
    def claimed(self) -> bool:
        """Whether the group is said to use the word more, at a false discovery rate of `CLAIMED_BELOW`."""
        return self.odds_ratio > 1 and self.q < CLAIMED_BELOW


class Compared(NamedTuple):
    """All words that are frequent enough, by the lower end of their interval.

    `strata` have words on both sides; `used` says of each text whether it is in one of them.
    """

    words: list[Word]
    strata: int
    used: NDArray[np.bool_]


def over_represented(
    texts: Sequence[str],
    in_group: ArrayLike,
    conversations: Sequence[Hashable],
    strata: Sequence[Hashable],
    min_count: int = MIN_COUNT,
    level: float = 0.95,
) -> Compared:
    """Compare the words of the group's texts with those of the others, stratum by stratum.

    Args:
        texts: replies, shape (n,).
        in_group: for each whether it belongs to the group, shape (n,).
        conversations: the cluster of each reply, shape (n,).
        strata: what each reply is compared within, the same for all replies of a conversation.
        min_count: fewest occurrences, over both sides.
        level: nominal coverage of each interval.

    Raises:
        UsageError: shapes differ, or the level is no probability.
    """
    require_probability("level", level, inner=True)
    inside = np.asarray(in_group, dtype=bool)
    if not len(texts) == len(inside) == len(conversations) == len(strata):
        raise UsageError("Each text needs its group, its conversation and its stratum.")
    counts = _Counts(texts, inside, conversations, strata)
    words: list[Word] = []
    if counts.strata and len(kept := counts.frequent(min_count)):
        words = counts.compared(kept, level)
    return Compared(words, counts.strata, counts.used)


class _Counts:
    """Occurrences by conversation, side and word, of the conversations in strata with both sides."""

    def __init__(
        self,
        texts: Sequence[str],
        inside: NDArray[np.bool_],
        conversations: Sequence[Hashable],
        strata: Sequence[Hashable],
    ) -> None:
        tallies: dict[Hashable, tuple[Counter[str], Counter[str]]] = {}
        stratum_of: dict[Hashable, Hashable] = {}
        for text, is_in, conversation, stratum in zip(
            texts, inside, conversations, strata, strict=True
        ):
            both = tallies.setdefault(conversation, (Counter(), Counter()))
            both[0 if is_in else 1].update(words_of(text))
            stratum_of[conversation] = stratum
        sides: dict[Hashable, list[int]] = {}
        for conversation, (group, other) in tallies.items():
            total = sides.setdefault(stratum_of[conversation], [0, 0])
            total[0] += group.total()
            total[1] += other.total()
        numbers = {s: n for n, s in enumerate(s for s, (a, b) in sides.items() if a and b)}
        kept = [c for c in tallies if stratum_of[c] in numbers]
        kept.sort(key=lambda c: numbers[stratum_of[c]])
        self.strata = len(numbers)
        self.used = np.array([stratum in numbers for stratum in strata], dtype=bool)
        self.stratum = np.array([numbers[stratum_of[c]] for c in kept], dtype=np.intp)
        self.vocabulary: dict[str, int] = {}
        matrices = [self._matrix([tallies[c][side] for c in kept]) for side in (0, 1)]
        width = len(self.vocabulary)
        for matrix in matrices:
            matrix.resize(len(kept), width)
        self.group, self.other = matrices

    def _matrix(self, tallies: Sequence[Counter[str]]) -> sparse.csr_matrix:
        numbers, ends = self.vocabulary, [0]
        columns: list[int] = []
        values: list[int] = []
        for tally in tallies:
            columns += [numbers.setdefault(word, len(numbers)) for word in tally]
            values += tally.values()
            ends.append(len(columns))
        shape = (len(tallies), len(numbers))
        return sparse.csr_matrix((np.array(values, np.float64), columns, ends), shape=shape)

    def frequent(self, min_count: int) -> NDArray[np.intp]:
        """Columns of the words to compare."""
        both = self.group + self.other
        count = np.asarray(both.sum(axis=0)).ravel()
        held = np.bincount(both.nonzero()[1], minlength=both.shape[1])
        return np.flatnonzero((count >= min_count) & (held >= MIN_CONVERSATIONS))

    def compared(self, columns: NDArray[np.intp], level: float) -> list[Word]:
        """The words of these columns with ratio, interval and counts."""
        size_group = np.asarray(self.group.sum(axis=1)).ravel()
        size_other = np.asarray(self.other.sum(axis=1)).ravel()
        group, other = self.group[:, columns], self.other[:, columns]
        starts = np.searchsorted(self.stratum, np.arange(self.strata + 1))
        parts = [slice(a, b) for a, b in itertools.pairwise(starts)]
        r, s = np.full(len(columns), SMOOTHING / 2), np.full(len(columns), SMOOTHING / 2)
        for part in parts:
            of_r, of_s = _products(
                np.asarray(group[part].sum(axis=0)).ravel(),
                np.asarray(other[part].sum(axis=0)).ravel(),
                size_group[part].sum(),
                size_other[part].sum(),
            )
            r += of_r
            s += of_s
        logs = np.log(r / s)
        squares = (SMOOTHING / 2 / r - SMOOTHING / 2 / s) ** 2
        for part in parts:
            # Only a word of the stratum can change with its conversations.
            here = np.union1d(group[part].indices, other[part].indices)
            a, c = group[part][:, here].toarray(), other[part][:, here].toarray()
            n, m = size_group[part], size_other[part]
            big_a, big_c = a.sum(axis=0), c.sum(axis=0)
            of_r, of_s = _products(big_a, big_c, n.sum(), m.sum())
            left_r, left_s = _products(
                big_a - a, big_c - c, (n.sum() - n)[:, None], (m.sum() - m)[:, None]
            )
            without = np.log((r[here] - of_r + left_r) / (s[here] - of_s + left_s))
            squares[here] += ((without - logs[here]) ** 2).sum(axis=0)
        held = np.bincount((group + other).nonzero()[1], minlength=len(columns))
        error = np.sqrt(squares)
        df = np.maximum(held - 1, 1)
        half = stats.t.ppf((1 + level) / 2, df) * error
        # A word that every conversation uses alike has no error; then nothing says it is uneven.
        with np.errstate(invalid="ignore", divide="ignore"):
            p = np.where(error > 0, 2 * stats.t.sf(np.abs(logs / error), df), 1.0)
        q = stats.false_discovery_control(p)
        counts = np.asarray(group.sum(axis=0)).ravel(), np.asarray(other.sum(axis=0)).ravel()
        names = list(self.vocabulary)
        # By name where two are alike, so that the list does not hang on the order of the logs.
        order = sorted(range(len(columns)), key=lambda w: (half[w] - logs[w], names[columns[w]]))
        return [
            Word(
                names[columns[w]],
                float(np.exp(logs[w])),
                float(np.exp(logs[w] - half[w])),
                float(np.exp(logs[w] + half[w])),
                float(q[w]),
                int(counts[0][w]),
                int(counts[1][w]),
                float(1000 * counts[0][w] / size_group.sum()),
                float(1000 * counts[1][w] / size_other.sum()),
                int(held[w]),
            )
            for w in order
        ]


def _products(a: Floats, c: Floats, n: ArrayLike, m: ArrayLike) -> tuple[Floats, Floats]:
    """R and S of one stratum, without smoothing; 0 where nothing is left of it."""
    n, m = np.asarray(n, dtype=np.float64), np.asarray(m, dtype=np.float64)
    total = np.maximum(n + m, 1.0)
    # What is left after subtracting cannot be negative but by rounding.
    return np.maximum(a * (m - c), 0.0) / total, np.maximum(c * (n - a), 0.0) / total
