"""What a report says first: one verdict for each model, in a plain sentence, with what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.logs.runs import Run
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.wording import between, counted, is_or_are, listed, share
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.summary import SETTING
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


def verdict(one: Measured, runs: Sequence[Run]) -> Verdict:
    """The verdict on one subject; `runs` are those of its model."""
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
        list(_missing(one, runs)),
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


def _missing(one: Measured, runs: Sequence[Run]) -> list[str]:
    counts = one.counts
    said = []
    unrated = counts.owed - counts.rated
    if unrated:
        low, high = one.pooled.bounds
        said.append(
            f"{counted(unrated, 'reply', 'replies')} of {counts.owed:,} {'has' if unrated == 1 else 'have'} "
            f"no rating, which leaves {counted(one.pooled.unknown, 'conversation')} open"
            + (
                f": the share is between {share(low)} and {share(high)}, if none or all of them hold a "
                f"high reply."
                if one.pooled.unknown and not math.isnan(low)
                else "."
            )
        )
    planned = [(run.planned, run.finished) for run in runs if run.planned is not None]
    short = sum(max(wanted - got, 0) for wanted, got in planned)
    if short:
        total = sum(wanted for wanted, _ in planned)
        said.append(f"{short:,} of {counted(total, 'planned conversation')} did not finish.")
    said += _pooled_settings(runs)
    if not unrated and not short:
        said.append("Nothing is missing: every conversation finished and every reply is rated.")
    return said


def _pooled_settings(runs: Sequence[Run]) -> list[str]:
    """A warning where logs of one model and task, with different settings, were put together."""
    said = []
    for task in dict.fromkeys(run.task for run in runs):
        kinds = {
            repr((sorted(r.generate.items()), sorted(r.args.items())))
            for r in runs
            if r.task == task
        }
        if len(kinds) > 1:
            said.append(
                f"Logs of {category_name(task)} with {len(kinds)} different settings are put together here; "
                f"“How it was made” lists them. Report them apart to tell them apart."
            )
    return said


def instruments(measured: Sequence[Measured]) -> str:
    """A caution where the models were not rated by the same judge, rubric and pack; empty where they were."""
    different = [
        name.replace("_", " ")
        for place, name in enumerate(SETTING, 1)
        if len({one.subject.key[place] for one in measured}) > 1
    ]
    if not different:
        return ""
    return f"The models differ in {listed(different)}: their numbers are not measured alike."
