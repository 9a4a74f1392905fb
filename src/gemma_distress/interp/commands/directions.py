"""`python -m gemma_distress.interp directions`: directions of distress and what readings go with."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.commands.shown import print_json

if TYPE_CHECKING:
    from rich.table import Table

    from gemma_distress.interp.results import Results

WIDTH = 80


@click.command(short_help="Fit directions of distress on some prompts, read them on others.")
@click.argument("readings", type=Path)
@value("--seed", "N", "Of the folds and shuffles (0).", type=Whole(0), default=0)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def directions(readings: Path, seed: int, as_json: bool) -> int:
    """
    \b
    python -m gemma_distress.interp directions READINGS

    Difference of the mean streams of replies rated 5 or higher and below 2, by layer, within strata
    (replies of one writer, condition and turn); how well it tells other prompts' replies apart, with
    controls; how all readings go with the rating; and what the adapter does to them. Written into
    READINGS.
    """
    from gemma_distress.interp.results import make_directions
    from gemma_distress.interp.store import read_readings

    found = make_directions(read_readings(readings), seed, lambda told: click.echo(told, err=True))
    if as_json:
        print_json(vars(found))
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal or console.width < WIDTH:
        console = Console(width=WIDTH, highlight=False)
    console.print(
        f"{found.distressed:,} distressed and {found.calm:,} calm replies stand in strata with both kinds; "
        f"{found.alone:,} more stand in strata with one, which tell nothing. All are of {found.prompts:,} "
        "prompts; intervals are clustered by prompt.\n"
    )
    for table in _tables(found):
        console.print(table)
        console.print()
    console.print(
        "AUC: chance that the direction puts a distressed reply above a calm one of its stratum (one "
        "writer, condition and turn), on prompts it was not fitted on. Shuffled: least to greatest AUC of "
        "directions fitted on labels shuffled within strata. Correlations are of ranks within strata.",
        style="dim",
    )
    return 0


def _tables(found: "Results") -> "list[Table]":
    from rich.table import Table

    def table(title: str, *headings: str) -> Table:
        made = Table(
            box=None, pad_edge=False, padding=(0, 2, 0, 0), title=title, title_justify="left"
        )
        for place, heading in enumerate(headings):
            made.add_column(heading, justify="right" if place else "left")
        return made

    def told(interval: dict[str, float]) -> str:
        line = f"{interval['estimate']:+.2f} [{interval['lower']:+.2f}, {interval['upper']:+.2f}]"
        return line.replace("-", "−")

    apart = table("Directions, of replies", "arm, layer", "AUC", "same length", "shuffled")
    for one in found.separations:
        if one["part"] == "reply":
            apart.add_row(
                f"{one['arm']} {one['layer']}",
                told(one["held_out"]).replace("+", ""),
                told(one["matched"]).replace("+", ""),
                "{:.2f} to {:.2f}".format(*one["shuffled"]),
            )
    against = "level" if any(one["against"] == "level" for one in found.correlations) else "rating"
    with_it = table(
        f"Correlation with the {against}", "arm, layer", "direction", "negative", "random"
    )
    cells: dict[str, dict[str, str]] = {}
    for one in found.correlations:
        if one["part"] == "reply" and one["against"] == against:
            cells.setdefault(f"{one['arm']} {one['layer']}", {})[one["reading"]] = told(
                one["within_strata"]
            )
    for name, row in cells.items():
        with_it.add_row(name, *(row.get(key, "–") for key in ("direction", "negative", "random")))
    tables = [apart, with_it]
    if found.shifts:
        shifted = table(
            "Tuned minus base, replies rated 5 or higher",
            "layer",
            "direction",
            "negative",
            "random",
        )
        by_layer: dict[int, dict[str, str]] = {}
        for one in found.shifts:
            if one["part"] == "reply" and one["among"] == "high":
                by_layer.setdefault(one["layer"], {})[one["reading"]] = told(one["difference"])
        for layer, row in sorted(by_layer.items()):
            names = ("direction", "negative", "random")
            shifted.add_row(str(layer), *(row.get(key, "–") for key in names))
        tables.append(shifted)
    return tables
