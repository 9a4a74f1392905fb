"""`gemma-distress audits`: what open-ended audits brought out, and the same audits for Petri."""

from collections.abc import Sequence
from pathlib import Path

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.errors import UsageError
from gemma_distress.protocol import AUDIT_TRANSCRIPTS, AUDIT_TURNS, DEFAULT_SEED


@click.command(
    context_settings={"max_content_width": 100},
    short_help="What audits brought out, base against tuned; seeds for Petri.",
)
@click.argument("logs", metavar="LOGS...", nargs=-1)
@value("--output", "DIR", "Where audits.json, or Petri's folders, are written.", type=Path)
@value("--export", "petri", "Write seeds and dimensions.", type=click.Choice(("petri",)))
@value(
    "--transcripts",
    "N",
    f"Seeds for each emotion (default {AUDIT_TRANSCRIPTS}).",
    type=Whole(1),
    default=AUDIT_TRANSCRIPTS,
)
@value(
    "--turns",
    "N",
    f"Most messages, for the seeds (default {AUDIT_TURNS}).",
    type=Whole(1),
    default=AUDIT_TURNS,
)
@value(
    "--seed", "N", f"Of the seeds (default {DEFAULT_SEED}).", type=Whole(0), default=DEFAULT_SEED
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def audits(
    logs: Sequence[str],
    output: Path | None,
    export: str | None,
    transcripts: int,
    turns: int,
    seed: int,
    as_json: bool,
) -> int:
    """
    \b
    gemma-distress audits logs/audit-base logs/audit-tuned
    gemma-distress audits --export petri --output petri

    Shows each emotion's mean rating over all audits and over those that aimed at it; subjects after the
    first also against the first, paired by audit. The logs are those of the task gemma_distress/audit.
    """
    if export:
        if logs or output is None:
            raise UsageError(
                "--export writes seeds, which need no logs, into the folder that --output names: "
                "gemma-distress audits --export petri --output DIR"
            )
        return _export(output, transcripts, turns, seed)
    if not logs:
        raise UsageError("No log was named. Name logs of the task gemma_distress/audit.")
    from gemma_distress.analysis.audits.read import read_audits
    from gemma_distress.analysis.audits.result import FILE, as_object
    from gemma_distress.commands.audits_shown import WIDTH, show
    from gemma_distress.commands.shown import print_json, tell_skipped, write_json

    found = read_audits(list(logs))
    tell_skipped(found.skipped)
    result = as_object(found)
    if output is not None:
        write_json(result, output / FILE)
    if as_json:
        print_json(result)
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal or console.width < WIDTH:
        console = Console(width=WIDTH, highlight=False)
    console.print(show(result))
    return 0


def _export(folder: Path, transcripts: int, turns: int, seed: int) -> int:
    from gemma_distress.prompts.audit import audit_texts
    from gemma_distress.prompts.petri import export_petri

    seeds, dimensions = export_petri(audit_texts(), folder, transcripts, turns, seed)
    click.echo(
        f"{seeds} seeds in {folder / 'seeds'}, {dimensions} dimensions in {folder / 'dimensions'}. With "
        "inspect-petri installed:\n"
        f"inspect eval inspect_petri/audit -T seed_instructions={folder / 'seeds'} "
        f"-T judge_dimensions={folder / 'dimensions'} -T max_turns={turns} -T target_tools=none "
        "-T enable_rollback=false --model-role auditor=… --model-role target=… --model-role judge=…"
    )
    return 0
