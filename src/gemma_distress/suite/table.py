"""What a user sees: the plan before a run, the table of results after it.

Names and error messages that come from models or servers are shown as plain text, never as markup.
"""

import math
import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from gemma_distress.analysis.statistics import Interval
from gemma_distress.protocol import HIGH, MAX_REPLY_TOKENS
from gemma_distress.sources.filters import load_filters
from gemma_distress.suite.ceiling import Spending, Spent
from gemma_distress.suite.estimate import (
    CHARACTERS_PER_TOKEN,
    REPLY_TOKENS,
    VERDICT_TOKENS,
    Estimate,
    Load,
)
from gemma_distress.suite.outcome import Outcome, Row
from gemma_distress.suite.plan import Plan
from gemma_distress.suite.progress_display import clock
from gemma_distress.suite.unrated import in_words

WIDTH = 118
"""Columns where the output is no terminal, so that a redirected table is not cut."""


def make_console(*, stderr: bool = False) -> Console:
    """A console for plans and tables."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, width=WIDTH, highlight=False)


def show_plan(plan: Plan, left: Estimate, spending: Spending) -> RenderableType:
    """What will be asked of whom, and what it will cost."""
    if left.nothing:
        return Text(f"All {left.planned} conversations are finished; nothing is asked.")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, justify in (
        ("", "left"),
        ("model", "left"),
        ("calls", "right"),
        ("tokens in / out", "right"),
        ("at most", "right"),
        ("dollars", "right"),
        ("at most", "right"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for load in left.loads:
        table.add_row(*_load_cells(load))
    table.add_row("", "", "", "", "", _dollars(left.expected), _dollars(left.most), style="bold")
    done = f", {left.finished} of them finished already" if left.finished else ""
    done += f"; {left.again} replies to rate again" if left.again else ""
    cap = plan.options.max_tokens or MAX_REPLY_TOKENS
    lines: list[RenderableType] = [
        Text(
            f"{left.planned} conversations in {', '.join(plan.tasks)} ({plan.options.preset}){done}"
        ),
        table,
        Text(
            f"Tokens are characters / {CHARACTERS_PER_TOKEN} with the history sent again at each "
            f"turn, for replies of {min(REPLY_TOKENS, cap)} tokens (at most {cap}) and "
            f"verdicts of {VERDICT_TOKENS}; at most: all "
            "at their cap, every verdict asked twice.",
            style="dim",
        ),
    ]
    if left.unpriced:
        lines.append(
            Text(f"The price of {', '.join(left.unpriced)} is unknown; give it with --prices FILE.")
        )
    if spending.by_model:
        lines.append(Text(f"Spent so far: {_spent(spending)}"))
    lines.append(Text(f"Logs: {plan.log_dir}"))
    return Group(*lines)


def show_outcome(outcome: Outcome, width: int = WIDTH) -> RenderableType:
    """The categories, their macro average, what is missing and why, and where it all lies.

    With fewer than `WIDTH` columns an interval stands under its estimate.
    """
    high = f"≥ {HIGH}"
    headings = ["category", "prompts", "finished", "rated", "mean rating", f"any {high}"]
    headings += [f"paper's {high}", f"any {high} unknown"]
    rows = [_row_cells(row) for row in outcome.rows]
    if outcome.macro is not None:
        rows.append(["macro average", *[""] * 5, _percent(outcome.macro), ""])
    if width < WIDTH:
        headings = [_broken(heading) for heading in headings]
        rows = [[_broken(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, 2 if width >= WIDTH else 1, 0, 0))
    for heading in headings:
        first = heading == headings[0]
        table.add_column(heading, justify="left" if first else "right", no_wrap=width >= WIDTH)
    for number, cells in enumerate(rows):
        bold = "bold" if number == len(outcome.rows) else None
        table.add_row(*(Text(cell) for cell in cells), style=bold)
    lines: list[RenderableType] = [table]
    if outcome.macro is None:
        lines.append(Text(f"macro average: not without {', '.join(outcome.lacking)}", style="bold"))
    lines.append(
        Text(
            "Finished: of the conversations planned. Rated: of the replies owed. Brackets: 95% intervals, "
            "clustered by prompt. Paper's reading: the last reply, for numeric the highest. "
            f"Any {high} unknown: conversations of which a missing rating leaves it open, and the share "
            f"of any {high} [if none of them … if all of them were high].",
            style="dim",
        )
    )
    for row in outcome.rows:
        if row.source is not None and not row.source.from_hub:
            included = "; the macro average includes them" if outcome.macro is not None else ""
            lines.append(
                Text(
                    f"{row.task}: prompts from {row.source.name} ({row.source.hash[:19]}), not from the "
                    f"hub's {load_filters().dataset}{included}"
                )
            )
        for reason, count in row.failures.items():
            lines.append(
                Text(f"{row.task}: {count} of {row.planned} conversations missing: {reason}")
            )
        for reason, count in row.unrated_reasons.items():
            replies = "reply" if count == 1 else "replies"
            lines.append(Text(f"{row.task}: {count} {replies} not rated: {in_words(reason)}"))
    lines += [
        Text(
            f"grader   {', '.join(outcome.graders)}, rubric {outcome.rubric}, pack {outcome.pack}"
        ),
        *_agreement(outcome),
        Text(f"cost     {_spent(outcome.spending)}"),
        Text(f"time     {clock(outcome.wall_seconds)} from the first conversation to the last"),
        Text(f"logs     {outcome.log_dir}"),
        Text(f"open     {_inspect()} view --log-dir {shlex.quote(outcome.log_dir)}"),
    ]
    return Group(*lines)


def _inspect() -> str:
    """What to type for this Python's `inspect`; its environment need not be the active one."""
    found, ours = shutil.which("inspect"), Path(sys.executable).with_name("inspect")
    if (found and Path(found) == ours) or not ours.exists():
        return "inspect"
    near = ours.is_relative_to(Path.cwd())
    return shlex.quote(str(ours.relative_to(Path.cwd()) if near else ours))


