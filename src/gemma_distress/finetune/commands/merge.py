"""`python -m gemma_distress.finetune merge`: full weights from base and adapter."""

from pathlib import Path

import click

from gemma_distress.commands.options import told_in_a_sentence, value


@click.command(short_help="Write full weights from base and adapter.")
@click.argument("adapter", type=Path)
@value("--base", "MODEL", "Folder, or name on the hub (default: the one the adapter names).")
@value("--output", "DIR", "For the model.", required=True, type=Path)
@told_in_a_sentence
def merge(adapter: Path, base: str | None, output: Path) -> int:
    """
    \b
    python -m gemma_distress.finetune merge calm --output calm-model

    Writes the base's weights with the adapter's added, in the base's own precision, for programs
    that load no adapters.
    """
    from gemma_distress.finetune.training.merge import merge as write

    click.echo(f"The model lies in {write(base, adapter, output)}.")
    return 0
