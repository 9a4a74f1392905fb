"""`gemma-distress compare`: two models on the same conversations."""

from dataclasses import fields

import click

from gemma_distress.commands.compare_shown import WIDTH, show, verdict
from gemma_distress.commands.options import told_in_a_sentence
from gemma_distress.commands.shown import paths_of, print_json


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Compare two models on the same conversations.",
)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(("questions", "judge", "rubric")),
    help="What may differ; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def compare(a: str, b: str, allow: tuple[str, ...], as_json: bool) -> int:
    """
    \b
    gemma-distress compare logs/base logs/tuned

    Compares B with the base A: a log, a folder of logs, or several joined by commas. Conversations are
    paired by sample id and epoch; logs that differ in questions, judge or rubric are refused, unless told.
    """
    from gemma_distress.analysis.compare import compare as compared

    found = compared(paths_of(a), paths_of(b), allow)
    if as_json:
        shown = {field.name: getattr(found, field.name) for field in fields(found)}
        print_json({"verdict": verdict(found), "differs": found.differs, **shown})
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal or console.width < WIDTH:
        console = Console(width=WIDTH, highlight=False)
    console.print(show(found))
    return 0
