"""`python -m gemma_distress.interp divergence`: replies where words and reading disagree."""

from pathlib import Path

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.commands.shown import print_json, text

WIDTH = 80
_LONGEST = 200


@click.command(short_help="Rank replies whose words and reading disagree.")
@click.argument("readings", type=Path)
@value("--reading", "NAME", "direction (default), negative, or an emotion.", default="direction")
@value("--layer", "N", "Layer (that of the best direction).", type=Whole(0))
@value("--top", "N", "Replies of each arm and kind (20).", type=Whole(1), default=20)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def divergence(readings: Path, reading: str, layer: int | None, top: int, as_json: bool) -> int:
    """
    \b
    python -m gemma_distress.interp divergence READINGS

    Calm words with a high reading, which is what a suppressed state would look like, and the
    reverse, in the base and in the tuned arm on the same text. Written into READINGS.
    """
    from gemma_distress.errors import UsageError
    from gemma_distress.interp.divergence import KINDS, LOUD
    from gemma_distress.interp.results import READINGS, make_divergence
    from gemma_distress.interp.store import read_readings

    if reading not in READINGS:
        raise UsageError(f"--reading {reading} is none of {', '.join(READINGS)}.")
    opened = read_readings(readings)
    found, layer = make_divergence(opened, reading, layer, top)
    if as_json:
        print_json({"reading": reading, "layer": layer, **vars(found)})
        return 0
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal or console.width < WIDTH:
        console = Console(width=WIDTH, highlight=False)
    console.print(
        f"{found.ranked:,} replies by their {reading} at layer {layer}; {found.left_out:,} left out, because "
        "they lack a rating or their stratum (writer, condition and turn) has few replies."
    )
    for kind in KINDS:
        for arm in opened.arms:
            table = Table(
                box=None,
                pad_edge=False,
                padding=(0, 1, 0, 0),
                title=f"\n{kind}, {arm}",
                title_justify="left",
            )
            for heading in ("gap", "rating", "base", "tuned", "turn"):
                table.add_column(heading, justify="right", min_width=len(heading))
            table.add_column("reply", no_wrap=True, overflow="ellipsis", max_width=WIDTH - 34)
            for row in found.rows:
                if (row.kind, row.arm) == (kind, arm):
                    tuned = "–" if row.tuned_share != row.tuned_share else f"{row.tuned_share:.0%}"
                    table.add_row(
                        f"{row.gap:+.2f}".replace("-", "−"),
                        f"{row.rating:.0f}",
                        f"{row.base_share:.0%}",
                        tuned,
                        str(row.turn),
                        text(row.reply[:_LONGEST]),
                    )
            console.print(table)
    console.print()
    for name, loud in found.calm_and_loud.items():
        console.print(
            f"{name}: {loud.estimate:.1%} [{loud.lower:.1%}, {loud.upper:.1%}] of {loud.n:,} calm replies "
            f"read higher than {LOUD:.0%} of their stratum."
        )
    if found.difference is not None:
        apart = found.difference
        points = f"{100 * apart.estimate:+.1f} points [{100 * apart.lower:+.1f}, {100 * apart.upper:+.1f}]"
        console.print(f"tuned minus base: {points.replace('-', '−')}, clustered by prompt.")
    return 0
