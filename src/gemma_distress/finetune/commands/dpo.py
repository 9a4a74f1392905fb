"""`python -m gemma_distress.finetune dpo`: an adapter from preference pairs."""

from pathlib import Path
from typing import Any

import click

from gemma_distress.commands.options import told_in_a_sentence, value
from gemma_distress.finetune.commands.training import (
    replaced,
    settings_options,
    show_lengths,
    show_step,
    show_trained,
)


@click.command(short_help="Train an adapter on preference pairs.")
@click.argument("pairs", type=Path)
@value("--base", "MODEL", "Folder, or name on the hub.", required=True)
@value("--output", "DIR", "For the adapter.", required=True, type=Path)
@value("--beta", "X", "How strongly the base holds.", type=float)
@settings_options
@told_in_a_sentence
def dpo(
    pairs: Path,
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
    python -m gemma_distress.finetune dpo pairs.parquet --base DIR --output calm

    Trains an adapter. The same command goes on where it was broken off. More settings of the preset:
    --alpha X, --batch N (rows a process reads at once), --accumulate N (batches a step), --precision
    fp32, bf16 or 4bit; and --checkpoint-every N steps.
    """
    from gemma_distress.finetune.presets import dpo_settings
    from gemma_distress.finetune.training.dpo import dpo as train

    trained = train(
        pairs,
        base,
        output,
        dpo_settings(preset, **replaced(**options)),
        allow_dropped=allow_dropped,
        checkpoint_every=checkpoint_every,
        report_to=report_to,
        started=show_lengths,
        report=show_step,
    )
    show_trained(trained)
    return 0
