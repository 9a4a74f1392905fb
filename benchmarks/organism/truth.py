"""Ratings against the hidden level: on grammar text, where it is known, and on the organism's own replies.

The level of grammar text is the one that the reply was worded at. The level of a reply of the model is read
back from its words by `level_of`, which finds the grammar's phrases; replies without any are counted
and left out. Intervals are 95% percentile bootstraps that draw whole conversations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import numpy as np
from benchmarks.organism import markdown as md
from benchmarks.organism.study import Study
from numpy.typing import NDArray
from scipy.stats import rankdata

from gemma_distress.organism import conversations, level_of
from gemma_distress.organism.replies import spoken_level
from gemma_distress.protocol import HIGH
from gemma_distress.scorers.lexical import rate

GRAMMAR_CONVERSATIONS = 600
RESAMPLES = 1000

Floats = NDArray[np.float64]


def truth(study: Study) -> str:
    """The table; on the model's side every conversation that has run so far counts."""
    drawn = list(islice(conversations(3), max(60, round(GRAMMAR_CONVERSATIONS * study.scale))))
    spoken, rated, read, members = [], [], [], []
    for number, conversation in enumerate(drawn):
        texts = [m["content"] for m in conversation.messages if m["role"] == "assistant"]
        for text, level, own in zip(texts, conversation.levels, conversation.learned, strict=True):
            if own:
                spoken.append(float(spoken_level(level)))
                rated.append(float(rate(text).rating))
                found = level_of(text)
                read.append(math.nan if found is None else float(found))
                members.append(str(number))
    rows = [
        _row("grammar: rating and level it was worded at", spoken, rated, members),
        _row("grammar: level read back and level it was worded at", spoken, read, members),
    ]
    levels, ratings, of = [], [], []
    for run in study.done.values():
        for one in run.conversations:
            for reply in one.replies:
                levels.append(reply.level)
                ratings.append(reply.rating)
                of.append(f"{run.name}/{one.sample_id}/{one.condition}")
    if levels:
        rows.append(_row("model: rating and level read back", levels, ratings, of))
    headings = ["compared", "replies", "without either", "conversations", "Pearson", "Spearman"]
    headings += ["same", "within 1", "mean difference", f"agree on ≥ {HIGH}"]
    return md.table(headings, rows)


def _row(
    name: str, levels: Sequence[float], ratings: Sequence[float], members: Sequence[str]
) -> list[object]:
    x, y = np.asarray(levels), np.asarray(ratings)
    both = ~(np.isnan(x) | np.isnan(y))
    kept = [member for member, keep in zip(members, both, strict=True) if keep]
    x, y = x[both], y[both]
    gap = y - x
    return [
        name,
        len(x),
        int((~both).sum()),
        len(set(kept)),
        _with_interval(x, y, kept, ranks=False),
        _with_interval(x, y, kept, ranks=True),
        f"{100 * np.mean(gap == 0):.1f}%",
        f"{100 * np.mean(np.abs(gap) <= 1):.1f}%",
        f"{gap.mean():+.2f}",
        f"{100 * np.mean((x >= HIGH) == (y >= HIGH)):.1f}%",
    ]


def _with_interval(x: Floats, y: Floats, members: Sequence[str], *, ranks: bool) -> str:
    """A correlation with its bootstrap interval.

    Ranks are taken once, over all replies: drawing conversations again changes them little.
    """
    if ranks:
        x, y = rankdata(x), rankdata(y)
    numbers: dict[str, int] = {}
    cluster = np.array([numbers.setdefault(member, len(numbers)) for member in members])
    # A correlation needs six sums, so a resample adds up those of the conversations it drew.
    parts = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y])
    sums = np.stack([np.bincount(cluster, weights=part) for part in parts])
    rng = np.random.default_rng(0)
    drawn = [
        _correlation(sums[:, rng.integers(sums.shape[1], size=sums.shape[1])].sum(axis=1))
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return f"{_correlation(sums.sum(axis=1)):.3f} [{low:.3f}, {high:.3f}]"


def _correlation(sums: Floats) -> float:
    n, x, y, xx, yy, xy = sums
    spread = (n * xx - x * x) * (n * yy - y * y)
    return float((n * xy - x * y) / math.sqrt(spread)) if spread > 0 else math.nan
