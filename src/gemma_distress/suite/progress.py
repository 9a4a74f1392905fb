"""How far a run is, while it runs: replies and conversations by task, counted from Inspect's hooks.

A conversation that ends early (a refusal, an error, a solved puzzle) owes no more replies. One taken up
again, because it failed or was interrupted, starts from nothing.
"""

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from functools import cache
from typing import ClassVar

from inspect_ai.event import ModelEvent
from inspect_ai.hooks import (
    Hooks,
    ModelRetry,
    SampleEnd,
    SampleEvent,
    SampleStart,
    TaskStart,
    hooks,
)
from rich.console import Console

from gemma_distress.suite.plan import Plan
from gemma_distress.suite.progress_display import Counts, Display, showing


class TaskProgress:
    """The conversations of one task.

    Args:
        owed: Replies of each conversation, by its id.
        over: Ids of those that are over already.
    """

    def __init__(self, owed: Mapping[str, int], over: Set[str]) -> None:
        self._owed = owed
        self._over = {name for name in owed if name in over}
        self._given = dict.fromkeys(owed, 0) | {name: owed[name] for name in self._over}
        self._all_replies = sum(owed.values())
        self._replies = sum(self._given.values())
        self._rated = self._replies

    @property
    def counts(self) -> Counts:
        return Counts(
            replies=self._replies,
            all_replies=self._all_replies,
            rated=self._rated,
            conversations=len(self._over),
            all_conversations=len(self._owed),
        )

    def starts(self, conversation: str) -> None:
        if conversation in self._owed:
            self._replies -= self._given[conversation]
            self._given[conversation] = 0
            if conversation in self._over:
                self._over.remove(conversation)
                self._rated -= self._owed[conversation]

    def reply(self, conversation: str) -> None:
        if self._given.get(conversation, 0) < self._owed.get(conversation, 0):
            self._given[conversation] += 1
            self._replies += 1

    def ends(self, conversation: str) -> None:
        if conversation in self._owed and conversation not in self._over:
            self._replies += self._owed[conversation] - self._given[conversation]
            self._given[conversation] = self._owed[conversation]
            self._over.add(conversation)
            self._rated += self._owed[conversation]


class Progress:
    """The tasks of a run, fed with what Inspect reports; its ids of attempts are mapped to ours."""

    def __init__(self, tasks: Mapping[str, TaskProgress], display: Display) -> None:
        self._tasks = tasks
        self._display = display
        self._task_of: dict[str, str] = {}
        self._conversation_of: dict[str, tuple[str, str]] = {}

    def task_starts(self, attempt: str, task: str) -> None:
        self._task_of[attempt] = task

    def conversation_starts(self, task_attempt: str, attempt: str, conversation: str) -> None:
        task = self._task_of.get(task_attempt, "")
        if task in self._tasks:
            self._conversation_of[attempt] = task, conversation
            self._tasks[task].starts(conversation)
            self._show(task)

    def reply(self, attempt: str) -> None:
        if attempt in self._conversation_of:
            task, conversation = self._conversation_of[attempt]
            self._tasks[task].reply(conversation)
            self._show(task)

    def conversation_ends(self, attempt: str) -> None:
        if attempt in self._conversation_of:
            task, conversation = self._conversation_of.pop(attempt)
            self._tasks[task].ends(conversation)
            self._show(task)

    def request_is_sent_again(self) -> None:
        self._display.requests_sent_again += 1

    def _show(self, task: str) -> None:
        self._display.show(task, self._tasks[task].counts)


@contextmanager
def watching_progress(
    plan: Plan, finished: Mapping[str, Set[str]], console: Console
) -> Iterator[None]:
    """Count and show what this block asks.

    Args:
        plan: The run.
        finished: By task, ids of the conversations that are not asked again.
        console: Where to show it.
    """
    tasks = {
        name: TaskProgress(
            {str(s.id): (s.metadata or {})["n_turns"] for s in plan.samples(name)},
            finished.get(name, frozenset()),
        )
        for name in plan.tasks
    }
    _register()
    with showing({name: task.counts for name, task in tasks.items()}, console) as display:
        ProgressHook.watched = Progress(tasks, display)
        try:
            yield
        finally:
            ProgressHook.watched = None


class ProgressHook(Hooks):
    """Feeds `watched` while it is set; Inspect makes the one instance of it."""

    watched: ClassVar[Progress | None] = None

    def enabled(self) -> bool:
        return self.watched is not None

    async def on_task_start(self, data: TaskStart) -> None:
        if self.watched is not None:
            self.watched.task_starts(data.eval_id, data.spec.task)

    async def on_sample_start(self, data: SampleStart) -> None:
        if self.watched is not None:
            self.watched.conversation_starts(data.eval_id, data.sample_id, str(data.summary.id))

    async def on_sample_event(self, data: SampleEvent) -> None:
        event = data.event
        # A grader is asked in its role, the subject in none.
        if self.watched is not None and isinstance(event, ModelEvent) and event.role is None:
            self.watched.reply(data.sample_id)

    async def on_sample_end(self, data: SampleEnd) -> None:
        if self.watched is not None:
            self.watched.conversation_ends(data.sample_id)

    async def on_model_retry(self, data: ModelRetry) -> None:
        if self.watched is not None:
            self.watched.request_is_sent_again()


@cache
def _register() -> None:
    # Not at import: Inspect announces on standard output what hooks it finds when it starts.
    hooks(name="gemma_distress_progress", description="How far a run is")(ProgressHook)
