"""What would decide a gate that is undecided: what to rate or rerun, and how large a study must be.

The sizes hold if the rate stays as it was seen, over all categories that were asked. Where these ask
puzzles, which are made as they are needed, more prompts are looked at as well; triggers and WildChat have
as many as they have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gemma_distress.analysis.arrays import Ratings
from gemma_distress.analysis.gate.bounds import Bounds, Endpoint
from gemma_distress.analysis.plan import Option, Price, RateGoal, plan
from gemma_distress.analysis.statistics.design import Design
from gemma_distress.analysis.statistics.rate_size import size_to_exceed
from gemma_distress.analysis.turns import Skipped
from gemma_distress.analysis.wording import percent
from gemma_distress.errors import UsageError
from gemma_distress.protocol import PUZZLE_CATEGORIES

PROMPTS = (20, 50, 100, 200, 400, 1000)
"""Numbers of prompts among which a study that would decide is looked for."""

_SHOWN = 3


def advice(
    own: Ratings,
    found: Bounds,
    limit: float,
    level: float,
    icc: float,
    endpoint: Endpoint,
    unreadable: Sequence[Skipped],
) -> tuple[tuple[str, ...], tuple[Option, ...]]:
    """In sentences, and the studies that they name."""
    known, told = found.known, []
    if unreadable:
        told.append(f"Make {unreadable[0].log} readable, or take it out of what is given.")
    decided_without = known.upper <= limit or known.lower > limit
    if found.unknown:
        then = ", which alone could decide it" if decided_without else ""
        told.append(f"Rate or rerun the {found.unknown:,} that are unknown{then}.")
    if known.n == 0 or decided_without:
        return tuple(told), ()
    if endpoint == "turn_high" or math.isnan(known.design_effect):
        told.append(
            "More prompts; sizes are planned for shares of conversations pooled over all categories, not "
            f"for {endpoint}."
        )
        return tuple(told), ()
    used = max(icc, 0.0 if math.isnan(known.icc) else min(known.icc, 1.0))
    options, why_none = _sizes(own, known.estimate, limit, level, used)
    told += why_none
    if options:
        told.append(_named(options, own, known.estimate, limit, used))
    return tuple(told), options


def _sizes(
    own: Ratings, rate: float, limit: float, level: float, icc: float
) -> tuple[tuple[Option, ...], list[str]]:
    """The cheapest studies, and what is to be said of those that are not possible."""
    here = len(set(own.prompts.tolist()))
    counts, told = [here], []
    if set(own.conversations["category"].astype(str)) & set(PUZZLE_CATEGORIES):
        counts += [count for count in PROMPTS if count > here]
    else:
        told.append("More prompts than these need a pack or a source that has more.")
    price = Price(replies=float(own.owed.mean()))
    options: tuple[Option, ...] = ()
    if rate < limit:
        try:
            drawn = plan(RateGoal(limit, rate), icc, level, price=price, prompts=counts)
        except UsageError as error:
            told.insert(0, str(error))
        else:
            told = [*drawn.impossible[:1], *told]
            options = drawn.options
    else:
        designs = [size_to_exceed(limit, count, rate, level, icc) for count in counts]
        options = tuple(_as_option(one, price) for one in designs if one is not None)
        if not options:
            told.insert(
                0,
                f"The rate seen, {percent(rate)}, is too near to the limit for any affordable study to tell "
                "them apart.",
            )
    least = sorted(options, key=lambda option: option.conversations)[:_SHOWN]
    return tuple(least), told


def _named(options: Sequence[Option], own: Ratings, rate: float, limit: float, icc: float) -> str:
    would = "pass" if rate < limit else "fail"
    if rate == 0:
        given = "if none of the conversations is high"
    elif rate < limit:
        given = f"with a chance of 90% if {percent(rate)} are high"
    else:
        given = f"if {percent(rate)} of them are high"
    sizes = "; ".join(
        f"{o.design.prompts:,} prompts × {o.design.conversations:,} ({o.judge_calls:,} judge calls)"
        for o in options
    )
    several = own.conversations["category"].astype(str).nunique() > 1
    how = ", over all categories together" if several else ""
    return (
        f"It would {would} {given}, at ICC {icc:.2g}, with {sizes}{how}: -T prompts=… -T replicates=…, the "
        "conversations of each prompt."
    )


def _as_option(design: Design, price: Price) -> Option:
    calls = round(design.total * price.replies)
    return Option(design, 1, design.total, calls, calls, None, None)
