"""What a run has spent, and where it stops.

Every model call of the run, the graders' included, is a line in `spending.jsonl` in its folder, written
when the answer arrives. So the sum survives a killed process and covers calls whose conversations were lost
with it, which the logs do not. Answers from Inspect's cache cost nothing and are no lines.

When the sum reaches the ceiling the process sends itself the interrupt of Ctrl-C: finished
conversations are in the logs, the others are marked as cancelled and asked anew by the next attempt.
From then on no request leaves; those already under way are dropped, and their provider may bill them. So
the bill can exceed the ceiling by the last answer and the requests in flight, at most
`--max-connections` for each model (Inspect's own default grows to 100). The dropped ones are not in the sum.

Some servers do not state what an answer used. Such calls are counted and their cost is unknown; under a
ceiling the first of them stops the run, which would go on blindly otherwise. No hook of Inspect's tells of
them, so `count_unstated` looks at the answers of the models themselves. A prompt that was too long and
a filter's block come without usage from servers that state it otherwise; they are not counted.
"""

import json
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anyio
from inspect_ai.hooks import BeforeModelGenerate, Hooks, ModelUsageData, hooks
from inspect_ai.model import Model, ModelOutput, ModelUsage

LEDGER = "spending.jsonl"

_WITHOUT_USAGE = ("model_length", "content_filter")
"""Ends of an answer that say nothing about a server's habit of stating usage."""


@dataclass
class Spent:
    """Calls, tokens and dollars of one model."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    """Calls whose price or usage was unknown; not in `dollars`."""
    unstated: int = 0
    """Of these, calls of which the server stated no usage; not in the tokens either."""


@dataclass
class Spending:
    """The sum over all attempts of a run, and its ceiling in dollars (None: no ceiling)."""

    path: Path
    ceiling: float | None = None
    by_model: dict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))
    stopped: bool = False
    blind: str | None = None
    """The model whose answer without usage stopped the run."""

    @property
    def dollars(self) -> float:
        """Dollars spent where the price was known."""
        return sum(spent.dollars for spent in self.by_model.values())

    @property
    def unpriced(self) -> list[str]:
        """Models with calls of unknown price."""
        return [name for name, spent in self.by_model.items() if spent.unpriced]

    @property
    def reached(self) -> bool:
        return self.ceiling is not None and self.dollars >= self.ceiling

    def add(self, model: str, usage: ModelUsage) -> None:
        """Count one answer and write it down."""
        row = {
            "model": model,
            "input": usage.input_tokens
            + (usage.input_tokens_cache_read or 0)
            + (usage.input_tokens_cache_write or 0),
            "output": usage.output_tokens,
            "dollars": usage.total_cost,
        }
        self._write(row)

    def add_unstated(self, model: str) -> None:
        """Count one answer whose server stated no usage."""
        self._write({"model": model, "input": 0, "output": 0, "dollars": None, "unstated": True})

    def stop(self) -> None:
        """Interrupt this process as Ctrl-C does, once."""
        if not self.stopped:
            self.stopped = True
            signal.raise_signal(signal.SIGINT)

    def _write(self, row: dict[str, object]) -> None:
        self._count(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _count(self, row: dict[str, object]) -> None:
        spent = self.by_model[str(row["model"])]
        dollars = row["dollars"]
        spent.calls += 1
        spent.input_tokens += int(str(row["input"]))
        spent.output_tokens += int(str(row["output"]))
        if isinstance(dollars, int | float):
            spent.dollars += dollars
        else:
            spent.unpriced += 1
        spent.unstated += bool(row.get("unstated"))


def read_spending(folder: Path, ceiling: float | None = None) -> Spending:
    """What a folder's run has spent so far; a torn last line is one answer that was never used."""
    spending = Spending(folder / LEDGER, ceiling)
    if spending.path.exists():
        text = spending.path.read_text("utf-8")
        for line in text.splitlines():
            try:
                spending._count(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue
        if text and not text.endswith("\n"):
            with spending.path.open("a", encoding="utf-8") as file:
                file.write("\n")
    return spending


@contextmanager
def watching(spending: Spending) -> Iterator[None]:
    """Count every model call of this process, and interrupt it at the ceiling."""
    _register()
    SpendingHook.watched = spending
    # A job that a script starts in the background ignores interrupts, the run's own at the ceiling too.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        SpendingHook.watched = None
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def count_unstated(model: Model) -> None:
    """While watched, count this model's answers without usage; under a ceiling stop at the first."""
    generate = model.api.generate

    async def counted(*args: Any, **settings: Any) -> Any:
        answer = await generate(*args, **settings)
        output = answer[0] if isinstance(answer, tuple) else answer
        spending = SpendingHook.watched
        if spending is not None and isinstance(output, ModelOutput) and _unstated(output):
            spending.add_unstated(str(model))
            if spending.ceiling is not None:
                spending.blind = spending.blind or str(model)
                spending.stop()
        return answer

    model.api.generate = counted  # type: ignore[method-assign]


def _unstated(output: ModelOutput) -> bool:
    return output.usage is None and output.stop_reason not in _WITHOUT_USAGE


@cache
def _register() -> None:
    # Not at import: Inspect announces on standard output what hooks it finds when it starts.
    hooks(name="gemma_distress_spending", description="What a run spends, and its ceiling")(
        SpendingHook
    )


class SpendingHook(Hooks):
    """Counts while `watched` is set; Inspect makes the one instance of it."""

    watched: ClassVar[Spending | None] = None

    def enabled(self) -> bool:
        return self.watched is not None

    async def on_model_usage(self, data: ModelUsageData) -> None:
        spending = self.watched
        if spending is None:
            return
        spending.add(data.model_name, data.usage)
        if spending.reached:
            spending.stop()

    async def on_before_model_generate(self, data: BeforeModelGenerate) -> None:
        if self.watched is not None and self.watched.stopped:
            await anyio.sleep_forever()  # until the interrupt arrives here
