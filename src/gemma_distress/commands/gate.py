"""`gemma-distress gate`: PASS, FAIL or UNDECIDED, for people, for scripts and for GitHub Actions.

Exit codes are verdicts: 0 PASS, 1 FAIL, 2 UNDECIDED. Everything that is no verdict, a mistake of the user's
or a defect of this program, is 3, so that a script never takes a misspelt option for an answer.
"""

import os
import re
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gemma_distress.commands.options import P, value
from gemma_distress.commands.shares import Share
from gemma_distress.commands.shown import text
from gemma_distress.errors import UsageError
from gemma_distress.visible import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from gemma_distress.analysis.gate import Bounds, Gate

EXIT_CODES = {"PASS": 0, "FAIL": 1, "UNDECIDED": 2}
NO_VERDICT = 3
_ANNOTATIONS = {"PASS": "notice", "FAIL": "error", "UNDECIDED": "warning"}


class MistakeError(click.UsageError):
    """A mistaken option, with the exit code that is no verdict."""

    exit_code = NO_VERDICT


class GateCommand(click.Command):
    """A command whose mistaken options exit with `NO_VERDICT` instead of click's 2."""

    def make_context(self, *args: Any, **settings: Any) -> click.Context:
        try:
            return super().make_context(*args, **settings)
        except click.UsageError as error:
            raise MistakeError(error.format_message(), error.ctx) from error


