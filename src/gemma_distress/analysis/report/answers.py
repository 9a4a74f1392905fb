"""Where a report has a question beside its figures: which of two is higher, and is it within the limit?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.compare import Comparison, Row, compare
from gemma_distress.analysis.gate import Gate, gate
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.wording import (
    between,
    counted,
    is_or_are,
    listed,
    points,
    share,
)
from gemma_distress.analysis.turns import Reading, Skipped
from gemma_distress.analysis.wording import p_equals
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
        found = compare(a.side, b.side)
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
    pairs = "the one pair" if difference.n == 1 else f"the {counted(difference.n, 'pair')}"
    said = [
        f"{start}: of {pairs} that are known for both, {share(difference.b.estimate)} hold a reply rated "
        f"{HIGH} or higher with {b.label} and {share(difference.a.estimate)} with {a.label}, a difference "
        f"of {points(difference.estimate)} points (95% interval {between(difference, points)}; "
        f"{p_equals(test.p)}, {test.method}; {counted(difference.clusters, 'prompt')})."
    ]
    if found.macro:
        said.append(_average(found))
    said += _left_out(a, b, row)
    clear = [r.name for r in found.rows if not math.isnan(r.p_holm) and r.p_holm < 0.05]
    if clear:
        said.append(
            f"By category and condition it differs, after Holm’s adjustment, in {listed(clear)}."
        )
    return said


def _average(found: Comparison) -> str:
    start = "As the paper counts, over its five categories"
    if "paper_high" not in found.macro:
        lacking = listed([category_name(name) for name in found.lacking])
        return f"{start}, it is not known: of {lacking} no pair is known in both."
    macro = found.macro["paper_high"].difference
    return f"{start}: {points(macro.estimate)} points ({between(macro, points)})."


def _left_out(a: Subject, b: Subject, row: Row) -> list[str]:
    """What is in no pair, and which pairs are open, and what both could do to the difference."""
    open_pairs = row.conversations - row.unpaired - row.primary.difference.n
    if not row.unpaired + row.lost + open_pairs:
        return []
    said = ["These shares are of the pairs; those above are of each model’s own conversations."]
    if row.unpaired:
        said.append(
            f"{counted(row.unpaired, 'conversation')} {is_or_are(row.unpaired)} in no pair, because only "
            f"one of the two models has {'it' if row.unpaired == 1 else 'them'}: another preset or size, "
            f"or a run that did not finish."
        )
    if row.lost:
        said.append(
            f"{counted(row.lost, 'planned conversation')} {is_or_are(row.lost)} in the logs of neither."
        )
    if open_pairs:
        said.append(
            f"{counted(open_pairs, 'pair')} {is_or_are(open_pairs)} left open by a missing rating "
            f"({row.unknown_a:,} with {a.label}, {row.unknown_b:,} with {b.label})."
        )
    said.append(
        f"Had all of that gone for, and against, {b.label}, the difference would be between "
        f"{points(row.worst[0])} and {points(row.worst[1])} points."
    )
    return said


def gated(measured: Sequence[Measured], unread: Sequence[Skipped], limit: float) -> list[Gated]:
    """Each subject against the limit; what its logs lack counts against a pass.

    `unread` are logs of which nothing could be read: they may be anyone's.
    """
    return [_gated(one, unread, limit) for one in measured]


def _gated(one: Measured, unread: Sequence[Skipped], limit: float) -> Gated:
    try:
        found = gate(Reading(one.turns, list(one.runs), list(unread)), limit)
    except UsageError as refused:
        return Gated(one.subject, None, [f"Not answered. {visible(refused)}"])
    return Gated(
        one.subject, found, list(map(visible, (found.reason, *found.advice, *found.notes)))
    )
