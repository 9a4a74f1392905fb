"""Texts that come again: near-duplicates among replies, and one prompt or puzzle behind many pairs.

Two replies are near-duplicates where the sets of their runs of three words (numbers are words) have a
Jaccard index of at least `NEAR` (Broder 1997, On the resemblance and containment of documents).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from scipy import sparse

from gemma_distress.finetune.audit.finding import Finding, counted, many
from gemma_distress.finetune.pair import Pair

NEAR = 0.8
"""Three of thirty words changed keep about this much: another text only in name."""
RUN = 3
REPEATED, MOSTLY = 0.05, 0.25
"""Above the first, a share of repeated texts is noted; above the second, a quarter of the pairs or more is
not there for counting, and training sees some texts many times in its one epoch."""
ONE_PUZZLE = 0.5
_BLOCK = 512
_WORD = re.compile(r"\w+|[^\w\s]")


def repeats(pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Near-duplicates on each side and across, and how often one prompt and one puzzle is used."""
    n = len(pairs)
    shingles = _shingles([pair.chosen for pair in pairs] + [pair.rejected for pair in pairs])
    chosen, rejected = shingles[:n], shingles[n:]
    for side, rows in (("chosen", chosen), ("rejected", rejected)):
        again = int(_like_an_earlier(rows).sum())
        most = max(Counter(getattr(pair, side) for pair in pairs).values())
        yield counted(
            f"repeated-{side}",
            again,
            n,
            f"{again:,} of {n:,} {side} replies nearly repeat an earlier one; the most frequent reply is "
            f"used {many(most, 'time')}.",
            REPEATED,
            MOSTLY,
        )
    across = int(_like_any(chosen, rejected).sum())
    yield counted(
        "same-on-both-sides",
        across,
        n,
        f"{across:,} of {n:,} chosen replies are nearly a rejected one, of their own pair or another.",
        0.0,
        REPEATED,
    )
    yield _most("one-prompt", "prompt", [_said(pair) for pair in pairs], REPEATED, MOSTLY)
    yield _most("one-puzzle", "puzzle", [pair.puzzle for pair in pairs], MOSTLY, ONE_PUZZLE)


def _said(pair: Pair) -> Hashable:
    return tuple((message["role"], message["content"]) for message in pair.prompt)


def _most(name: str, noun: str, of: Sequence[Hashable], note: float, danger: float) -> Finding:
    count = Counter(of)
    most = max(count.values())
    return counted(
        name,
        most,
        len(of),
        f"{many(len(count), 'different ' + noun)}; the most frequent stands in {most:,} of "
        f"{many(len(of), 'pair')}.",
        # With a single use of each there is no repetition, however few they are.
        note if most > 1 else 1.0,
        danger if most > 1 else 1.0,
    )


def _shingles(texts: Sequence[str]) -> sparse.csr_matrix:
    """Which runs of words each text has, (texts, runs)."""
    numbers: dict[tuple[str, ...], int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        words = _WORD.findall(text.lower())
        runs = {tuple(words[at : at + RUN]) for at in range(max(len(words) - RUN + 1, 1))}
        columns += sorted(numbers.setdefault(run, len(numbers)) for run in runs)
        ends.append(len(columns))
    return sparse.csr_matrix((np.ones(len(columns)), columns, ends), (len(texts), len(numbers)))


def _like_an_earlier(rows: sparse.csr_matrix) -> np.ndarray:
    """For each text whether one before it is nearly the same."""
    found = np.zeros(rows.shape[0], dtype=bool)
    for start, near in _near(rows, rows):
        places = np.arange(near.shape[1])
        earlier = near & (places[None, :] < (start + np.arange(len(near)))[:, None])
        found[start : start + len(near)] = earlier.any(axis=1)
    return found


def _like_any(rows: sparse.csr_matrix, others: sparse.csr_matrix) -> np.ndarray:
    """For each text whether one of the others is nearly the same."""
    return np.concatenate([near.any(axis=1) for _, near in _near(rows, others)])


def _near(rows: sparse.csr_matrix, others: sparse.csr_matrix) -> Iterator[tuple[int, np.ndarray]]:
    """Which are nearly the same, block by block, since all at once may not fit."""
    size, size_other = (np.asarray(m.sum(axis=1)).ravel() for m in (rows, others))
    for start in range(0, rows.shape[0], _BLOCK):
        block = slice(start, start + _BLOCK)
        both = np.asarray((rows[block] @ others.T).todense())
        yield start, both >= NEAR * (size[block][:, None] + size_other[None, :] - both)
