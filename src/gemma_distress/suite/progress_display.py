"""How the progress of a run is shown: bars in a terminal, a line now and then anywhere else.

Inspect's own displays close each task with up to ninety lines of metrics, which the table after the run
sums up; they are there for the asking (`--display`). Beside this one Inspect is silent, so warnings are shown
here: in a line each, and those of one kind once, for the table counts what befell whole conversations.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

STEPS = 20
"""Lines at most from beginning to end where the output is no terminal."""

PAUSE = 5.0
"""Seconds at least between two of them."""

WARNING_LENGTH = 240
"""Characters that are shown of a warning."""

_ALL = "together"


@dataclass(frozen=True)
class Counts:
    """How far some conversations are."""

    replies: int
    """Given; of a conversation that is over, all it owed."""
    all_replies: int
    rated: int
    """Replies of the conversations that are over."""
    conversations: int
    """Over: rated and written, or failed."""
    all_conversations: int

    @property
    def done(self) -> int:
        """Of 2 × `all_replies`: half of the way is the replies and half their ratings."""
        return self.replies + self.rated

    @property
    def replies_in_words(self) -> str:
        return f"{self.replies}/{self.all_replies} replies"

    @property
    def conversations_in_words(self) -> str:
        return f"{self.conversations}/{self.all_conversations} conversations"


class Display:
    """What all displays share: the newest counts by task, and their sum."""

    def __init__(self, counts: Mapping[str, Counts], console: Console) -> None:
        self.counts = dict(counts)
        self.console = console
        self.requests_sent_again = 0
        """By the clients of the models, after rate limits and the like."""

    @property
    def together(self) -> Counts:
        return Counts(*map(sum, zip(*map(astuple, self.counts.values()), strict=True)))

    def show(self, task: str, counts: Counts) -> None:
        """A task has come further."""
        self.counts[task] = counts

    @property
    def note(self) -> str:
        again = self.requests_sent_again
        return f"{again} requests sent again" if again else ""


class Bars(Display):
    """A bar for each task and one for all, gone at the end."""

    def __init__(self, counts: Mapping[str, Counts], console: Console) -> None:
        super().__init__(counts, console)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[replies]}", justify="right"),
            TextColumn("{task.fields[conversations]}", justify="right"),
            _Clock(),
            TextColumn("{task.fields[note]}"),
            console=console,
            refresh_per_second=4,
            transient=True,
        )
        self._rows = {
            name: self.progress.add_task(
                name,
                total=2 * one.all_replies,
                completed=one.done,
                replies=one.replies_in_words,
                conversations=one.conversations_in_words,
                note="",
            )
            for name, one in [*self.counts.items(), (_ALL, self.together)]
        }

    def show(self, task: str, counts: Counts) -> None:
        super().show(task, counts)
        for name, one in ((task, counts), (_ALL, self.together)):
            self.progress.update(
                self._rows[name],
                completed=one.done,
                replies=one.replies_in_words,
                conversations=one.conversations_in_words,
                note=self.note if name == _ALL else "",
            )


class Lines(Display):
    """A line at every twentieth of the way, if the last was a moment ago."""

    def __init__(self, counts: Mapping[str, Counts], console: Console) -> None:
        super().__init__(counts, console)
        self._started = self._said = time.monotonic()
        self._step = self._steps(self.together)

    def show(self, task: str, counts: Counts) -> None:
        super().show(task, counts)
        whole, now = self.together, time.monotonic()
        step = self._steps(whole)
        if step > self._step and (step == STEPS or now - self._said >= PAUSE):
            self._said, self._step = now, step
            parts = [whole.replies_in_words, whole.conversations_in_words]
            parts += [clock(now - self._started), self.note]
            line = ", ".join(part for part in parts if part)
            self.console.print(Text(f"{step / STEPS:4.0%}  {line}"))

    @staticmethod
    def _steps(counts: Counts) -> int:
        return STEPS * counts.done // max(1, 2 * counts.all_replies)


@contextmanager
def showing(counts: Mapping[str, Counts], console: Console) -> Iterator[Display]:
    """A display for this console, and warnings on it, as long as the block lasts."""
    warnings = _Warnings(console)
    # Inspect's own logger passes nothing on to the root.
    loggers = [logging.getLogger(), logging.getLogger("inspect_ai")]
    for logger in loggers:
        logger.addHandler(warnings)
    try:
        if console.is_terminal:
            bars = Bars(counts, console)
            with bars.progress:
                yield bars
        else:
            yield Lines(counts, console)
    finally:
        for logger in loggers:
            logger.removeHandler(warnings)


class _Warnings(logging.Handler):
    """Those from one place in the code are one kind."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._shown: set[tuple[str, int]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        kind = (record.pathname, record.lineno)
        if kind not in self._shown:
            self._shown.add(kind)
            line = " ".join(record.getMessage().split())
            if len(line) > WARNING_LENGTH:  # an error tells the most at its end
                line = f"{line[: WARNING_LENGTH // 3]} … {line[-2 * WARNING_LENGTH // 3 :]}"
            self._console.print(Text(f"{record.levelname.lower()}: {line}"))


class _Clock(ProgressColumn):
    """Time passed and left, in the last row."""

    def render(self, task: Task) -> Text:
        if task.description != _ALL:
            return Text()
        passed, left = clock(task.elapsed or 0), task.time_remaining
        return Text(passed if left is None else f"{passed}, {clock(left)} left")


def clock(seconds: float) -> str:
    """`1 h 5 min` or `3 min 20 s`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"
