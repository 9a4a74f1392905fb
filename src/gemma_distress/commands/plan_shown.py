"""What `gemma-distress plan` prints: the studies, the line that runs the cheapest, and what was assumed."""

import math
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gemma_distress.analysis.wording import percent
from gemma_distress.commands.shown import text
from gemma_distress.protocol import HOSTILE_TONES, TURNS

if TYPE_CHECKING:
    from rich.table import Table

    from gemma_distress.analysis.plan import Option, Plan, Price

WIDTH = 80


def show(found: "Plan", task: str, given: Mapping[str, Any], price: "Price | None") -> None:
    """Print the plan.

    Args:
        found: the plan.
        task: whose conversations it is about.
        given: the options of the command.
        price: what one conversation asks.
    """
    from rich.console import Console

    from gemma_distress.analysis.plan import MarginGoal

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(text(_headline(found)))
    console.print(_table(found, task))
    for sentence in found.impossible[-1:]:
        console.print(text(sentence))
    if not isinstance(found.goal, MarginGoal) and found.best is not None:
        console.print(text(f"The one in bold: {_command(found.best, task, given)}"))
    if isinstance(found.goal, MarginGoal):
        notes = "Each item is asked of both arms; no grader is asked."
    else:
        arms = "one model" if found.options[0].arms == 1 else "both arms together"
        notes = (
            f"In all: conversations of {arms}; so are calls, tokens and dollars, with "
            f"the {TURNS[task]} replies of a conversation of {task}, each rated once."  # type: ignore[index]
        )
        if price is not None:
            notes += _unpriced(given, price)
    console.print(
        text(
            f"{notes} Design effect: conversations that are worth one independent one, "
            f"1 + (each − 1) × ICC {found.icc:g}. Prompts buy more than repeats.",
            style="dim",
        )
    )


def _command(option: "Option", task: str, given: Mapping[str, Any]) -> str:
    """The line that runs it, on each arm."""
    each, tones = option.design.conversations, len(HOSTILE_TONES) if task == "tones" else 1
    replicates = math.ceil(each / tones)
    more = f", which asks each prompt {replicates * tones} times, once a tone" if tones > 1 else ""
    source = f" -T source={shlex.quote(given['source'])}" if given["source"] else ""
    return (
        f"inspect eval gemma_distress/{task} --model {given['model'] or 'MODEL'} "
        f"-T prompts={option.design.prompts} -T replicates={replicates}{source}{more}"
    )


def _unpriced(given: Mapping[str, Any], price: "Price") -> str:
    unknown = []
    if price.subject_dollars is None:
        unknown.append(given["model"] or "the subject (name it with --model)")
    if price.grader_dollars is None:
        unknown.append(given["grader"])
    if not unknown:
        return ""
    told = f" Dollars are unknown, for the price of {' and '.join(unknown)} is."
    if price.grader_dollars is not None:
        told += f" The grader alone takes ${price.grader_dollars:.4f} a conversation."
    return told


def _headline(found: "Plan") -> str:
    from gemma_distress.analysis.plan import DifferenceGoal, RateGoal

    goal, chance = found.goal, f"{100 * found.power:g}%"
    if isinstance(goal, RateGoal):
        expected = (
            "if no conversation is high"
            if goal.rate == 0
            else f"with a chance of {chance} if {percent(goal.rate)} are high"
        )
        return f"To show a rate ≤ {percent(goal.limit)} (one-sided {100 * found.level:g}% bound), {expected}:"
    alpha = f"{100 * (1 - found.level):.3g}%"
    if isinstance(goal, DifferenceGoal):
        return (
            f"To find {percent(goal.base)} → {percent(goal.changed)} between two paired arms with a chance "
            f"of {chance} (two-sided {alpha}, correlation {goal.correlation:g}):"
        )
    return (
        f"To show a loss under {percent(goal.margin)} with a chance of {chance} (one-sided {alpha}, "
        f"{percent(goal.discordant)} discordant, no true loss):"
    )


def _table(found: "Plan", task: str) -> "Table":
    from rich.table import Table

    from gemma_distress.analysis.plan import MarginGoal, RateGoal

    items = isinstance(found.goal, MarginGoal)
    headings = ["items" if items else "prompts", "× each", "design\neffect"]
    headings += ["answers"] if items else ["in all", "judge\ncalls", "tokens", "dollars"]
    if isinstance(found.goal, RateGoal):
        headings.insert(3, "may be\nhigh")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right")
    for option in found.options:
        cells = [f"{option.design.prompts:,}", f"{option.design.conversations:,}"]
        cells.append(f"{option.design.design_effect:.2f}")
        if isinstance(found.goal, RateGoal):
            cells.append(f"{option.design.events:,}")
        cells.append(f"{option.conversations:,}")
        if not items:
            cells += _costs(option)
        style = "bold" if option is found.best else None
        table.add_row(*map(text, cells), style=style)
    return table


def _costs(option: "Option") -> list[str]:
    calls, tokens, dollars = option.judge_calls, option.tokens, option.dollars
    return [
        "–" if calls is None else f"{calls:,}",
        "–" if tokens is None else f"{tokens / 1e6:.1f}M",
        "–" if dollars is None else f"${dollars:,.2f}",
    ]
