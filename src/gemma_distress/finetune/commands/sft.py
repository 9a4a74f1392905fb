"""`python -m gemma_distress.finetune sft`: an adapter from calm conversations."""

from pathlib import Path
from typing import Any

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.finetune.commands.training import (
    replaced,
    settings_options,
    show_lengths,
    show_step,
    show_trained,
)


@click.command(short_help="Train an adapter on calm conversations.")
@click.argument("calm", type=Path)
@value("--base", "MODEL", "Folder, or name on the hub.", required=True)
@value("--output", "DIR", "For the adapter.", required=True, type=Path)
@value("--instruct", "DATA", "To mix in: file, or name on the hub.")
@value("--instruct-rows", "N", "How many of them.", type=Whole(0))
@settings_options
@told_in_a_sentence
def sft(
    calm: Path,
    base: str,
    output: Path,
    preset: str,
    allow_dropped: bool,
    checkpoint_every: int,
    report_to: str | None,
    **options: Any,
) -> int:
    """
    \b
    python -m gemma_distress.finetune sft calm.jsonl --base DIR --output calm-sft

    Goes on where it was broken off. More settings: --alpha X, --batch N (rows a process reads at
    once), --accumulate N (batches a step), --precision P, --checkpoint-every N.
    """
    from gemma_distress.finetune.presets import sft_settings
    from gemma_distress.finetune.training.sft import sft as train

    trained = train(
        calm,
        base,
        output,
        sft_settings(preset, **replaced(**options)),
        allow_dropped=allow_dropped,
        checkpoint_every=checkpoint_every,
        report_to=report_to,
        started=show_lengths,
        report=show_step,
    )
    show_trained(trained)
    return 0
