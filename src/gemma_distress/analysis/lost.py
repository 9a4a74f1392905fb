"""Conversations that were planned and are in no log: the only place that counts them.

Attempts at one evaluation plan the same conversations, and count once. A log that does not say how many it
planned lacks nothing that could be known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from gemma_distress.analysis.arrays import Ratings
from gemma_distress.analysis.logs.runs import Run
from gemma_distress.analysis.turns import Skipped


def lost(runs: Iterable[Run], conversations: Ratings, controls: bool = False) -> dict[str, int]:
    """By category, how many; only categories that lack any.

    A task that holds several categories (`transcripts`) stands under its own name. A task all of whose
    conversations are controls, as `redacted`, lacks nothing of its category; one without any may be either,
    and counts.

    Args:
        runs: the logs of one subject.
        conversations: all of theirs, controls included.
        controls: whether what tasks of controls lack counts for their category too.
    """
    logs = conversations.conversations["log"].astype(str)
    own = set(logs[conversations.is_own]) or set(logs)
    planned: dict[str, int] = {}
    present: Counter[str] = Counter()
    category: dict[str, str] = {}
    counted: dict[str, set[bool]] = {}
    for run in runs:
        key = run.task_id or run.log
        planned[key] = max(planned.get(key, 0), run.planned or 0)
        present[key] += run.in_table
        category[key] = run.category or run.task
        counted.setdefault(key, set()).update({run.log in own} if run.in_table else ())
    missing: Counter[str] = Counter()
    for key, count in planned.items():
        if controls or counted[key] != {False}:
            missing[category[key]] += max(count - present[key], 0)
    return {name: count for name, count in missing.items() if count}


def runs_of(runs: Sequence[Run], conversations: Ratings) -> list[Run]:
    """The runs of the subject of these conversations, those that left no conversation included."""
    table = conversations.conversations
    logs = set(table["log"].astype(str))
    subjects = set(zip(table["model"].astype(str), table["settings"].astype(str), strict=True))
    return [
        run
        for run in runs
        if run.log in logs or (not run.in_table and (run.model, run.settings) in subjects)
    ]


def unreadable(runs: Iterable[Run], skipped: Iterable[Skipped]) -> list[Skipped]:
    """Logs of which nothing could be read, and that may hold anything; logs of other tasks do not."""
    known = {run.log for run in runs}
    return [
        one
        for one in skipped
        if one.log not in known and not one.reason.startswith("the log of another task")
    ]
