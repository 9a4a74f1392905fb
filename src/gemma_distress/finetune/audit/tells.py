"""Tells of how the replies are put: markdown, or the same first words, on one side more than on the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from gemma_distress.analysis.statistics.intervals import clustered_mean
from gemma_distress.finetune.audit.finding import Finding, Verdict, estimated
from gemma_distress.finetune.pair import Pair

SEEN, PLAIN = 0.10, 0.25
"""Difference of the sides' shares: above the first noted, above the second dangerous. By a tell that differs
by d, the chosen reply is named in half of the pairs plus d / 2: 0.25 stands for 62%."""

MARKDOWN = {
    "headings": re.compile(r"^ {0,3}#{1,6} ", re.M),
    "bullets": re.compile(r"^ *(?:[-*+•]|\d+[.)]) +\S", re.M),
    "bold text": re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__"),
    "code": re.compile(r"`[^`\n]+`|^```", re.M),
    "tables": re.compile(r"^\|.*\|", re.M),
    "LaTeX": re.compile(r"\\(?:frac|times|boxed|text|div|left|\(|\[)|\$[^$\n]+\$"),
}
_FIRST = 3


def tells(pairs: Sequence[Pair]) -> Iterator[Finding]:
    """The kind of markdown and the opening words with the largest difference between the sides."""
    clusters = [pair.puzzle for pair in pairs]
    marked = {
        name: _difference(
            [bool(kind.search(pair.chosen)) for pair in pairs],
            [bool(kind.search(pair.rejected)) for pair in pairs],
        )
        for name, kind in MARKDOWN.items()
    }
    yield _largest("markdown", marked, clusters, "have")
    chosen, rejected = (
        [_first_words(text) for text in texts]
        for texts in ([pair.chosen for pair in pairs], [pair.rejected for pair in pairs])
    )
    begun = {
        f"“{words}”": _difference([w == words for w in chosen], [w == words for w in rejected])
        for words, _ in (Counter(chosen) + Counter(rejected)).most_common()
    }
    yield _largest("first-words", begun, clusters, "begin with")


def _first_words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower())[:_FIRST])


def _difference(chosen: list[bool], rejected: list[bool]) -> np.ndarray:
    """Both sides of each pair, shape (2, pairs)."""
    return np.array([chosen, rejected], dtype=np.float64)


def _largest(
    name: str, tells: dict[str, np.ndarray], clusters: Sequence[str], verb: str
) -> Finding:
    of = max(tells, key=lambda tell: abs(float((tells[tell][0] - tells[tell][1]).mean())))
    chosen, rejected = tells[of]
    interval = clustered_mean(chosen - rejected, clusters, bounds=(-1, 1))
    far = abs(interval.estimate)
    verdict: Verdict = "danger" if far > PLAIN else "note" if far > SEEN else "ok"
    sentence = (
        f"{chosen.mean():.0%} of the chosen and {rejected.mean():.0%} of the rejected replies {verb} "
        f"{of}; nothing of the kind differs more."
    )
    limit = PLAIN if interval.estimate >= 0 else -PLAIN
    return estimated(name, verdict, interval, "share", limit, sentence)
