"""What a change cost in ability: verdicts of non-inferiority by task, on the same items.

    from gemma_distress.analysis.capabilities import compare_capabilities
    compare_capabilities("logs/base", "logs/tuned", margin=0.02).pooled.found.verdict

A task whose samples say which `part` they belong to has a row for each. All items together are the pooled
row: each item counts once, so that a large task counts more. A row in which A's mean is not above the margin
is not in it: there even a total loss would be within the margin, and its items would only dilute the loss in
the others. A alone decides that, so B cannot choose its rows. The task `suppression` asks whether a calmer
model still does what it should; it has rows and no place among the abilities.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from gemma_distress.analysis.logs.files import Logs
from gemma_distress.analysis.scored_items import Key, Task, differences, read_scores
from gemma_distress.analysis.statistics.noninferiority import NonInferiority, noninferiority
from gemma_distress.analysis.wording import percent
from gemma_distress.errors import UsageError

MARGIN = 0.02
"""The loss to exclude: two points in a hundred items."""
SUPPRESSION = "suppression"
POOLED = "all abilities"


@dataclass(frozen=True)
class Row:
    """One task, or one part of one."""

    task: str
    part: str
    score: str
    found: NonInferiority
    nothing_to_lose: bool
    """Whether A's mean is not above the margin, with what A lacks counted as right: a PASS says nothing."""


@dataclass(frozen=True)
class Capabilities:
    """B against A."""

    model_a: str
    model_b: str
    margin: float
    level: float
    rows: tuple[Row, ...]
    """Abilities, in the order of the logs."""
    pooled: Row | None
    """All items of the rows in which A has something to lose; None where there are none."""
    suppression: tuple[Row, ...]
    notes: tuple[str, ...]
    """What was left aside, in sentences."""


def compare_capabilities(
    a: Logs,
    b: Logs,
    margin: float = MARGIN,
    level: float = 0.95,
    score: str | None = None,
) -> Capabilities:
    """Compare B with the base A, task by task and over all items.

    Args:
        a: logs of the base.
        b: of the other, which answered the same items.
        margin: the loss that must be excluded, a share.
        level: of each one-sided bound.
        score: which score to take where a log holds several.

    Raises:
        UsageError: as `read_scores`; there is no task in common; a task was asked under other conditions,
            or its items are other questions under the same names.
    """
    first, second = read_scores(a, score), read_scores(b, score)
    common = [name for name in first if name in second]
    if not common:
        raise UsageError(
            f"The two sides have no task in common: {', '.join(first)} and {', '.join(second)}."
        )
    notes = [
        f"{name} is in the logs of one side only and was left aside."
        for name in dict.fromkeys([*first, *second])
        if name not in common
    ]
    pairs: dict[tuple[str, str], _Pairs] = {}
    for name in common:
        _pair(pairs, notes, first[name], second[name])
    rows = [
        Row(
            task,
            part,
            first[task].score or second[task].score,
            found.verdict(margin, level),
            found.most_of_a() <= margin,
        )
        for (task, part), found in pairs.items()
    ]
    abilities = tuple(row for row in rows if row.task != SUPPRESSION)
    suppression = tuple(row for row in rows if row.task == SUPPRESSION)
    for group in (abilities, suppression):
        notes += [
            *_at_floor(group, margin),
            *_without_score(group, pairs, first),
        ]
    together = _Pairs([], [], [])
    for row in abilities:
        if not row.nothing_to_lose:
            together.add(pairs[row.task, row.part], row.task)
    return Capabilities(
        first[common[0]].model,
        second[common[0]].model,
        margin,
        level,
        abilities,
        Row(POOLED, "", "", together.verdict(margin, level), False) if together.a else None,
        suppression,
        tuple(notes),
    )


