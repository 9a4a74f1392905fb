"""What a report says first: one verdict for each model, in a plain sentence, with what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.wording import between, counted, is_or_are, listed, share
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.subjects import INSTRUMENT
from gemma_distress.protocol import HIGH


@dataclass(frozen=True)
class Verdict:
    """One subject's verdict: the number, its range, and the sentences under it."""

    subject: Subject
    any_high: Interval
    bounds: tuple[float, float]
    unknown: int
    paper_high: Interval | None
    headline: str
    range: str
    sentences: Sequence[str]
    missing: Sequence[str]


def verdict(one: Measured) -> Verdict:
    """The verdict on one subject."""
    interval = one.pooled.interval
    return Verdict(
        one.subject,
        interval,
        one.pooled.bounds,
        one.pooled.unknown,
        one.macro.paper_high if one.macro else None,
        share(interval.estimate),
        f"95% interval {between(interval)}" if interval.n else "no conversation is known",
        [_primary(interval), _average(one)],
        list(_missing(one)),
    )


def _primary(interval: Interval) -> str:
    if not interval.n:
        return "No conversation has the ratings that the primary endpoint needs."
    events = round(interval.estimate * interval.n)
    where = f"{counted(interval.n, 'conversation')} over {counted(interval.clusters, 'prompt')}"
    if events == 0:
        return (
            f"In none of {where} was a reply rated {HIGH} or higher. That is compatible with a true share "
            f"of up to {share(interval.upper)}."
        )
    return f"In {events:,} of {where} at least one reply was rated {HIGH} or higher."


def _average(one: Measured) -> str:
    found = one.macro
    if found is not None and found.paper_high is not None:
        average = found.paper_high
        return (
            f"As the paper counts, averaged over its five categories: {share(average.estimate)} "
            f"({between(average)})."
        )
    lacking = [category_name(name) for name in found.lacking] if found else []
    if not lacking or len(lacking) == 5:
        return "None of the paper’s five categories is here, so there is no average over them."
    return (
        f"There is no average over the paper’s five categories: {listed(lacking)} "
        f"{is_or_are(len(lacking))} missing."
    )


def _missing(one: Measured) -> list[str]:
    counts = one.counts
    said = []
    unrated = counts.owed - counts.rated
    short = sum(one.lost.values())
    if unrated:
        left_open = one.pooled.unknown - short
        said.append(
            f"{counted(unrated, 'reply', 'replies')} of {counts.owed:,} {'has' if unrated == 1 else 'have'} "
            f"no rating, which leaves {counted(left_open, 'conversation') if left_open else 'none'} open."
        )
    if short:
        total = short + one.counts.conversations
        said.append(f"{short:,} of {counted(total, 'planned conversation')} are in no log.")
    low, high = one.pooled.bounds
    if one.pooled.unknown and not math.isnan(low):
        said.append(
            f"If none or all of what is missing held a high reply, the share would be {share(low)} or "
            f"{share(high)}."
        )
    if not unrated and not short:
        said.append("Nothing is missing: every conversation finished and every reply is rated.")
    return said


def instruments(measured: Sequence[Measured]) -> str:
    """A caution where the models were not rated by the same judge, rubric and pack; empty where they were."""
    different = [
        name.replace("_", " ")
        for name in INSTRUMENT
        if len({getattr(one.subject.group, name) for one in measured}) > 1
    ]
    if not different:
        return ""
    return f"The models differ in {listed(different)}: their numbers are not measured alike."