def _agreement(outcome: Outcome) -> list[Text]:
    if outcome.agreement is None:
        return []
    replies, exact, near = outcome.agreement
    return [
        Text(
            f"         the table shows the first grader's ratings; on {replies} replies both gave"
        ),
        Text(f"         the same in {exact:.0%} and differed by one point at most in {near:.0%}"),
    ]


def _load_cells(load: Load) -> list[Text]:
    return [
        Text(load.role),
        Text(load.model),
        Text(f"{load.calls:,}"),
        Text(f"{_thousands(load.expected.input)} / {_thousands(load.expected.output)}"),
        Text(f"{_thousands(load.most.input)} / {_thousands(load.most.output)}"),
        Text(_dollars(load.expected.dollars(load.price))),
        Text(_dollars(load.most.dollars(load.price))),
    ]


def _row_cells(row: Row) -> list[str]:
    low, high = row.any_high_bounds
    unknown = row.any_high_unknown
    return [
        row.task,
        str(row.prompts),
        f"{row.finished}/{row.planned}",
        f"{row.rated}/{row.rated + row.unrated}",
        _rating(row.mean_rating),
        _percent(row.any_high),
        _percent(row.paper_high),
        f"{unknown} [{_share(low)} … {_share(high)}%]" if unknown else "0",
    ]


def _broken(cell: str) -> str:
    """In two lines at the first space, or before the threshold of a heading."""
    first, space, rest = cell.partition(" ")
    if rest.startswith("≥ ") and rest.count(" ") == 2:
        return f"{first} {rest[:3]}\n{rest[4:]}"
    return f"{first}\n{rest}" if space else cell


def _percent(interval: Interval) -> str:
    if math.isnan(interval.estimate):
        return "–"
    return f"{_share(interval.estimate)}% [{_share(interval.lower)}, {_share(interval.upper)}]"


def _share(value: float) -> str:
    """Percent, with a decimal where a whole number would hide a small one."""
    percent = 100 * value
    return f"{percent:.1f}" if 0 < percent < 10 or 90 < percent < 100 else f"{percent:.0f}"


def _rating(interval: Interval) -> str:
    if math.isnan(interval.estimate):
        return "–"
    return f"{interval.estimate:.2f} [{interval.lower:.2f}, {interval.upper:.2f}]"


def _spent(spending: Spending) -> str:
    parts = [
        f"{name} {'unknown' if spent.unpriced else _dollars(spent.dollars)} ({_calls(spent)})"
        for name, spent in spending.by_model.items()
    ]
    total = (
        [] if spending.unpriced or len(parts) < 2 else [f"{_dollars(spending.dollars)} together"]
    )
    return ", ".join([*parts, *total]) or "nothing was asked"


def _calls(spent: Spent) -> str:
    without = f", {spent.unstated:,} of them without stated usage" if spent.unstated else ""
    return f"{spent.calls:,} calls{without}"


def _dollars(amount: float | None) -> str:
    if amount is None:
        return "unknown"
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.4f}"


def _thousands(count: int) -> str:
    return f"{count / 1000:,.0f}k" if count >= 10_000 else f"{count:,}"
