"""Scores by item, from the logs of any evaluation: one number from 0 to 1 for each answer.

    from gemma_distress.analysis.scored_items import read_scores
    read_scores("logs/base")["gpqa_diamond"].answers

Nothing of this package needs to have made the logs. An answer is one epoch of a sample. What a log owes and
does not hold (an error, a stop, no score) is an answer without a score. So is all of a log in which nothing
was scored because nothing ended; which score it would be another log says, of this side or of the other.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gemma_distress.analysis.logs.files import LogFile, Logs, NoLogError, Unreadable, find, opened
from gemma_distress.analysis.logs.redact import public
from gemma_distress.analysis.logs.runs import run_of
from gemma_distress.analysis.logs.settings import settings_of
from gemma_distress.errors import UsageError

LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's correct, partially correct, incorrect, no answer."""

Key = tuple[str, int]
"""Sample and epoch."""


@dataclass(frozen=True)
class Answer:
    """One answer to one item."""

    score: float
    """From 0 to 1; NaN where there is none."""
    part: str
    """Of the task, by the sample's metadata `part`; empty where it has none."""
    question: str
    """A hash of what was asked; empty for an answer that the log does not hold."""
    reason: str = ""
    """Why the scorer gave no score, as the log says; empty where there is one, or an error or a stop."""


@dataclass
class Task:
    """The answers of one task in one arm."""

    name: str
    model: str
    conditions: Mapping[str, str]
    """What must be alike in two arms, by name, in words; without `score` where no log says it."""
    answers: dict[Key, Answer] = field(default_factory=dict)
    runs: dict[Key, str] = field(default_factory=dict)
    """The run (Inspect's `task_id`) that an answer is from."""

    @property
    def score(self) -> str:
        """The name of the score that the numbers are of; empty where nothing was scored."""
        return self.conditions.get("score", "")


def read_scores(logs: Logs, score: str | None = None) -> dict[str, Task]:
    """The tasks of some logs by name, without the name of their package.

    Args:
        logs: files, or folders of them.
        score: the name of the score to take where a log holds several.

    Raises:
        UsageError: a log cannot be read, was not scored, holds several scores and `score` names none of them,
            or scores that are no share of right; two runs of one task answered the same item.
    """
    tasks: dict[str, Task] = {}
    for path in find(logs):
        try:
            with opened(path) as log:
                _add(tasks, path.name, log, score)
        except NoLogError as error:
            raise UsageError(f"{path.name} cannot be compared: {error}.") from error
    return tasks


def _add(tasks: dict[str, Task], log: str, file: LogFile, score: str | None) -> None:
    spec = file.header["eval"]
    run = run_of(log, file.header)
    name = run.task.rpartition("/")[2]
    samples = [one for one in file.samples() if not isinstance(one, Unreadable)]
    chosen = _score_of(log, samples, spec, score)
    conditions = {
        "task version": run.task_version,
        "task arguments": _canonical(public(spec.get("task_args") or {})),
        "solver": _solver(spec),
        "settings of the model": settings_of(run.generate, {}),
        "grader": ", ".join(run.graders),
        **({"score": chosen} if chosen else {}),
    }
    task = tasks.setdefault(name, Task(name, run.model, conditions))
    differ = ["model"] if task.model != run.model else differences(task.conditions, conditions)
    if differ:
        raise UsageError(
            f"The logs of one side hold two runs of {name} that differ in: {', '.join(differ)}. "
            "Name the logs of one of them."
        )
    task.conditions = {**conditions, **task.conditions}
    held = {(str(one.get("id")), int(one.get("epoch") or 1)): one for one in samples}
    for key in dict.fromkeys([*owed(spec), *held]):
        _keep(task, key, _answer(log, held.get(key), chosen), run.task_id)


def _keep(task: Task, key: Key, answer: Answer, run: str) -> None:
    """The answer that has a score, of several attempts at one run."""
    known = task.answers.get(key)
    if known is not None and known.question and answer.question and task.runs[key] != run:
        raise UsageError(
            f"The logs of one side hold two runs of {task.name}: {key[0]} was answered in both. "
            "Name the logs of one of them."
        )
    if known is None or math.isnan(known.score):
        task.answers[key], task.runs[key] = answer, run


def owed(spec: Mapping[str, Any]) -> list[Key]:
    """What the header (its part `eval`) says that the run would answer."""
    ids = (spec.get("dataset") or {}).get("sample_ids")
    epochs = (spec.get("config") or {}).get("epochs") or 1
    named = ids if isinstance(ids, list) else []
    return [(str(one), epoch) for one in named for epoch in range(1, epochs + 1)]


def _score_of(
    log: str, samples: list[Mapping[str, Any]], spec: Mapping[str, Any], score: str | None
) -> str:
    """The name; empty where nothing was scored because nothing ended without an error."""
    names = list(dict.fromkeys(name for one in samples for name in one.get("scores") or {}))
    if score in names:
        return str(score)
    if len(names) == 1:
        return str(names[0])
    if not names and all(one.get("error") for one in samples):
        return ""
    if not names:
        raise UsageError(
            f"{log} ({spec.get('task')}) holds no score. Score it first: inspect score {log}"
        )
    raise UsageError(
        f"{log} ({spec.get('task')}) holds several scores: {', '.join(names)}. Name one with --score."
    )


def _solver(spec: Mapping[str, Any]) -> str:
    """The one given in place of the task's own, with its arguments; empty where none was."""
    name, arguments = spec.get("solver"), public(spec.get("solver_args") or {})
    return f"{name} {_canonical(arguments)}" if name else ""


def _answer(log: str, sample: Mapping[str, Any] | None, score: str) -> Answer:
    if sample is None:
        return Answer(math.nan, "", "")
    found = (sample.get("scores") or {}).get(score) or {}
    part = (sample.get("metadata") or {}).get("part")
    return Answer(
        math.nan if sample.get("error") else _number(log, sample, score, found.get("value")),
        part if isinstance(part, str) else "",
        hashlib.sha256(_canonical(_asked(sample)).encode()).hexdigest()[:16],
        "" if sample.get("error") else str(found.get("reason") or ""),
    )


def _number(log: str, sample: Mapping[str, Any], score: str, value: Any) -> float:
    if value is None:
        return math.nan
    number = LETTERS.get(value) if isinstance(value, str) else value
    if isinstance(number, int | float):  # a yes or no is 1 or 0
        number = float(number)
        if math.isnan(number) or 0 <= number <= 1:
            return number
    raise UsageError(
        f"{log}: the score {score} of {sample.get('id')} is {json.dumps(value)[:60]}, and no share of right "
        "from 0 to 1. Name another score with --score, or leave this log out."
    )


def _asked(sample: Mapping[str, Any]) -> Any:
    """The question without what differs by run, as the ids of its messages."""
    asked = sample.get("input")
    if not isinstance(asked, list):
        return [asked, sample.get("choices"), sample.get("target")]
    said = [[one.get("role"), one.get("content")] for one in asked if isinstance(one, dict)]
    return [said, sample.get("choices"), sample.get("target")]


def differences(a: Mapping[str, str], b: Mapping[str, str]) -> list[str]:
    """The names of what both tasks state and do not share."""
    return [name for name in a if name in b and a[name] != b[name]]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
