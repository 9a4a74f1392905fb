"""`python -m gemma_distress.interp readings`: read the replies of logs, write parquet."""

from pathlib import Path

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.commands.shown import print_json, tell_skipped
from gemma_distress.errors import UsageError


@click.command(short_help="Read the replies of logs, with and without an adapter.")
@click.argument("logs", metavar="LOGS...", nargs=-1, required=True)
@value("--model", "MODEL", "Folder, hub name, or organism.", required=True)
@value("--adapter", "DIR", "Read the same text with it, too.", type=Path)
@value("--output", "DIR", "Folder of the readings.", required=True, type=Path)
@value("--neutral", "LOGS", "Whose calm replies are neutral text (LOGS).", multiple=True)
@value("--conversations", "N", "At most so many, drawn (all).", type=Whole(1))
@value("--band", "A-B", "Layers pooled for each token (30-40 of 62).")
@value("--window", "N", "Tokens of a window at the onset (20).", type=Whole(1), default=20)
@value("--batch-tokens", "N", "Of a batch (8192).", type=Whole(1), default=8192)
@value("--piece", "N", "Tokens of a row read at once (1024).", type=Whole(1), default=1024)
@value("--device", "NAME", "A GPU where there is one.", default="")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def readings(
    logs: tuple[str, ...],
    model: str,
    adapter: Path | None,
    output: Path,
    neutral: tuple[str, ...],
    conversations: int | None,
    band: str | None,
    window: int,
    batch_tokens: int,
    piece: int,
    device: str,
    as_json: bool,
) -> int:
    """
    \b
    python -m gemma_distress.interp readings LOGS --model organism --output out

    Six emotions and the mean residual stream of every reply and layer. Base and adapter read the
    same text, whoever wrote it.
    """
    from gemma_distress.analysis.turns import read
    from gemma_distress.interp.arms import load_reader, place_of
    from gemma_distress.interp.readings import How, drawn, make_readings
    from gemma_distress.prefixes.systems import systems_of

    reading = read(list(logs))
    tell_skipped(reading.skipped)
    turns = reading.turns if conversations is None else drawn(reading.turns, conversations)
    calm = read(list(neutral)).turns if neutral else None
    found = make_readings(
        turns,
        load_reader(place_of(model), adapter, device),
        output,
        How(window, _band(band), batch_tokens, piece),
        calm,
        systems_of(turns) if calm is None else {**systems_of(turns), **systems_of(calm)},
        lambda told: click.echo(told, err=True),
    )
    if as_json:
        print_json({"output": str(output), **found})
        return 0
    absent = [name for name, words in found["emotions"].items() if not words]
    click.echo(
        f"{found['replies']:,} replies of {found['conversations']:,} conversations, read by "
        f"{' and '.join(found['arms'])} in {found['layers']} layers: {found['tokens']:,} tokens, "
        f"{found['tokens_per_second']:,} a second."
    )
    if absent:
        click.echo(f"No reading of {', '.join(absent)}: the vocabulary has no such words.")
    for why, count in found["left_out"].items():
        click.echo(f"Left out: {count:,} replies ({why}).")
    click.echo(f"They lie in {output}")
    return 0


def _band(told: str | None) -> tuple[int, int] | None:
    if told is None:
        return None
    first, dash, last = told.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal()):
        raise UsageError(f"--band {told} is not two layers as in 30-40.")
    return int(first), int(last)
