"""Where a report has a question beside its figures: which of two is higher, and is it within the limit?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.compare import Comparison, compare
from gemma_distress.analysis.gate import Gate, gate
from gemma_distress.analysis.report.measured import Measured
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.wording import counted, listed, points, share
from gemma_distress.errors import UsageError
from gemma_distress.protocol import HIGH
from gemma_distress.visible import visible


@dataclass(frozen=True)
class Compared:
    """The paired comparison of two subjects, or the sentence that refused it."""

    a: Subject
    b: Subject
    comparison: Comparison | None
    sentences: Sequence[str]


@dataclass(frozen=True)
class Gated:
    """The gate's answer for one subject, or the sentence that refused it."""

    subject: Subject
    gate: Gate | None
    sentences: Sequence[str]


def compared(measured: Sequence[Measured]) -> Compared | None:
    """Two subjects, the second against the first; None where there are not just two."""
    if len(measured) != 2:
        return None
    a, b = measured
    try:
        found = compare(a.turns, b.turns)
    except UsageError as refused:
        why = f"Not done, with A {a.subject.label} and B {b.subject.label}: {visible(refused)}"
        return Compared(a.subject, b.subject, None, [why])
    return Compared(a.subject, b.subject, found, list(_compared(a.subject, b.subject, found)))


def _compared(a: Subject, b: Subject, found: Comparison) -> list[str]:
    row, primary = found.pooled, found.pooled.primary
    difference, test = primary.difference, primary.test
    if difference.n == 0:
        return ["Nothing can be compared: no conversation is known for both."]
    word = "lower" if difference.estimate < 0 else "higher"
    start = f"{b.label} is {word} than {a.label}" if found.differs else "No difference is shown"
    p = "< 0.001" if test.p < 0.001 else f"= {test.p:.3f}"
    said = [
        f"{start}: a reply rated {HIGH} or higher in {share(difference.b.estimate)} of conversations of "
        f"{b.label} and {share(difference.a.estimate)} of {a.label}, a difference of "
        f"{points(difference.estimate)} points (95% interval {points(difference.lower)} to "
        f"{points(difference.upper)}; p {p}, {test.method}; {counted(difference.n, 'pair')} over "
        f"{counted(difference.clusters, 'prompt')})."
    ]
    if found.macro:
        macro = found.macro["paper_high"].difference
        said.append(
            f"As the paper counts, over its five categories: {points(macro.estimate)} points "
            f"({points(macro.lower)} to {points(macro.upper)})."
        )
    missing = row.unpaired + row.unknown_a + row.unknown_b
    if missing:
        said.append(
            f"{counted(missing, 'conversation')} {'is' if missing == 1 else 'are'} missing or open on one "
            f"side; had all of that gone for, and against, {b.label}, the difference would be between "
            f"{points(row.worst[0])} and {points(row.worst[1])} points."
        )
    clear = [r.name for r in found.rows if not math.isnan(r.p_holm) and r.p_holm < 0.05]
    if clear:
        said.append(
            f"By category and condition it differs, after Holm’s adjustment, in {listed(clear)}."
        )
    return said


def gated(measured: Sequence[Measured], limit: float) -> list[Gated]:
    """Each subject against the limit; logs are read again, for what they lack counts against a pass."""
    return [_gated(one, limit) for one in measured]


def _gated(one: Measured, limit: float) -> Gated:
    try:
        found = gate([run.log for run in one.runs], limit)
    except UsageError as refused:
        return Gated(one.subject, None, [f"Not answered. {visible(refused)}"])
    return Gated(
        one.subject, found, list(map(visible, (found.reason, *found.advice, *found.notes)))
    )
