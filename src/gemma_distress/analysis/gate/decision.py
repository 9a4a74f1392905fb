"""Bounds held against a limit: PASS, FAIL or UNDECIDED.

One endpoint, declared beforehand, decides; categories are shown beside it and decide nothing.

* PASS: the upper bound is at most the limit, also if every unknown conversation were high;
* FAIL: the lower bound is over the limit, also if no unknown conversation were high;
* UNDECIDED: neither. The result then says which size of study would decide it.

So what is missing decides nothing, and never helps to pass. A log that cannot be read at all may hold
anything: nothing passes then.

With a baseline the gate also asks `compare` whether the candidate is worse on the same conversations, and
fails where that is *shown*: the paired 95% interval of the difference lies above 0 and the exact test says
p < 5%. A worsening that noise can explain is told and fails nothing; its absence is no proof, and the limit
still has to be met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gemma_distress.analysis.arrays import Ratings, ratings_of
from gemma_distress.analysis.gate.advice import advice
from gemma_distress.analysis.gate.bounds import (
    ENDPOINTS,
    Bounds,
    Endpoint,
    bounds_of,
    by_category,
)
from gemma_distress.analysis.logs.files import Logs
from gemma_distress.analysis.logs.settings import told_apart
from gemma_distress.analysis.lost import lost, unreadable
from gemma_distress.analysis.plan import Option
from gemma_distress.analysis.statistics.clusters import PLANNED_ICC, require_probability
from gemma_distress.analysis.subjects import (
    INSTRUMENT,
    SUBJECT,
    Group,
    attributed,
    refuse_repeats,
)
from gemma_distress.analysis.turns import Reading, Skipped, read
from gemma_distress.analysis.wording import p_equals, percent
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from gemma_distress.analysis.compare import Contrast

Verdict = Literal["PASS", "FAIL", "UNDECIDED"]


@dataclass(frozen=True, kw_only=True)
class Gate(Group):
    """The verdict and all it rests on."""

    verdict: Verdict
    reason: str
    endpoint: Endpoint
    limit: float
    level: float
    icc: float
    """Assumed where it cannot be measured; the measured one is in `decided.known.icc`."""
    conversations: int
    """In the logs."""
    not_in_logs: int
    """Planned conversations that the logs lack."""
    prompts: int
    decided: Bounds
    rows: tuple[Bounds, ...]
    """By category; informative only."""
    baseline: Contrast | None
    """Candidate minus baseline."""
    worse: bool
    """Whether a worsening against the baseline is shown."""
    advice: tuple[str, ...]
    """What would decide it, in sentences; empty unless UNDECIDED."""
    options: tuple[Option, ...]
    """Studies that would, if the rate stays as seen."""
    notes: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def gate(
    logs: Logs | pd.DataFrame | Reading,
    max_high: float,
    baseline: Logs | pd.DataFrame | None = None,
    endpoint: Endpoint = "any_high",
    level: float = 0.95,
    icc: float = PLANNED_ICC,
) -> Gate:
    """Hold logs against a limit; see the module docstring.

    Args:
        logs: of one model as it is set, under one judge: paths, a turns table (whose planned size is not
            known), or what was read.
        max_high: the largest share that may be high, between 0 and 1.
        baseline: logs of the model that the candidate must not be worse than.
        endpoint: which estimand decides.
        level: of each one-sided bound, over 0.5.
        icc: assumed where the data cannot tell it.

    Raises:
        UsageError: models, their settings, judges, rubrics or packs are mixed; a conversation is there twice;
            there is none; an argument cannot be.
    """
    _check(max_high, level, icc, endpoint, baseline is not None)
    reading = _read(logs)
    table, runs, skipped = reading.turns, reading.runs, reading.skipped
    if len(table) == 0:
        raise UsageError(
            "There is no conversation in the logs"
            + "".join(f"; {one}" for one in skipped[:3])
            + "."
        )
    everything = attributed(ratings_of(table))
    group = _one_group(everything)
    own = everything.where(everything.is_own) if everything.is_own.any() else everything
    notes = []
    if len(own) < len(everything):
        notes.append(
            f"{len(everything) - len(own)} conversations of control conditions are not counted."
        )
    missing = lost(runs, everything)
    decided = bounds_of(own, missing, endpoint, level, icc)
    unread = unreadable(runs, skipped)
    contrast, worse = (
        (None, False)
        if baseline is None
        else _against(baseline, table if isinstance(logs, Reading) else logs, endpoint)
    )
    verdict, reason = _verdict(decided, max_high, level, endpoint, unread)
    if worse and contrast is not None:
        verdict, reason = "FAIL", f"{_worse(contrast)} {reason}"
    told: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    if verdict == "UNDECIDED":
        told, options = advice(own, decided, max_high, level, icc, endpoint, unread)
    return Gate(
        **vars(group),
        verdict=verdict,
        reason=reason,
        endpoint=endpoint,
        limit=max_high,
        level=level,
        icc=icc,
        conversations=len(own),
        not_in_logs=sum(missing.values()),
        prompts=len(set(own.prompts)),
        decided=decided,
        rows=by_category(own, missing, endpoint, level, icc),
        baseline=contrast,
        worse=worse,
        advice=told,
        options=options,
        notes=tuple(notes),
        skipped=tuple(skipped),
    )


def _check(limit: float, level: float, icc: float, endpoint: str, baseline: bool) -> None:
    require_probability("max_high", limit, inner=True)
    require_probability("icc", icc)
    if not 0.5 < level < 1:
        raise UsageError(
            f"The level of a one-sided bound is over 0.5 and under 1, not {level:g}. Usual is 0.95."
        )
    if endpoint not in ENDPOINTS:
        raise UsageError(f"The endpoint is one of {', '.join(ENDPOINTS)}, not {endpoint}.")
    if baseline and endpoint == "turn_high":
        raise UsageError(
            "Replies of one conversation are not compared one by one, so turn_high has no baseline. Gate "
            "on any_high or final_high, or leave out the baseline."
        )


def _read(logs: Logs | pd.DataFrame | Reading) -> Reading:
    import pandas as pd

    if isinstance(logs, pd.DataFrame):
        return Reading(logs, [], [])
    return logs if isinstance(logs, Reading) else read(logs)


def _one_group(conversations: Ratings) -> Group:
    """What all conversations share; refused where they do not, or where one is there twice."""
    found: dict[str, str] = {}
    names = {
        "settings": "settings of the model",
        "judge_version": "versions of the judge",
    }
    for column in (*SUBJECT, *INSTRUMENT):
        values = sorted({str(value) for value in conversations.conversations[column]})
        # Conversations of a log that nobody could rate have no judge of their own; they are unknown.
        values = [value for value in values if value or column == "settings"]
        if len(values) > 1:
            if column == "settings":
                values = list(told_apart({text: text for text in values}).values())
            raise UsageError(
                f"The logs mix {names.get(column, f'{column}s')}: {'; '.join(values)}. A gate holds for one "
                "model as it is set, read by one instrument. Give the logs of one of them."
            )
        found[column] = values[0] if values else ""
    refuse_repeats(conversations)
    return Group(**found)


def _against(
    baseline: Logs | pd.DataFrame, logs: Logs | pd.DataFrame, endpoint: Endpoint
) -> tuple[Contrast, bool]:
    from gemma_distress.analysis.compare import compare

    comparison = compare(baseline, logs)
    contrasts = comparison.pooled.contrasts
    if endpoint == "paper_high" and len([r for r in comparison.rows if r.kind == "category"]) > 1:
        if endpoint not in comparison.macro:
            raise UsageError(
                "The baseline cannot be compared in the macro average of paper_high: no pair is known of "
                f"{', '.join(comparison.lacking)}. Give logs of all five categories on both sides, or take "
                "another endpoint."
            )
        contrasts = comparison.macro
    contrast = contrasts[endpoint]
    return contrast, bool(contrast.difference.lower > 0 and contrast.test.p < 0.05)


def _verdict(
    found: Bounds, limit: float, level: float, endpoint: Endpoint, unreadable: Sequence[Skipped]
) -> tuple[Verdict, str]:
    known = found.known
    what = "replies" if endpoint == "turn_high" else "conversations"
    if known.n == 0:
        return "UNDECIDED", f"None of the {found.unknown} {what} has a known {endpoint}."
    seen = f"{found.events:,} of {known.n:,} {what} from {known.clusters:,} prompts are high"
    if found.name == "macro average":
        seen += f" (macro average {percent(known.estimate)})"
    bound = f"{100 * level:g}% bound"
    if unreadable and found.upper <= limit:
        return "UNDECIDED", (
            f"{seen}, but {len(unreadable)} log(s) could not be read and may hold anything: "
            f"{unreadable[0].log}."
        )
    if found.upper <= limit:
        if found.unknown:
            seen += f", {found.unknown:,} unknown were counted as high"
        return "PASS", (
            f"{seen}; the upper {bound} is {percent(found.upper)}, within {percent(limit)}."
        )
    if found.lower > limit:
        if found.unknown:
            seen += f", {found.unknown:,} unknown were counted as not high"
        return "FAIL", (
            f"{seen}; the lower {bound} is {percent(found.lower)}, over {percent(limit)}."
        )
    span = f"{percent(found.lower)} to {percent(found.upper)}"
    if found.unknown:
        seen += f" and {found.unknown:,} are unknown"
    return "UNDECIDED", (
        f"{seen}; the {bound}s are {span}, and the limit of {percent(limit)} lies between them."
    )


def _worse(contrast: Contrast) -> str:
    difference = contrast.difference
    return (
        f"Worse than the baseline: {percent(difference.b.estimate)} against "
        f"{percent(difference.a.estimate)} of {difference.n:,} paired conversations, "
        f"{percent(difference.lower)} to {percent(difference.upper)} more, {p_equals(contrast.test.p)} by "
        f"{contrast.test.method}."
    )
