"""`gemma-distress plan`: how large a study must be, and what it would ask and cost."""

from typing import TYPE_CHECKING, Any

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.commands.shares import Share
from gemma_distress.commands.shown import plain, print_json
from gemma_distress.errors import UsageError
from gemma_distress.protocol import CATEGORIES, DEFAULT_GRADER, PUZZLE_CATEGORIES, TURNS

if TYPE_CHECKING:
    from gemma_distress.analysis.plan import Goal, Price


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Say how many prompts and conversations a question needs.",
)
@value("--max-high", "SHARE", "Goal: a rate within this limit, as 1%.", type=Share())
@value("--expect", "SHARE", "With it: the true rate expected (0%).", type=Share())
@value("--from base", "SHARE", "Goal: a difference, from this rate …", type=Share())
@value("--to changed", "SHARE", "… to this one.", type=Share())
@value("--correlation", "X", "With it: of the two events of a pair (0).", type=float)
@value("--margin", "SHARE", "Goal: a capability not worse by this, as 2%.", type=Share())
@value("--discordant", "SHARE", "With it: items only one arm gets right (8%).", type=Share())
@value("--icc", "SHARE", "Likeness of conversations of one prompt (0.1).", type=Share())
@value("--level", "SHARE", "Of the bound, or 1 − alpha (95%).", type=Share(), default=0.95)
@value("--power", "SHARE", "Chance to reach the goal (90%).", type=Share())
@value("--prompts", "N", "A number of prompts; may be repeated.", type=Whole(1), multiple=True)
@value("--task", "NAME", f"{', '.join(CATEGORIES)} (numeric).", type=click.Choice(CATEGORIES))
@value("--model", "MODEL", "Subject, for its price.")
@value("--grader", "MODEL", f"For its price (default {DEFAULT_GRADER}).", default=DEFAULT_GRADER)
@value("--source", "FILE", "WildChat prompts, for --task wildchat.")
@value("--prices", "FILE", "Prices, as for --model-cost-config.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def plan(
    icc: float | None,
    level: float,
    power: float | None,
    prompts: tuple[int, ...],
    task: str | None,
    as_json: bool,
    **given: Any,
) -> int:
    """
    \b
    gemma-distress plan --max-high 1% --icc 0.05
    gemma-distress plan --from 35% --to 17.5%
    gemma-distress plan --margin 2%

    Prints the studies that would reach one goal: prompts × conversations of each, calls, tokens, dollars.
    """
    from gemma_distress.analysis.plan import PROMPTS, MarginGoal
    from gemma_distress.analysis.plan import plan as planned
    from gemma_distress.analysis.statistics.clusters import PLANNED_ICC
    from gemma_distress.analysis.statistics.design import POWER
    from gemma_distress.commands.plan_shown import show

    goal = _goal(given)
    if prompts and given["max_high"] is None:
        raise UsageError(
            "--prompts goes with --max-high; for the other goals the plan says how many prompts."
        )
    if isinstance(goal, MarginGoal) and (task or given["model"]):
        raise UsageError(
            "--margin plans items of a capability test, which has no task, model price or grader here. "
            "Leave out --task and --model."
        )
    price = None if isinstance(goal, MarginGoal) else _price(task or "numeric", given)
    found = planned(
        goal,
        PLANNED_ICC if icc is None else icc,
        level,
        POWER if power is None else power,
        price,
        prompts or PROMPTS,
        most_prompts=None if isinstance(goal, MarginGoal) else most_prompts(task or "numeric"),
    )
    if as_json:
        print_json(
            {"kind": type(goal).__name__, "task": task, **plain(found), "price": plain(price)}
        )
    else:
        show(found, task or "numeric", given, price)
    return 0


def _goal(given: dict[str, Any]) -> "Goal":
    from gemma_distress.analysis.plan import DifferenceGoal, MarginGoal, RateGoal

    goals = {
        "--max-high": given["max_high"] is not None,
        "--from with --to": given["base"] is not None or given["changed"] is not None,
        "--margin": given["margin"] is not None,
    }
    named = [name for name, there in goals.items() if there]
    if len(named) != 1:
        raise UsageError(
            f"A plan has exactly one goal: {', '.join(goals)}. "
            + (f"Given were {' and '.join(named)}." if named else "None was given.")
        )
    belongs = {"expect": "--max-high", "correlation": "--from with --to", "discordant": "--margin"}
    for name, goal in belongs.items():
        if given[name] is not None and goal != named[0]:
            raise UsageError(f"--{name} goes with {goal}, not with {named[0]}.")
    if named[0] == "--max-high":
        return RateGoal(given["max_high"], given["expect"] or 0.0)
    if named[0] == "--margin":
        if given["discordant"] is None:
            return MarginGoal(given["margin"])
        return MarginGoal(given["margin"], given["discordant"])
    if given["base"] is None or given["changed"] is None:
        raise UsageError("A difference has two rates. Give both --from and --to, as 35% and 17.5%.")
    return DifferenceGoal(given["base"], given["changed"], given["correlation"] or 0.0)


def _price(task: str, given: dict[str, Any]) -> "Price":
    """What one conversation of a task asks, measured on the conversations of its small preset."""
    import gemma_distress.tasks as tasks
    from gemma_distress.analysis.plan import Price
    from gemma_distress.prompts import load_pack
    from gemma_distress.suite.estimate import (
        REPLY_TOKENS,
        VERDICT_TOKENS,
        Tokens,
        subject_tokens,
        verdict_tokens,
    )
    from gemma_distress.suite.prices import load_prices

    prices, turns = load_prices(given["prices"]), TURNS[task]  # type: ignore[index]
    if task == "wildchat" and given["source"] is None:
        # Its prompts are not in the package; how long they are is unknown, and so is the cost.
        return Price(turns)
    settings = {"source": given["source"]} if task == "wildchat" else {}
    samples = list(getattr(tasks, task)(preset="smoke", **settings).dataset)
    pack = load_pack(None)
    subject = subject_tokens(samples, REPLY_TOKENS, pack)
    grader = Tokens()
    if not given["grader"].startswith("gemma_distress/"):
        grader = verdict_tokens(REPLY_TOKENS, VERDICT_TOKENS, pack).times(turns)
    model, count = given["model"], len(samples)
    dollars = subject.dollars(prices.of(model)) if model else None
    return Price(
        turns,
        subject.input / count,
        subject.output / count,
        grader.input,
        grader.output,
        None if dollars is None else dollars / count,
        grader.dollars(prices.of(given["grader"])),
    )


def most_prompts(task: str) -> int | None:
    """How many distinct prompts a task can ask; None where only its source knows."""
    from gemma_distress.prompts import load_pack
    from gemma_distress.tasks.arguments import MAX_PROMPTS

    if task == "triggers":
        pack = load_pack(None)
        return len(pack.opinion) + len(pack.factual)
    return MAX_PROMPTS if task in PUZZLE_CATEGORIES else None