@dataclass
class _Pairs:
    a: list[float]
    b: list[float]
    items: list[tuple[str, str]]
    """Task and question: one asked twice, in epochs or under two names, is one item."""
    reasons: set[str] = field(default_factory=set)
    """Why scores are missing; an empty one for an error or a stop."""

    def add(self, other: _Pairs, task: str) -> None:
        self.a += other.a
        self.b += other.b
        self.items += [(task, item) for _, item in other.items]

    def most_of_a(self) -> float:
        """A's mean if all that A lacks were right."""
        return fmean(1.0 if math.isnan(one) else one for one in self.a)

    def verdict(self, margin: float, level: float) -> NonInferiority:
        return noninferiority(self.a, self.b, self.items, margin, level)


def _pair(
    pairs: dict[tuple[str, str], _Pairs], notes: list[str], first: Task, second: Task
) -> None:
    differ = differences(first.conditions, second.conditions)
    if differ:
        told = "; ".join(
            f"{name} {first.conditions[name] or 'none'} and {second.conditions[name] or 'none'}"
            for name in differ
        )
        raise UsageError(
            f"{first.name} was not asked alike of both, so no difference could be laid to the model: {told}. "
            "Run it alike, or name logs of other tasks."
        )
    keys = [key for key in first.answers if key in second.answers]
    alone = len(first.answers) + len(second.answers) - 2 * len(keys)
    if alone:
        notes.append(f"{first.name}: {alone} answers have no item in the other's logs.")
    for key in keys:
        one, other = first.answers[key], second.answers[key]
        _same_question(first.name, key, one.question, other.question)
        part = one.part or other.part
        found = pairs.setdefault((first.name, part), _Pairs([], [], []))
        found.a.append(one.score)
        found.b.append(other.score)
        found.reasons |= {answer.reason for answer in (one, other) if math.isnan(answer.score)}
        found.items.append((first.name, one.question or other.question or key[0]))


def _same_question(task: str, key: Key, one: str, other: str) -> None:
    if one and other and one != other:
        raise UsageError(
            f"{task}: the item {key[0]} is another question in either log, so they cannot be paired. "
            "A task that shuffles its items anew at each run must be told not to (-T TASK.shuffle=false)."
        )


def names(rows: Sequence[Row]) -> list[str]:
    """What rows of one table are called: the parts of an only task by themselves, else with the task."""
    alone = len({row.task for row in rows if row.task != POOLED}) == 1
    return [
        row.task if not row.part else row.part if alone else f"{row.task}: {row.part}"
        for row in rows
    ]


def _at_floor(rows: Sequence[Row], margin: float) -> list[str]:
    """A sentence about the rows of one table in which A has nothing to lose, if there are any."""
    floor = [name for name, row in zip(names(rows), rows, strict=True) if row.nothing_to_lose]
    if not floor:
        return []
    said = (
        f"In {', '.join(floor)} A has at most the margin ({percent(margin)}) right: no larger loss is "
        "possible there, so a verdict would say nothing."
    )
    if rows[0].task != SUPPRESSION:
        items = sum(row.found.items for row in rows if row.nothing_to_lose)
        said += f" {POOLED.capitalize()} leaves these {items:,} items out."
    return [said]


def _without_score(
    rows: Sequence[Row], pairs: Mapping[tuple[str, str], _Pairs], tasks: Mapping[str, Task]
) -> Iterator[str]:
    """Sentences about the rows of one table without any score to compare, by the reason for it."""
    found: dict[str, list[str]] = {}
    for name, row in zip(names(rows), rows, strict=True):
        if all_missing(row):
            reasons = pairs[row.task, row.part].reasons
            grader = tasks[row.task].conditions.get("grader")
            why = "answers of A or of B are missing (an error or a stop)"
            if "" not in reasons:
                by = f"the grader {grader}" if grader else "the scorer"
                why = f"{by} gave none ({', '.join(sorted(reasons))})"
            found.setdefault(why, []).append(name)
    for why, named in found.items():
        yield f"In {', '.join(named)} no item has a score on both sides: {why}."


def all_missing(row: Row) -> bool:
    """Whether no item of the row has a score on both sides."""
    return math.isnan(row.found.difference.estimate)
