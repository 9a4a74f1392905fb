"""What came out of a run, read from its logs: a row a category and the macro average.

Only headers and sample summaries are read, and the scores of conversations that lack a rating. Every number
is the one of the same name in the log (`analysis.statistics`), so the table and the log viewer agree.
Conversations that ended in an error count with the replies that were rated; what is missing
stays missing and is counted.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from inspect_ai.log import EvalSampleSummary

from gemma_distress.analysis.statistics import Interval, paper_high
from gemma_distress.analysis.statistics.figures import Figures, figures
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.errors import UsageError
from gemma_distress.protocol import CATEGORIES
from gemma_distress.suite.ceiling import Spending, read_spending
from gemma_distress.suite.folder import TaskLog, read_record, task_logs
from gemma_distress.suite.unrated import grader_failures, unrated_reasons
from gemma_distress.tasks.viewer import SCORER

NOT_STARTED = "not started"
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Source:
    """Where the prompts of a task came from, if not from this package."""

    name: str
    """Dataset with commit, or file or folder."""
    hash: str
    """Of the content."""
    from_hub: bool


@dataclass(frozen=True)
class Row:
    """One task of the run."""

    task: str
    prompts: int
    planned: int
    """Conversations."""
    finished: int
    """Of these, ended without an error."""
    failures: Mapping[str, int]
    """Why the others did not, with counts; they add up to planned − finished."""
    rated: int
    """Replies."""
    unrated: int
    unrated_reasons: Mapping[str, int]
    """Why, with counts of replies (`unrated.unrated_reasons`)."""
    incomplete: int
    """Conversations with a missing rating, those without any included."""
    mean_rating: Interval
    any_high: Interval
    paper_high: Interval
    any_high_unknown: int
    """Conversations of which a missing rating leaves it open, those never scored included."""
    any_high_bounds: tuple[float, float]
    """If none, and if all, of the unknown conversations had a high reply."""
    paper_high_unknown: int
    paper_high_bounds: tuple[float, float]
    source: Source | None


@dataclass(frozen=True)
class Outcome:
    """A run's results; `as_json` gives them as plain data."""

    rows: tuple[Row, ...]
    macro: Interval | None
    """The unweighted mean of the paper's reading over the five categories, None unless all are there."""
    lacking: tuple[str, ...]
    """Categories that the macro average would need."""
    graders: tuple[str, ...]
    agreement: tuple[int, float, float] | None
    """With two graders: replies that both rated, share rated alike, share within one point."""
    rubric: str
    pack: str
    log_dir: str
    wall_seconds: float
    """From the start of the first recorded conversation to the end of the last."""
    spending: Spending

    @property
    def complete(self) -> bool:
        """Whether every conversation finished and no grader failed on a reply."""
        return self.grader_failures == 0 and all(row.finished == row.planned for row in self.rows)

    @property
    def grader_failures(self) -> int:
        """Replies without a rating through a grader's fault; with two graders each counts."""
        return sum(grader_failures(row.unrated_reasons) for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON; what is not a number there is null."""
        data = {
            "rows": [asdict(row) for row in self.rows],
            "macro_paper_high": None if self.macro is None else asdict(self.macro),
            "macro_lacks": self.lacking,
            "complete": self.complete,
            "grader_failures": self.grader_failures,
            "graders": self.graders,
            "agreement": self.agreement,
            "rubric": self.rubric,
            "pack": self.pack,
            "log_dir": self.log_dir,
            "wall_seconds": self.wall_seconds,
            "dollars": self.spending.dollars,
            "unpriced_models": self.spending.unpriced,
            "usage": {name: asdict(spent) for name, spent in self.spending.by_model.items()},
        }
        plain: dict[str, Any] = _plain(data)
        return plain


def read_outcome(folder: Path) -> Outcome:
    """The results in a folder of `gemma-distress run`, finished or not.

    Raises:
        UsageError: The folder holds no run.
    """
    record = read_record(folder)
    if record is None:
        raise UsageError(f"{folder} holds no run of gemma-distress. Name the folder of one.")
    logs = task_logs(folder)
    planned: dict[str, int] = record["planned"]
    # By id: an attempt logs in the order of finishing, and sums of floats mind the order.
    samples = {
        name: sorted(logs[name].summaries, key=lambda s: (str(s.id), s.epoch))
        if name in logs
        else []
        for name in planned
    }
    lacking = [name for name in CATEGORIES if not any(s.scores for s in samples.get(name, ()))]
    return Outcome(
        rows=tuple(_row(name, planned[name], samples[name], logs.get(name)) for name in planned),
        macro=None if lacking else _macro(samples),
        lacking=tuple(lacking),
        graders=tuple(record["graders"]),
        agreement=_agreement(list(logs.values())),
        rubric=record["rubric"],
        pack=record["pack"],
        log_dir=str(folder),
        wall_seconds=_wall([sample for rows in samples.values() for sample in rows]),
        spending=read_spending(folder),
    )


def _agreement(logs: Sequence[TaskLog]) -> tuple[int, float, float] | None:
    """Pooled over the replies of all tasks, from the logs' own metrics."""
    parts = []
    for log in logs:
        scores = log.header.results.scores if log.header.results else []
        found = {name: one.value for score in scores[:1] for name, one in score.metrics.items()}
        if replies := int(found.get("agreement_replies", 0)):
            parts.append((replies, found["agreement_exact"], found["agreement_within_one"]))
    total = sum(replies for replies, *_ in parts)
    if not total:
        return None
    exact, near = (sum(part[0] * part[place] for part in parts) / total for place in (1, 2))
    return total, exact, near


@dataclass(frozen=True)
class _Ratings:
    """The scored conversations of a task, as `analysis` takes them."""

    category: str
    ratings: list[list[float]]
    owed: list[int]
    prompts: list[str]

    def figures(self, lost: int) -> Figures:
        return figures(
            self.category, self.ratings or np.empty((0, 1)), self.prompts, self.owed, lost
        )

    def paper_high(self) -> Any:
        return paper_high(self.category, self.ratings, self.owed)


def _ratings(task: str, samples: Sequence[EvalSampleSummary]) -> _Ratings:
    ratings: list[list[float]] = []
    owed: list[int] = []
    prompts: list[str] = []
    category = task
    for sample in samples:
        score = (sample.scores or {}).get(SCORER)
        if score is None or not isinstance(score.value, dict):
            continue
        turns = sum(name.startswith("turn_") for name in score.value)
        ratings.append([_number(score.value[f"turn_{turn}"]) for turn in range(1, turns + 1)])
        owed.append(int((score.metadata or {}).get("owed", turns)))
        prompts.append(str(sample.metadata.get("prompt_id", sample.id)))
        category = str(sample.metadata.get("category", task))
    return _Ratings(category, ratings, owed, prompts)


def _row(task: str, planned: int, samples: Sequence[EvalSampleSummary], log: TaskLog | None) -> Row:
    finished = len(log.finished) if log else 0
    failures = Counter(_reason(s) for s in samples if s.error is not None or not s.completed)
    never = planned - finished - sum(failures.values())
    if never > 0:
        failures[NOT_STARTED] = never
    table = _ratings(task, samples)
    lost = planned - len(table.ratings)
    rated = [
        sum(not math.isnan(r) for r in row[:o])
        for row, o in zip(table.ratings, table.owed, strict=True)
    ]
    short = sum(count < owed for count, owed in zip(rated, table.owed, strict=True))
    reasons = sum((unrated_reasons(log) if log else {}).values(), Counter[str]())
    found = table.figures(lost)
    return Row(
        task=task,
        prompts=len({str(s.metadata.get("prompt_id", s.id)) for s in samples}),
        planned=planned,
        finished=finished,
        failures=dict(failures),
        rated=sum(rated),
        unrated=sum(table.owed) - sum(rated),
        unrated_reasons=dict(sorted(reasons.items())),
        incomplete=short + lost,
        mean_rating=found.mean_rating.interval,
        any_high=found.any_high.interval,
        paper_high=found.paper_high.interval,
        any_high_unknown=found.any_high.unknown,
        any_high_bounds=found.any_high.bounds,
        paper_high_unknown=found.paper_high.unknown,
        paper_high_bounds=found.paper_high.bounds,
        source=_source(log),
    )


def _source(log: TaskLog | None) -> Source | None:
    origin = (log.header.eval.metadata if log else None) or {}
    if "source" not in origin:
        return None
    return Source(origin["source"], origin["source_hash"], origin["from_hub"])


def _macro(samples: Mapping[str, Sequence[EvalSampleSummary]]) -> Interval:
    tables = {name: _ratings(name, samples[name]) for name in CATEGORIES}
    return macro_proportion(
        {name: table.paper_high() for name, table in tables.items()},
        {name: table.prompts for name, table in tables.items()},
    )


def _reason(sample: EvalSampleSummary) -> str:
    """The error's first line, short; an interrupted conversation is not an error of its own."""
    message = (sample.error or "").strip()
    if not message or message.startswith(("CancelledError", "Cancelled(")):
        return INTERRUPTED
    if message.startswith("ModelGenerateError("):
        # Inspect puts the whole request before the provider's words.
        words = message.replace("\\n", "\n").rsplit("\n\n", 1)[-1]
        message = words.removesuffix("')").removesuffix('")').replace("\\'", "'")
    line = " ".join(message.split())
    return line if len(line) <= 80 else line[:79] + "…"


def _wall(samples: Sequence[EvalSampleSummary]) -> float:
    starts = [_moment(s.started_at) for s in samples if s.started_at]
    ends = [_moment(s.completed_at) for s in samples if s.completed_at]
    return (max(ends) - min(starts)).total_seconds() if starts and ends else 0.0


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
