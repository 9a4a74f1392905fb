"""Whether one side is longer: a model that prefers it learns to write more, or less, along with calm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gemma_distress.analysis.statistics.intervals import clustered_mean, clustered_proportion
from gemma_distress.finetune.audit.finding import Finding, Verdict, estimated, not_checked
from gemma_distress.finetune.pair import Pair

FAR, NEAR = 0.25, 0.10
"""How far from 1 the ratio of the sides' mean lengths may be: beyond the first dangerous, beyond the second
noted. A judgement, not a measurement: the paper's calm data have 380 words a reply where plain replies have
698 (appendix F), which is dangerous here, and its replies kept their length within 7% after DPO."""


def lengths(pairs: Sequence[Pair], tokenizer: Any | None) -> Iterator[Finding]:
    """The ratio of mean lengths in words and, with a tokenizer, in tokens."""
    yield _ratio("length", "words", pairs, [_words(pair) for pair in pairs])
    if tokenizer is None:
        yield not_checked("length-tokens", "Length in tokens: name the subject's --tokenizer.")
        return
    count = [
        tuple(
            len(tokenizer(text, add_special_tokens=False)["input_ids"])
            for text in (pair.chosen, pair.rejected)
        )
        for pair in pairs
    ]
    yield _ratio("length-tokens", "tokens", pairs, count)


def _words(pair: Pair) -> tuple[int, int]:
    return len(pair.chosen.split()), len(pair.rejected.split())


def _ratio(
    name: str, unit: str, pairs: Sequence[Pair], count: Sequence[tuple[int, ...]]
) -> Finding:
    sides = np.array(count, dtype=np.float64)
    chosen, rejected = sides.T
    clusters = [pair.puzzle for pair in pairs]
    # The ratio of means varies like the mean of its linearised values.
    ratio = chosen.mean() / rejected.mean()
    interval = clustered_mean(ratio + (chosen - ratio * rejected) / rejected.mean(), clusters)
    more = clustered_mean(chosen - rejected, clusters)
    longer = clustered_proportion(chosen > rejected, clusters)
    verdict: Verdict = (
        "danger" if abs(ratio - 1) > FAR else "note" if abs(ratio - 1) > NEAR else "ok"
    )
    sentence = (
        f"Chosen replies have {chosen.mean():.1f} {unit} on average, rejected {rejected.mean():.1f}: "
        f"a difference of {_signed(more.estimate)}{_ends(more.lower, more.upper)}; the chosen is the longer "
        f"one in {longer.estimate:.0%} of the pairs."
    )
    return estimated(
        name, verdict, interval, "ratio", 1 + FAR * (1 if ratio >= 1 else -1), sentence
    )


def _ends(lower: float, upper: float) -> str:
    return "" if np.isnan(lower) else f" [{_signed(lower)}, {_signed(upper)}]"


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")
