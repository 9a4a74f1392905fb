"""Plans: the studies that would reach a goal, and what each asks of subject and grader.

    from gemma_distress.analysis.plan import RateGoal, plan
    plan(RateGoal(limit=0.01))

A goal is one of three: a rate to be shown within a limit, a difference between two arms to be found, a
capability to be shown not worse by a margin. For each a table of sizes (`rate_size`, `difference_size`) is
made: for a rate over numbers of prompts, for the others over conversations of each prompt. What a
conversation costs is given by the caller (`Price`), since this room knows neither tasks nor prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.statistics.clusters import PLANNED_ICC
from gemma_distress.analysis.statistics.design import MOST_PROMPTS, POWER, Design
from gemma_distress.analysis.statistics.difference_size import (
    DISCORDANT,
    size_for_difference,
    size_for_margin,
)
from gemma_distress.analysis.statistics.rate_size import fewest_prompts, size_for_rate
from gemma_distress.errors import UsageError

PROMPTS = (10, 20, 50, 100, 200, 400)
CONVERSATIONS = (1, 2, 4, 10, 20)


@dataclass(frozen=True)
class RateGoal:
    """Show that the share of conversations with a high reply is within a limit (one arm)."""

    limit: float
    rate: float = 0.0
    """The true share that is expected; 0 plans for no high conversation at all."""


@dataclass(frozen=True)
class DifferenceGoal:
    """Find the difference between two paired arms (both are run)."""

    base: float
    changed: float
    correlation: float = 0.0


@dataclass(frozen=True)
class MarginGoal:
    """Show that a capability is not worse by a margin or more (both arms answer; no grader is asked)."""

    margin: float
    discordant: float = DISCORDANT


Goal = RateGoal | DifferenceGoal | MarginGoal


@dataclass(frozen=True)
class Price:
    """What one conversation asks, with tokens and dollars where they are known."""

    replies: float
    """Of the subject; each is one call to the grader."""
    subject_input: float | None = None
    """Tokens."""
    subject_output: float | None = None
    grader_input: float | None = None
    grader_output: float | None = None
    subject_dollars: float | None = None
    grader_dollars: float | None = None


@dataclass(frozen=True)
class Option:
    """One way to reach the goal."""

    design: Design
    arms: int
    conversations: int
    """In all arms."""
    replies: int | None
    """Calls to the subject; None where it is not known how long a conversation is."""
    judge_calls: int | None
    tokens: int | None
    """Sent and received, of subject and grader; None where unknown."""
    dollars: float | None


@dataclass(frozen=True)
class Plan:
    """The options for a goal, and what is not possible."""

    goal: Goal
    icc: float
    level: float
    power: float
    options: tuple[Option, ...]
    impossible: tuple[str, ...]
    """Sentences on the sizes that do not reach the goal."""

    @property
    def best(self) -> Option | None:
        """The option of fewest conversations."""
        return min(self.options, key=lambda option: option.conversations, default=None)


def plan(
    goal: Goal,
    icc: float = PLANNED_ICC,
    level: float = 0.95,
    power: float = POWER,
    price: Price | None = None,
    prompts: Sequence[int] = PROMPTS,
    conversations: Sequence[int] = CONVERSATIONS,
    most_prompts: int | None = None,
) -> Plan:
    """The table of options.

    Args:
        goal: what is to be shown.
        icc: how alike conversations of one prompt are.
        level: of the one-sided bound (rate), or 1 - alpha of the test: two-sided for a difference,
            one-sided for a margin.
        power: chance to reach the goal if what it says of the truth holds.
        price: what one conversation asks.
        prompts: for a rate, the numbers of prompts to consider.
        conversations: for the others, the conversations of each prompt to consider.
        most_prompts: distinct prompts that there are; sizes that need more are not possible.

    Raises:
        UsageError: the goal contradicts itself, or nothing considered reaches it.
    """
    options: list[Option] = []
    impossible: list[str] = []
    there = MOST_PROMPTS if most_prompts is None else most_prompts
    if isinstance(goal, RateGoal):
        for count in sorted({min(count, there) for count in prompts}):
            try:
                design = size_for_rate(goal.limit, count, goal.rate, power, level, icc)
            except UsageError as error:
                if goal.rate >= goal.limit:
                    raise
                impossible.append(str(error))
            else:
                options.append(_option(design, 1, price))
        if not options:
            told = impossible[-1]
            if goal.rate == 0:
                fewest = fewest_prompts(goal.limit, 1, level, icc)
                told += f" With one conversation of each, none of them high, {fewest:,} prompts are enough."
            raise UsageError(told)
    elif isinstance(goal, DifferenceGoal):
        for repeats in conversations:
            design = size_for_difference(
                goal.base, goal.changed, repeats, icc, goal.correlation, power, 1 - level
            )
            options.append(_option(design, 2, price))
    else:
        for repeats in conversations:
            design = size_for_margin(goal.margin, repeats, icc, goal.discordant, power, 1 - level)
            options.append(_option(design, 2, None))
    if any(option.design.prompts > there for option in options):
        impossible.append(f"There are {there:,} prompts; sizes that need more are left out.")
        options = [option for option in options if option.design.prompts <= there]
    if not options:
        raise UsageError(
            f"{impossible[-1]} None of the sizes considered is possible. Ask a task or a pack that has more "
            "prompts, or plan for less."
        )
    return Plan(goal, icc, level, power, tuple(options), tuple(impossible))


def _option(design: Design, arms: int, price: Price | None) -> Option:
    count = design.total * arms
    if price is None:
        return Option(design, arms, count, None, None, None, None)
    tokens = _sum(
        price.subject_input, price.subject_output, price.grader_input, price.grader_output
    )
    dollars = _sum(price.subject_dollars, price.grader_dollars)
    replies = round(count * price.replies)
    return Option(
        design,
        arms,
        count,
        replies,
        replies,
        None if tokens is None else round(count * tokens),
        None if dollars is None else count * dollars,
    )


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
