"""`gemma-distress words`: what high replies say that the others do not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gemma_distress.analysis.logs.settings import in_words
from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.commands.shown import print_json, tell_skipped, text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gemma_distress.analysis.words import WordList

WIDTH = 80
_LONGEST = 16


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Words that high replies use more than the others do.",
)
@click.argument("logs", metavar="LOGS...", nargs=-1, required=True)
@value("--top", "N", "Words of each list (default 30).", type=Whole(1), default=30)
@value("--min-count", "N", "Fewest occurrences of a word (default 5).", type=Whole(1), default=5)
@value(
    "--between",
    "WHAT",
    "high (high and other replies of each model; default) or models.",
    type=click.Choice(("high", "models")),
    default="high",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def words(logs: Sequence[str], top: int, min_count: int, between: str, as_json: bool) -> int:
    """
    \b
    gemma-distress words logs/demo --top 20

    Ranks words by how much more high replies use them than other replies to the same prompt under
    the same condition, or one model than the others: by odds ratio, with its interval.
    """
    from gemma_distress.analysis.turns import read
    from gemma_distress.analysis.words import words as ranked

    reading = read(list(logs))
    tell_skipped(reading.skipped)
    lists = ranked(reading.turns, "models" if between == "models" else "high", top, min_count)
    if as_json:
        print_json({"between": between, "min_count": min_count, "lists": lists})
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal or console.width < WIDTH:
        console = Console(width=WIDTH, highlight=False)
    for number, found in enumerate(lists):
        if number:
            console.print()
        console.print(show(found))
    return 0


def show(found: "WordList") -> "RenderableType":
    """One list as a terminal shows it."""
    from rich.console import Group
    from rich.table import Table

    from gemma_distress.analysis.statistics.over_represented import CLAIMED_BELOW

    set_to = f" ({in_words(found.settings)})" if found.settings else ""
    judge = f", rated by {found.judge}" if found.judge else ""
    parts: list[RenderableType] = [
        text(f"{found.model}{set_to}{judge}", style="bold"),
        text(
            f"{found.used:,} replies ({found.group}) against {found.used_other:,} ({found.against}), "
            f"compared prompt by prompt ({found.strata:,} of them, by condition){_left_out(found)}"
        ),
        text(),
    ]
    if not found.words:
        return Group(*parts, text(_why_none(found)))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("word")
    for heading in ("odds ratio", "95% interval", "per 1,000", "other", "count", "in", "q"):
        table.add_column(heading, justify="right")
    for word in found.words:
        table.add_row(
            text(word.word if len(word.word) <= _LONGEST else word.word[: _LONGEST - 1] + "…"),
            _times(word.odds_ratio),
            f"{_times(word.lower)}–{_times(word.upper)}",
            f"{word.per_thousand:.2f}",
            f"{word.per_thousand_other:.2f}",
            f"{word.count:,}",
            f"{word.conversations:,}",
            "<.001" if word.q < 0.001 else f"{word.q:.3f}".removeprefix("0"),
        )
    claimed = f"{len(found.claimed):,}" if found.claimed else "None"
    verb = "stand" if len(found.claimed) > 1 else "stands"
    note = (
        f"The first {len(found.words):,} of {found.compared:,} words by the lower end of the interval, which "
        "is clustered by conversation. odds ratio: how many times the odds that a word is this one. in: "
        f"conversations that hold the word. q: false discovery rate. {claimed} of these words {verb} out at "
        f"a false discovery rate of {CLAIMED_BELOW:.0%}."
    )
    return Group(*parts, table, text(), text(note, style="dim"))


def _left_out(found: "WordList") -> str:
    left = found.replies - found.used, found.replies_other - found.used_other
    if not any(left):
        return ""
    return f"; {left[0]:,} and {left[1]:,} are left out, because their prompts have replies of one kind only"


def _why_none(found: "WordList") -> str:
    if not found.strata:
        return "No prompt has replies of both kinds, so there is nothing to compare within."
    return "No word is frequent enough. Lower --min-count, or name more logs."


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}"
