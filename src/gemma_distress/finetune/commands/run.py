"""`python -m gemma_distress.finetune run`: all steps from one preset."""

from pathlib import Path

import click

from gemma_distress.commands.options import told_in_a_sentence, value

EXAMPLE = Path("examples/everyday.jsonl")
"""In a checkout of the project."""


@click.command(context_settings={"max_content_width": 100}, short_help="All steps from one preset.")
@value("--preset", "NAME", "One that has all steps: organism.", default="organism")
@value("--output", "DIR", "For everything (default runs/PRESET).", type=Path)
@value("--source", "FILE", f"WildChat prompts (default: {EXAMPLE}, if it is there).")
@value("--seed", "N", "Of the training.", type=int)
@told_in_a_sentence
def run(preset: str, output: Path | None, source: str | None, seed: int | None) -> int:
    """
    \b
    python -m gemma_distress.finetune run --preset organism

    Collects plain and calm replies of the model, makes and audits pairs, trains an adapter, proves that
    it is live, asks the whole suite of base and tuned, and writes the report. Stopped anywhere, the
    same command goes on.
    """
    from gemma_distress.finetune.pipeline import run as run_all
    from gemma_distress.finetune.results import markdown

    if source is None and EXAMPLE.exists():
        source = str(EXAMPLE)
    done = run_all(preset, output or Path("runs") / preset, source, seed, click.echo)
    click.echo(markdown(done.evaluated.found))
    click.echo(f"Adapter: {done.adapter}")
    click.echo(f"Report: {done.evaluated.page}")
    return 0 if done.evaluated.complete else 1