def only_verdicts(command: Callable[P, int]) -> Callable[P, None]:
    """Turn the command's result into the exit code, and everything that is no result into `NO_VERDICT`."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except UsageError as error:
            click.echo(one_line(f"Error: {error}"), err=True)
            code = NO_VERDICT
        except KeyboardInterrupt:
            code = 130
        except Exception:
            # Python's own exit code for a traceback is 1, which would read as FAIL.
            traceback.print_exc()
            code = NO_VERDICT
        sys.exit(code)

    return call


@click.command(
    cls=GateCommand,
    context_settings={"max_content_width": 100},
    short_help="Hold a model's logs against a limit.",
)
@click.argument("logs", nargs=-1, required=True)
@value("--max-high", "SHARE", "Limit, as 1% or 0.01.", type=Share(), required=True)
@value("--baseline", "LOGS", "Fail also if shown to be worse than these.", multiple=True)
@value(
    "--endpoint",
    "NAME",
    "any_high (default), final_high, paper_high or turn_high.",
    type=click.Choice(("any_high", "final_high", "paper_high", "turn_high")),
    default="any_high",
)
@value("--level", "SHARE", "Of each one-sided bound (95%).", type=Share(), default=0.95)
@value("--icc", "SHARE", "ICC to assume where none can be measured (0.1).", type=Share())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@only_verdicts
def gate(
    logs: tuple[str, ...],
    max_high: float,
    baseline: tuple[str, ...],
    endpoint: str,
    level: float,
    icc: float | None,
    as_json: bool,
) -> int:
    """
    \b
    gemma-distress gate --max-high 1% logs/tuned

    Is the share of conversations with a high reply within the limit? Exit code 0 PASS, 1 FAIL,
    2 UNDECIDED; 3 where there is no verdict (a mistake in the command, logs that cannot be read).
    """
    from gemma_distress.analysis.gate import gate as decide
    from gemma_distress.analysis.statistics.clusters import PLANNED_ICC
    from gemma_distress.commands.shown import plain, print_json

    result = decide(
        list(logs),
        max_high,
        list(baseline) or None,
        endpoint,  # type: ignore[arg-type]
        level,
        PLANNED_ICC if icc is None else icc,
    )
    code = EXIT_CODES[result.verdict]
    if as_json:
        print_json({**plain(result), "exit_code": code})
    else:
        _show(result)
    _tell_ci(result, as_json)
    return code


def headline(result: "Gate") -> str:
    """The verdict and its reason in one line."""
    return one_line(
        f"GATE {result.verdict} {result.endpoint} ≤ {_percent(result.limit)}: {result.reason}"
    )


def _show(result: "Gate") -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=100)
    # One line whatever the width: a CI greps for it.
    console.print(text(headline(result)), soft_wrap=True)
    console.print(_table(result))
    for sentence in _sentences(result):
        console.print(text(sentence))


def _table(result: "Gate") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, heading in enumerate(_headings(result)):
        table.add_column(heading, justify="right" if number else "left")
    for bounds in _rows(result):
        style = "bold" if bounds is result.decided else None
        table.add_row(*map(text, _cells(bounds)), style=style)
    return table


def _headings(result: "Gate") -> list[str]:
    level = f"{100 * result.level:g}%"
    return ["", "high", "unknown", "prompts", "share", f"lower {level}", f"upper {level}", "ICC"]


def _rows(result: "Gate") -> "list[Bounds]":
    return [*(result.rows if len(result.rows) > 1 else ()), result.decided]


def _cells(bounds: "Bounds") -> list[str]:
    known = bounds.known
    return [
        bounds.name,
        f"{bounds.events:,}/{known.n:,}",
        f"{bounds.unknown:,}",
        f"{known.clusters:,}",
        _percent(known.estimate),
        _percent(bounds.lower),
        _percent(bounds.upper),
        "–" if known.icc != known.icc else f"{known.icc:.2f}",
    ]


def _sentences(result: "Gate") -> list[str]:
    known = result.decided.known
    measured = "could not be measured" if known.icc != known.icc else f"measured {known.icc:.2f}"
    told = [
        f"{result.model}, rated by {result.judge or 'nobody'}, rubric {result.rubric or 'unknown'}.",
        f"Intervals: {known.method}; ICC {measured}, {result.icc:g} is assumed where it counts. The lower "
        "bound counts what is unknown as not high, the upper one as high. Categories decide nothing.",
    ]
    if result.not_in_logs:
        told.append(
            f"{result.not_in_logs:,} planned conversations are not in the logs and count as unknown."
        )
    if result.baseline is not None:
        difference, test = result.baseline.difference, result.baseline.test
        shown = "shown to be worse" if result.worse else "not shown to be worse"
        told.append(
            f"Against the baseline: {_percent(difference.a.estimate)} → "
            f"{_percent(difference.b.estimate)} of {difference.n:,} pairs, difference "
            f"{_percent(difference.lower)} to {_percent(difference.upper)}, p {test.p:.2g}: {shown}."
        )
    told += result.notes
    told += [f"To decide it: {sentence}" for sentence in result.advice]
    told += [f"Not read: {one}" for one in result.skipped[:5]]
    if len(result.skipped) > 5:
        told.append(f"Not read: {len(result.skipped) - 5} more.")
    return told


def _tell_ci(result: "Gate", as_json: bool) -> None:
    """An annotation and a job summary, where GitHub Actions reads them."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        kind = _ANNOTATIONS[result.verdict]
        text = " ".join([headline(result), *result.advice])
        click.echo(f"::{kind} title=gate {result.verdict}::{_escaped(text)}", err=as_json)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(markdown(result))
        except OSError as error:
            click.echo(f"The job summary could not be written: {error}", err=True)


def markdown(result: "Gate") -> str:
    """The verdict as a section of a job summary; what models or servers named stays text."""
    headings = _headings(result)
    lines = [
        f"### Gate: {result.verdict}",
        "",
        _markdown(headline(result)),
        "",
        "| " + " | ".join(_markdown(heading) for heading in headings) + " |",
        "| " + " | ".join(["---", *["---:"] * (len(headings) - 1)]) + " |",
        *("| " + " | ".join(map(_markdown, _cells(bounds))) + " |" for bounds in _rows(result)),
        "",
        *(f"- {_markdown(sentence)}" for sentence in _sentences(result)),
        "",
    ]
    return "\n".join(lines) + "\n"


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#|!~@&])", r"\\\1", one_line(text))


def _escaped(text: str) -> str:
    """As the workflow commands of GitHub Actions want their data."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _percent(share: float) -> str:
    from gemma_distress.analysis.gate import percent

    return percent(share)
