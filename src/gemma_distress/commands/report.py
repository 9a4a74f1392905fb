"""`gemma-distress report`: one page about the logs of one or several models."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gemma_distress.commands.options import told_in_a_sentence, value
from gemma_distress.commands.shares import Share

if TYPE_CHECKING:
    from gemma_distress.analysis.report import Report


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Write a page about the logs of models.",
)
@click.argument("logs", metavar="LOGS...", nargs=-1, required=True)
@value("--output", "FILE", "The page.", type=Path, default=Path("report.html"), show_default=True)
@value("--figures", "DIR", "Each figure's files (default: <page>_files beside it).", type=Path)
@value("--max-high", "SHARE", "Limit for the gate, as 1% or 0.01.", type=Share())
@click.option("--json", "as_json", is_flag=True, help="Print paths and the verdict as JSON.")
@told_in_a_sentence
def report(
    logs: tuple[str, ...],
    output: Path,
    figures: Path | None,
    max_high: float | None,
    as_json: bool,
) -> int:
    """
    \b
    gemma-distress report logs/base logs/tuned --output report.html

    Writes one page that opens without network: verdict, figures, transcripts, and how it was made.
    Beside it each figure as SVG, PNG, Vega-Lite specification and CSV. With two models they are
    compared, the second with the first; with --max-high each is held against the limit.
    """
    from gemma_distress.analysis.report import report as reported
    from gemma_distress.commands.shown import print_json, tell_skipped

    found = reported(logs, output, figures, max_high)
    tell_skipped(found.skipped)
    if as_json:
        print_json(as_object(found))
    else:
        for line in _lines(found):
            click.echo(line)
    return 0


def as_object(found: "Report") -> dict[str, Any]:
    """The report as what JSON can hold, without the transcripts."""
    compared = found.compared.comparison if found.compared else None
    primary = compared.pooled.primary if compared else None
    return {
        "page": str(found.page),
        "figures": str(found.figures),
        "files": [str(path) for path in found.files],
        "verdicts": [
            {
                "model": one.subject.model,
                "settings": one.subject.group.settings,
                "judge": one.subject.group.judge,
                "any_high": one.any_high,
                "unknown": one.unknown,
                "if_none_and_if_all": list(one.bounds),
                "macro_paper_high": one.paper_high,
                "sentences": [*one.sentences, *one.missing],
            }
            for one in found.verdicts
        ],
        "compared": None
        if found.compared is None
        else {
            "a": found.compared.a.model,
            "b": found.compared.b.model,
            "any_high": None if primary is None else primary.difference,
            "p": None if primary is None else primary.test.p,
            "sentences": list(found.compared.sentences),
        },
        "gate": [
            {
                "model": one.subject.model,
                "verdict": one.gate.verdict if one.gate else None,
                "sentences": list(one.sentences),
            }
            for one in found.gated
        ],
        "skipped": [str(one) for one in found.skipped],
    }


def _lines(found: "Report") -> list[str]:
    from gemma_distress.visible import visible

    lines = []
    for one in found.verdicts:
        lines.append(f"{one.subject.label}: {one.headline}, {one.range}. {one.sentences[0]}")
    if found.compared:
        lines.append(found.compared.sentences[0])
    for answer in found.gated:
        said = answer.gate.verdict if answer.gate else "NOT ANSWERED"
        lines.append(f"{said} {answer.subject.label}: {answer.sentences[0]}")
    lines += [f"Figures: {found.figures}", f"Page: {found.page}"]
    return [visible(line) for line in lines]
