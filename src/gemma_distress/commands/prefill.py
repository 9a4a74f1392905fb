"""`gemma-distress prefill`: models that went on from the same prefixes."""

from collections.abc import Sequence
from pathlib import Path

import click

from gemma_distress.commands.options import told_in_a_sentence, value


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Base against instruct: continuations of the same prefixes.",
)
@click.argument("logs", metavar="LOGS...", nargs=-1, required=True)
@value("--pair", "BASE INSTRUCT", "Hold these two against each other.", nargs=2, multiple=True)
@value("--output", "FOLDER", "Also write prefill.json there.", type=Path)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def prefill(
    logs: Sequence[str], pair: Sequence[tuple[str, str]], output: Path | None, as_json: bool
) -> int:
    """
    \b
    gemma-distress prefill logs/prefill-base logs/prefill-instruct

    For logs of the task prefill: how often and how strongly each model's continuations are high, by kind
    of conversation and cut, and every model against the first one named, on the prefixes they share.
    With several families name the two models of each: --pair BASE INSTRUCT --pair BASE INSTRUCT.
    """
    from gemma_distress.analysis.prefill import prefill as compared
    from gemma_distress.commands import continuations_shown as shown
    from gemma_distress.commands.shown import paths_of

    found = compared([path for given in logs for path in paths_of(given)], pair)
    if not shown.deliver(found, "prefill.json", output, as_json):
        letters = shown.letters_of([one.arm for one in found.rates])
        tables = [
            shown.rates_table(found.rates, "prefixes", letters),
            shown.contrasts_table(found.arms, "prefixes", letters),
        ]
        shown.show(letters, tables, found.notes)
    return 0
