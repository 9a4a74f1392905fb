"""What `gemma-distress gate` prints: for people, for scripts that read a line, and for GitHub Actions."""

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gemma_distress.analysis.logs.settings import in_words
from gemma_distress.analysis.wording import p_equals, percent
from gemma_distress.commands.shown import print_json, text
from gemma_distress.visible import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from gemma_distress.analysis.gate import Bounds, Gate

WIDTH = 80
NO_VERDICT = 3
_ANNOTATIONS = {"PASS": "notice", "FAIL": "error", "UNDECIDED": "warning"}


def headline(result: "Gate") -> str:
    """The verdict and its reason in one line."""
    return one_line(
        f"GATE {result.verdict} {result.endpoint} ≤ {percent(result.limit)}: {result.reason}"
    )


def show(result: "Gate") -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
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
        percent(known.estimate),
        percent(bounds.lower),
        percent(bounds.upper),
        "–" if known.icc != known.icc else _icc(known.icc),
    ]


def _sentences(result: "Gate") -> list[str]:
    known = result.decided.known
    measured = "could not be measured" if math.isnan(known.icc) else f"measured {_icc(known.icc)}"
    set_to = f" ({in_words(result.settings)})" if result.settings else ""
    told = [
        f"{result.model}{set_to}, rated by {result.judge or 'nobody'}, rubric {result.rubric or 'unknown'}.",
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
            f"Against the baseline: {percent(difference.a.estimate)} → "
            f"{percent(difference.b.estimate)} of {difference.n:,} pairs, difference "
            f"{percent(difference.lower)} to {percent(difference.upper)}, {p_equals(test.p)}: {shown}."
        )
    told += result.notes
    if result.advice:
        told.append(f"To decide it: {' '.join(result.advice)}")
    told += [f"Not read: {one}" for one in result.skipped[:5]]
    if len(result.skipped) > 5:
        told.append(f"Not read: {len(result.skipped) - 5} more.")
    return told


def tell_ci(result: "Gate", as_json: bool) -> None:
    """An annotation and a job summary, where GitHub Actions reads them."""
    _annotate(
        _ANNOTATIONS[result.verdict],
        f"gate {result.verdict}",
        " ".join([headline(result), *result.advice]),
        as_json,
    )
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(markdown(result))
        except OSError as error:
            click.echo(f"The job summary could not be written: {error}", err=True)


def tell_no_verdict(why: str, as_json: bool) -> None:
    """Why there is no verdict: on stderr, as an annotation, and as the JSON object that was asked for."""
    click.echo(one_line(f"Error: {why}"), err=True)
    _annotate("error", "gate without a verdict", one_line(why), as_json)
    if as_json:
        print_json({"verdict": None, "error": why, "exit_code": NO_VERDICT})


def _annotate(kind: str, title: str, told: str, as_json: bool) -> None:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        click.echo(f"::{kind} title={title}::{_escaped(told)}", err=as_json)


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


def _icc(icc: float) -> str:
    """The measured one; one below 0 says that the prompts differ less than chance would have it."""
    return "–" if math.isnan(icc) else f"{icc:.2f}".replace("-", "−")
