"""Runs of the real tasks on the organism, and what their logs say, conversation by conversation.

Everything is held, rated and logged by Inspect; nothing here looks at a model. A rating that is missing in
the log is NaN, and so is the level of a reply in which no phrase of the grammar occurs.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import Model

from gemma_distress.errors import UsageError
from gemma_distress.organism import level_of
from gemma_distress.replies import replies
from gemma_distress.tasks.viewer import SCORER

GRADER = "gemma_distress/lexical"

TASKS_AT_ONCE, CONVERSATIONS_AT_ONCE = 12, 96
"""In one sitting: enough conversations to fill the organism's batch while some are rated, few enough for
what it remembers of conversations."""


@dataclass(frozen=True)
class Reply:
    """One reply: its text and what the log has on it."""

    turn: int
    text: str
    rating: float
    level: float
    """Read back from its words (`gemma_distress.organism.level_of`)."""
    stop_reason: str | None
    tokens: int
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Conversation:
    """One sample of a log."""

    sample_id: str
    prompt_id: str
    category: str
    condition: str
    prompt: str
    puzzle: dict[str, Any] | None
    replies: tuple[Reply, ...]
    turns: int
    """Replies that its script asks for."""

    @property
    def ratings(self) -> list[float]:
        """By turn, NaN where there is none."""
        by_turn = {reply.turn: reply.rating for reply in self.replies}
        return [by_turn.get(turn, math.nan) for turn in range(1, self.turns + 1)]


@dataclass(frozen=True)
class Run:
    """The conversations of one condition, with their log."""

    name: str
    log: EvalLog
    conversations: tuple[Conversation, ...]

    @property
    def replies(self) -> int:
        return sum(len(conversation.replies) for conversation in self.conversations)


@dataclass(frozen=True)
class Sitting:
    """Conditions that ran side by side."""

    runs: tuple[Run, ...]
    seconds: float
    """Of the wall, start and end of the logs included."""

    @property
    def name(self) -> str:
        return self.runs[0].name if len(self.runs) == 1 else f"{len(self.runs)} conditions together"

    @property
    def replies(self) -> int:
        return sum(run.replies for run in self.runs)


@dataclass
class Runner:
    """Runs tasks with one subject, the lexical grader and one sampling seed."""

    model: Model
    seed: int
    log_dir: Path
    max_connections: int | None = None
    sittings: list[Sitting] = field(default_factory=list)

    @property
    def runs(self) -> list[Run]:
        return [run for sitting in self.sittings for run in sitting.runs]

    def run(self, tasks: Mapping[str, Task]) -> dict[str, Run]:
        """The conversations of each condition, by its name; all side by side, in one sitting.

        Raises:
            UsageError: A run did not end well; the message has the first error.
        """
        start = time.monotonic()
        options: dict[str, Any] = {}
        if self.max_connections is not None:
            options["max_connections"] = self.max_connections
        if len(tasks) > 1:
            side_by_side = min(len(tasks), TASKS_AT_ONCE)
            options["max_tasks"] = side_by_side
            options["max_samples"] = CONVERSATIONS_AT_ONCE // side_by_side
        logs = inspect_eval(
            list(tasks.values()),
            model=self.model,
            model_roles={"grader": GRADER},
            seed=self.seed,
            log_dir=str(self.log_dir),
            display="none",
            log_realtime=False,
            score_display=False,
            **options,
        )
        runs = {name: _run(name, log) for name, log in zip(tasks, logs, strict=True)}
        sitting = Sitting(tuple(runs.values()), time.monotonic() - start)
        self.sittings.append(sitting)
        print(
            f"{sitting.name}: {sitting.replies} replies, {sitting.seconds:.0f} s, "
            f"{sitting.replies / sitting.seconds:.1f} replies/s",
            file=sys.stderr,
            flush=True,
        )
        return runs


def _run(name: str, log: EvalLog) -> Run:
    _refuse_failed(name, log)
    samples = sorted(log.samples or [], key=lambda one: str(one.id))
    return Run(name, log, tuple(conversation_of(sample) for sample in samples))


def conversation_of(sample: EvalSample) -> Conversation:
    """What a logged sample holds."""
    note = sample.metadata
    score = (sample.scores or {})[SCORER]
    rows = {row["turn"]: row for row in (score.metadata or {})["turns"]}
    found = []
    for reply in replies(sample.messages):
        row, level = rows[reply.turn], level_of(reply.text)
        found.append(
            Reply(
                turn=reply.turn,
                text=reply.text,
                rating=math.nan if row["rating"] is None else float(row["rating"]),
                level=math.nan if level is None else float(level),
                stop_reason=reply.stop_reason,
                tokens=reply.output_tokens or 0,
                flags=tuple(row.get("flags", ())),
            )
        )
    return Conversation(
        sample_id=str(sample.id),
        prompt_id=str(note["prompt_id"]),
        category=str(note["category"]),
        condition=str(note["condition"]),
        prompt=next(m.text for m in sample.messages if m.role == "user"),
        puzzle=note.get("puzzle"),
        replies=tuple(found),
        turns=int(note["n_turns"]),
    )


def _refuse_failed(name: str, log: EvalLog) -> None:
    first = next((sample.error for sample in log.samples or [] if sample.error), log.error)
    if log.status != "success" or first is not None:
        told = first.message if first else log.status
        raise UsageError(f"The run {name} did not end well ({log.location}): {told}")
