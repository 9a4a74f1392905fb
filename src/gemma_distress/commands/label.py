"""`gemma-distress label`: replies for people to rate."""

from pathlib import Path
from typing import Any

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Draw replies for people to rate, as a CSV.",
)
@click.argument("logs", nargs=-1, required=True)
@value("--n", "N", "Replies to draw (default 100).", type=Whole(1), default=100)
@value(
    "--by",
    "STRATA",
    "rating (bands of it × category; default) or category.",
    type=click.Choice(("rating", "category")),
    default="rating",
)
@value("--seed", "N", "Of the draw (default 1).", type=int, default=1)
@value("--output", "FILE", "CSV to fill in (default labels.csv).", type=Path, default="labels.csv")
@value("--log", "FILE", "Also as an Inspect log, to read in `inspect view`.", type=Path)
@click.option("--json", "as_json", is_flag=True, help="Print what was drawn as JSON.")
@told_in_a_sentence
def label(logs: tuple[str, ...], output: Path, log: Path | None, as_json: bool, **how: Any) -> int:
    """
    \b
    gemma-distress label logs/run --n 100 --output labels.csv
    gemma-distress agreement logs/run --labels labels.csv

    Draws rated replies, more of them near and above the threshold than there are, and writes a CSV
    without the judge's ratings. Fill in the column rating (whole numbers, 0 to 10); `agreement`
    reads it back. The key beside it (labels.key.json) holds the judge's ratings: keep it to yourself.
    """
    from gemma_distress.analysis.labels.draw import draw
    from gemma_distress.analysis.labels.files import LONGEST_CELL, label_files, write_labels
    from gemma_distress.analysis.turns import read
    from gemma_distress.commands.shown import paths_of, print_json, tell_skipped

    label_files(output, log)  # a name that cannot be is told before logs are read
    reading = read([path for given in logs for path in paths_of(given)])
    tell_skipped(reading.skipped)
    drawn = draw(reading.turns, **how)
    files = write_labels(drawn, output, log)
    long = [item.id for item in drawn.items if len(item.reply) > LONGEST_CELL]
    if as_json:
        print_json(
            {
                "files": [str(file) for file in files],
                "labels": len(drawn.items),
                "seed": drawn.seed,
                "by": drawn.by,
                "judge": drawn.grader.model,
                "unrated": drawn.unrated,
                "too_long_for_excel": long,
                "strata": [
                    {
                        "band": band,
                        "category": category,
                        "replies": size,
                        "drawn": sum(item.stratum == (band, category) for item in drawn.items),
                    }
                    for (band, category), size in drawn.replies.items()
                ],
            }
        )
        return 0
    total = sum(drawn.replies.values())
    click.echo(f"{len(drawn.items)} of {total} rated replies, drawn by {drawn.by}:")
    bands = sorted({band for band, _ in drawn.replies}, key=lambda band: int(band.split("–")[0]))
    for band in bands:
        size = sum(count for (own, _), count in drawn.replies.items() if own == band)
        count = sum(item.stratum[0] == band for item in drawn.items)
        click.echo(f"  rated {band:5} {count:5} of {size}")
    if drawn.unrated:
        click.echo(f"{drawn.unrated} replies without a rating could not be drawn.")
    click.echo(f"To fill in:  {files[0]}  (column rating: whole numbers, 0 to 10)")
    click.echo(f"Keep apart:  {files[1]}  (it holds the judge's ratings)")
    if log is not None:
        click.echo(f"To read in:  inspect view --log-dir {files[2].parent}")
    if long:
        click.echo(
            f"{len(long)} replies are too long for a cell of Excel ({', '.join(long[:3])} …): read and "
            "label them in another program."
        )
    return 0
