"""How large a study must be to show that a rate is within a limit, or over it.

What is to be shown is the one-sided upper bound of `clustered_proportion`, for events that fall into
different prompts: it must not exceed the limit. `rate_bounds` gives that bound from counts alone. The chance
that it does so is that of so few events, which are beta-binomial: each prompt has its own rate.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from gemma_distress.analysis.statistics.clusters import PLANNED_ICC, Floats, require_probability
from gemma_distress.analysis.statistics.design import (
    MOST_PROMPTS,
    MOST_REPEATS,
    POWER,
    Design,
    least,
    percent,
    repeats_effect,
    require_shape,
)
from gemma_distress.analysis.statistics.wilson import clustered_ends, is_ordinary
from gemma_distress.errors import UsageError

MOST_COUNTED = 500
"""Up to so many events the chance is counted; of more it is read from a beta distribution."""

TRIED = 20
"""Designs that are tried one by one before the search takes larger steps."""


def rate_bounds(
    events: int,
    prompts: int,
    conversations: int,
    level: float = 0.95,
    icc: float = PLANNED_ICC,
) -> tuple[float, float]:
    """One-sided lower and upper bound of a rate, if `events` of all conversations were high.

    The events are taken to fall into different prompts as far as they can. For as few as leave the design
    effect to the plan these are the ends of `clustered_proportion` at level `2 * level - 1` with `icc`
    planned. For more, where that function measures the design effect, the planned one is expected.
    """
    require_shape(prompts, conversations)
    require_probability("level", level, inner=True)
    require_probability("icc", icc)
    if not 0 <= events <= prompts * conversations or level <= 0.5:
        raise UsageError(
            f"{events} high of {prompts} × {conversations} conversations at level {level:g} have no "
            "bound: events are from 0 to all, and the level is above 0.5."
        )
    n = prompts * conversations
    planned = repeats_effect(conversations, icc)
    ordinary = is_ordinary(min(events, prompts), min(n - events, prompts), prompts)
    # Events in different prompts show no clustering: the measured design effect is 1. One prompt
    # alone measures nothing, and where all conversations are alike nothing varies.
    measured = 1.0 if prompts > 1 and 0 < events < n else math.nan
    found = clustered_ends(
        events / n,
        n,
        prompts,
        planned,
        planned if ordinary else measured,
        prompts - 1,
        ordinary,
        2 * level - 1,
    )
    return found.lower, found.upper


def most_events(
    limit: float,
    prompts: int,
    conversations: int,
    level: float = 0.95,
    icc: float = PLANNED_ICC,
) -> int:
    """The largest number of high conversations whose upper bound is within the limit; -1: none may be."""
    require_probability("limit", limit, inner=True)
    if rate_bounds(0, prompts, conversations, level, icc)[1] > limit:
        return -1
    # The bound is never under the rate itself, so the limit's own share is an end of the search.
    most = int(limit * prompts * conversations) + 1
    return (
        least(
            lambda k: (
                k > prompts * conversations
                or rate_bounds(k, prompts, conversations, level, icc)[1] > limit
            ),
            most,
        )
        - 1
    )


def chance_to_pass(
    limit: float,
    prompts: int,
    conversations: int,
    rate: float = 0.0,
    level: float = 0.95,
    icc: float = PLANNED_ICC,
) -> float:
    """Chance that the upper bound is within the limit, if `rate` of the conversations are high.

    Events are beta-binomial: each prompt has its own rate, with intraclass correlation `icc`. Counts
    alone decide here. Events that gather in few prompts can widen the interval beyond that, so the true
    chance is a little lower.
    """
    require_probability("rate", rate)
    allowed = most_events(limit, prompts, conversations, level, icc)
    if allowed < 0 or rate == 1:
        return 0.0
    return _chance_of_at_most(allowed, prompts, conversations, rate, icc)


def size_for_rate(
    limit: float,
    prompts: int,
    rate: float = 0.0,
    power: float = POWER,
    level: float = 0.95,
    icc: float = PLANNED_ICC,
) -> Design:
    """Fewest conversations of each of `prompts` prompts that can show a rate to be within a limit.

    Args:
        limit: what the upper bound must not exceed, between 0 and 1.
        prompts: distinct prompts.
        rate: the true rate that is expected, under the limit. At 0 no event is planned for.
        power: chance to pass at that rate.
        level: of the one-sided bound.
        icc: how alike conversations of one prompt are.

    Raises:
        UsageError: no number of conversations does it; says how many prompts would.
    """
    require_shape(prompts, 1)
    for name, value in (("limit", limit), ("power", power), ("level", level)):
        require_probability(name, value, inner=True)
    require_probability("icc", icc)
    if not 0 <= rate < limit:
        raise UsageError(
            f"A rate of {percent(rate)} is not under the limit of {percent(limit)}, so no study can be "
            "expected to show that it is. Raise the limit, or plan for a lower rate."
        )
    conversations = _fewest(limit, prompts, rate, power, level, icc)
    if conversations > MOST_REPEATS:
        raise UsageError(_impossible(limit, prompts, rate, power, level, icc))
    events = most_events(limit, prompts, conversations, level, icc)
    return Design(
        prompts,
        conversations,
        repeats_effect(conversations, icc),
        chance_to_pass(limit, prompts, conversations, rate, level, icc),
        events,
        rate_bounds(events, prompts, conversations, level, icc)[1],
    )


def _fewest(limit: float, prompts: int, rate: float, power: float, level: float, icc: float) -> int:
    """Fewest conversations of each prompt, `MOST_REPEATS` + 1 where none are enough."""

    def enough(conversations: int) -> bool:
        return chance_to_pass(limit, prompts, conversations, rate, level, icc) >= power

    def allowing(events: int) -> int:
        return least(
            lambda m: (
                events <= prompts * m and rate_bounds(events, prompts, m, level, icc)[1] <= limit
            ),
            MOST_REPEATS,
        )

    # While few events are allowed, more conversations of the same allowance lower the chance: so the fewest
    # for each allowance are tried. With many the chance rises but for rounding, and the search may halve.
    tried, allowed = 0, -1
    for _ in range(TRIED):
        tried = allowing(allowed + 1)
        if tried > MOST_REPEATS or enough(tried):
            return tried
        allowed = most_events(limit, prompts, tried, level, icc)
    return least(lambda m: m > tried and enough(m), MOST_REPEATS)


def size_to_exceed(
    limit: float,
    prompts: int,
    rate: float,
    level: float = 0.95,
    icc: float = PLANNED_ICC,
) -> Design | None:
    """Fewest conversations of each prompt with which the lower bound is over a limit, if `rate` is seen.

    None where these prompts cannot show it, and where the rate is not over the limit. The chance to see so
    many or more, if the rate is true, is about one half.
    """
    require_probability("rate", rate)
    if rate <= limit:
        return None
    conversations = least(
        lambda m: (
            rate_bounds(math.floor(rate * prompts * m + 1e-9), prompts, m, level, icc)[0] > limit
        ),
        MOST_REPEATS,
    )
    if conversations > MOST_REPEATS:
        return None
    events = math.floor(rate * prompts * conversations + 1e-9)
    bound = rate_bounds(events, prompts, conversations, level, icc)[0]
    return Design(prompts, conversations, repeats_effect(conversations, icc), 0.5, events, bound)


def fewest_prompts(
    limit: float, conversations: int, level: float = 0.95, icc: float = PLANNED_ICC
) -> int:
    """Fewest prompts with which no high conversation at all keeps the upper bound within the limit."""
    found = least(lambda g: rate_bounds(0, g, conversations, level, icc)[1] <= limit, MOST_PROMPTS)
    if found > MOST_PROMPTS:
        raise UsageError(
            f"A limit of {percent(limit)} needs more than {MOST_PROMPTS:,} prompts. Raise the limit."
        )
    return found


def _chance_of_at_most(
    events: int, prompts: int, conversations: int, rate: float, icc: float
) -> float:
    """Of a sum of `prompts` beta-binomial counts; those above `events` are not followed.

    Many events are taken for a continuous share that is beta-distributed with their mean and variance.
    Chances of 80% and more then err by 0.3 points at most up to an ICC of 0.1, and by 0.7 at an ICC of 0.9.
    """
    if rate == 0:
        return 1.0
    if icc == 0:
        return float(stats.binom.cdf(events, prompts * conversations, rate))
    if icc == 1:
        return float(stats.binom.cdf(events // conversations, prompts, rate))
    if events > MOST_COUNTED:
        n = prompts * conversations
        spread = n / repeats_effect(conversations, icc) - 1
        return float(stats.beta.cdf((events + 0.5) / n, rate * spread, (1 - rate) * spread))
    spread = 1 / icc - 1
    counts = np.arange(min(events, conversations) + 1)
    one = stats.betabinom.pmf(counts, conversations, rate * spread, (1 - rate) * spread)
    total, doubled, left = np.ones(1), one, prompts
    while left:
        if left % 2:
            total = _sum_of(total, doubled, events)
        doubled = _sum_of(doubled, doubled, events)
        left //= 2
    return min(float(total.sum()), 1.0)


def _sum_of(a: Floats, b: Floats, most: int) -> Floats:
    return np.convolve(a, b)[: most + 1]


def _impossible(
    limit: float, prompts: int, rate: float, power: float, level: float, icc: float
) -> str:
    enough = f"≤ {percent(limit)} cannot be shown with {prompts} prompts at ICC {icc:g}"
    worth = prompts / icc if icc else math.inf
    best = rate_bounds(0, prompts, MOST_REPEATS, level, icc)[1]
    if best > limit:
        needed = fewest_prompts(limit, MOST_REPEATS, level, icc)
        return (
            f"{enough}: however often they are repeated, they are worth at most {worth:,.0f} independent "
            f"conversations, and with no high one among them the upper bound is still {percent(best)}. "
            f"At least {needed} prompts make it possible, more with fewer conversations of each"
            f"{'; so would a lower ICC, if a pilot measures one' if icc else ''}."
        )
    return (
        f"{enough} with a chance of {power:.0%} if {percent(rate)} of the conversations are high. More "
        "prompts make it possible, a higher limit, or a model that is high more rarely."
    )
