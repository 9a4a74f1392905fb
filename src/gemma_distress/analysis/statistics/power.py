"""How large a study must be: for a rate under a limit, for a difference of two arms, for a margin.

A study is `prompts` × `conversations`: so many prompts, and so many conversations of each. Its design
effect `D = 1 + (conversations - 1) * icc` says how many conversations are worth one independent one
(`clusters.py`). D grows with every repeat of a prompt and not with further prompts, so prompts buy
precision and repeats soon do not: however often G prompts are repeated, they are never worth more than
G / icc independent conversations.

* A rate: the one-sided upper bound of `clustered_proportion`, for events that fall into different
  prompts, must not exceed the limit. `rate_bounds` gives that bound from counts alone.
* A difference: Student's t test on the prompts' mean differences, with prompts - 1 degrees of freedom.
* A margin: the new arm must not be worse by the margin or more (non-inferiority, one-sided), where
  truly nothing changed and some share of the paired answers differs all the same.

Shares are between 0 and 1, `level` and `power` are probabilities, `icc` is the intraclass correlation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gemma_distress.analysis.statistics.clusters import PLANNED_ICC, Floats, require_probability
from gemma_distress.analysis.statistics.intervals import FEW_CLUSTERS, ends, is_ordinary
from gemma_distress.errors import UsageError

POWER = 0.90
"""Chance to reach the answer that a study is planned for."""

MOST_REPEATS = 1_000
"""More conversations than this of one prompt are no plan."""

MOST_PROMPTS = 1_000_000
"""More prompts than this are no plan."""

DISCORDANT = 0.08
"""Share of items that one arm answers rightly and the other does not, in published paired comparisons."""


@dataclass(frozen=True)
class Design:
    """A study large enough, and what makes it so."""

    prompts: int
    conversations: int
    """Of each prompt."""
    design_effect: float
    power: float
    """Chance of the answer planned for, if what was assumed is true."""
    events: int | None = None
    """For a rate: so many high conversations still pass."""
    bound: float | None = None
    """For a rate: the upper bound with so many."""

    @property
    def total(self) -> int:
        """Conversations of one arm."""
        return self.prompts * self.conversations


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
    _check_shape(prompts, conversations)
    require_probability("level", level, inner=True)
    require_probability("icc", icc)
    if not 0 <= events <= prompts * conversations or level <= 0.5:
        raise UsageError(
            f"{events} high of {prompts} × {conversations} conversations at level {level:g} have no "
            "bound: events are from 0 to all, and the level is above 0.5."
        )
    n = prompts * conversations
    z = float(stats.norm.ppf(level))
    c = z if prompts < FEW_CLUSTERS else float(stats.t.ppf(level, max(prompts - 1, 1)))
    effect = 1 + (conversations - 1) * icc
    ordinary = is_ordinary(min(events, prompts), min(n - events, prompts), prompts)
    if ordinary:
        k = c**2 * effect / n
    else:
        # Events in different prompts show no clustering: the measured design effect is 1. One prompt
        # alone measures nothing, and where all conversations are alike nothing varies.
        measured = c**2 / n if prompts > 1 and 0 < events < n else 0.0
        k = max(z**2 * effect / n, measured)
    return ends(events / n, k, 2 * level - 1, ordinary)


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
        _least(
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
    allowed = most_events(limit, prompts, conversations, level, icc)
    if allowed < 0 or rate >= 1:
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
    _check_shape(prompts, 1)
    for name, value in (("limit", limit), ("power", power), ("level", level)):
        require_probability(name, value, inner=True)
    require_probability("icc", icc)
    if not 0 <= rate < limit:
        raise UsageError(
            f"A rate of {_percent(rate)} is not under the limit of {_percent(limit)}, so no study can be "
            "expected to show that it is. Raise the limit, or plan for a lower rate."
        )
    events = 0
    while events <= limit * prompts * MOST_REPEATS:
        conversations = _least(
            lambda m, k=events: (  # type: ignore[misc]
                k <= prompts * m and rate_bounds(k, prompts, m, level, icc)[1] <= limit
            ),
            MOST_REPEATS,
        )
        if conversations > MOST_REPEATS:
            break
        chance = _chance_of_at_most(events, prompts, conversations, rate, icc)
        if chance >= power:
            bound = rate_bounds(events, prompts, conversations, level, icc)[1]
            effect = 1 + (conversations - 1) * icc
            return Design(prompts, conversations, effect, chance, events, bound)
        # Far from enough: take larger steps, so that rates near their limit end as well.
        events += max(1, events // 8)
    raise UsageError(_impossible_rate(limit, prompts, rate, power, level, icc))


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
    if rate <= limit:
        return None
    conversations = _least(
        lambda m: (
            rate_bounds(math.floor(rate * prompts * m + 1e-9), prompts, m, level, icc)[0] > limit
        ),
        MOST_REPEATS,
    )
    if conversations > MOST_REPEATS:
        return None
    events = math.floor(rate * prompts * conversations + 1e-9)
    bound = rate_bounds(events, prompts, conversations, level, icc)[0]
    return Design(prompts, conversations, 1 + (conversations - 1) * icc, 0.5, events, bound)


def fewest_prompts(
    limit: float, conversations: int, level: float = 0.95, icc: float = PLANNED_ICC
) -> int:
    """Fewest prompts with which no high conversation at all keeps the upper bound within the limit."""
    found = _least(lambda g: rate_bounds(0, g, conversations, level, icc)[1] <= limit, MOST_PROMPTS)
    if found > MOST_PROMPTS:
        raise UsageError(
            f"A limit of {_percent(limit)} needs more than {MOST_PROMPTS:,} prompts. Raise the limit."
        )
    return found


def power_of_difference(
    base: float,
    changed: float,
    prompts: int,
    conversations: int = 1,
    icc: float = PLANNED_ICC,
    correlation: float = 0.0,
    alpha: float = 0.05,
) -> float:
    """Chance that a two-sided test at `alpha` finds a true difference of two paired rates, in its direction.

    Student's t on the mean differences of the prompts, noncentral with prompts - 1 degrees of freedom.
    `size_for_difference` explains the arguments.
    """
    _check_shape(prompts, conversations)
    variance = _difference_variance(base, changed, correlation)
    require_probability("icc", icc)
    require_probability("alpha", alpha, inner=True)
    if prompts < 2 or 2.0 ** (1 - prompts) > alpha:
        return 0.0  # no arrangement of so few signs is as rare as alpha
    effect = 1 + (conversations - 1) * icc
    if variance == 0:
        return 1.0 if base != changed else 0.0
    away = abs(changed - base) / math.sqrt(variance * effect / (prompts * conversations))
    critical = stats.t.ppf(1 - alpha / 2, prompts - 1)
    # Far out scipy's noncentral t gives NaN where the chance is 1.
    chance = float(stats.nct.sf(critical, prompts - 1, away))
    return 1.0 if math.isnan(chance) else chance


def size_for_difference(
    base: float,
    changed: float,
    conversations: int = 1,
    icc: float = PLANNED_ICC,
    correlation: float = 0.0,
    power: float = POWER,
    alpha: float = 0.05,
) -> Design:
    """Fewest prompts with which two paired arms of rates `base` and `changed` are told apart.

    Args:
        base: rate of the one arm, from 0 to 1.
        changed: rate of the other.
        conversations: of each prompt, in each arm.
        icc: of the pairs' differences. Where the arms share what a prompt does, it is less than the ICC
            of each arm, so that one is on the safe side.
        correlation: of the two events of a pair. 0, the cautious choice, expects nothing of pairing.
        power: chance to find the difference.
        alpha: of the two-sided test.

    The sign-flip test over prompts needs enough prompts to reach `alpha` at all: six at 5%.

    Raises:
        UsageError: the rates are alike, or a pair cannot be correlated as said.
    """
    if base == changed:
        raise UsageError(
            f"From {_percent(base)} to {_percent(changed)} is no difference to find. Name two rates."
        )
    require_probability("power", power, inner=True)
    prompts = _least(
        lambda g: (
            power_of_difference(base, changed, g, conversations, icc, correlation, alpha) >= power
        ),
        MOST_PROMPTS,
    )
    if prompts > MOST_PROMPTS:
        raise UsageError(
            f"From {_percent(base)} to {_percent(changed)} needs more than {MOST_PROMPTS:,} prompts. "
            "Plan for a larger difference."
        )
    found = power_of_difference(base, changed, prompts, conversations, icc, correlation, alpha)
    return Design(prompts, conversations, 1 + (conversations - 1) * icc, found)


def size_for_margin(
    margin: float,
    conversations: int = 1,
    icc: float = PLANNED_ICC,
    discordant: float = DISCORDANT,
    power: float = POWER,
    alpha: float = 0.05,
) -> Design:
    """Fewest items with which an arm that lost nothing is shown to have lost less than a margin.

    Items are questions with a right answer, asked of both arms `conversations` times. With `discordant`
    the share of pairs of which just one is right, as many lost as won, a pair's difference has that
    variance, and n = (z_alpha + z_power)^2 * discordant * D / margin^2 (Nam 1997, Biometrics 53:1422, with
    the variance under no loss). 8% discordant at 90% power: 1,713 items for 2 points, 6,852 for 1 point.

    Raises:
        UsageError: the margin is no share, or not smaller than the share of discordant pairs.
    """
    _check_shape(1, conversations)
    for name, value in (("margin", margin), ("power", power), ("alpha", alpha)):
        require_probability(name, value, inner=True)
    require_probability("icc", icc)
    require_probability("discordant", discordant)
    if margin >= discordant:
        raise UsageError(
            f"Arms whose answers differ in {_percent(discordant)} of the items cannot differ by "
            f"{_percent(margin)} of them or more, so that margin asks nothing. Take a smaller margin, or a "
            "larger share of discordant items."
        )
    effect = 1 + (conversations - 1) * icc
    z = float(stats.norm.ppf(1 - alpha))
    needed = (z + float(stats.norm.ppf(power))) ** 2 * discordant * effect / margin**2
    items = math.ceil(needed / conversations)
    away = margin / math.sqrt(discordant * effect / (items * conversations))
    return Design(items, conversations, effect, float(stats.norm.cdf(away - z)))


def _difference_variance(base: float, changed: float, correlation: float) -> float:
    """Of one pair's difference: both arms' variances less what they share."""
    require_probability("base", base)
    require_probability("changed", changed)
    own, other = base * (1 - base), changed * (1 - changed)
    spread = math.sqrt(own * other)
    both = base * changed + correlation * spread
    least, most = max(0.0, base + changed - 1), min(base, changed)
    if not least - 1e-12 <= both <= most + 1e-12:
        limits = [(end - base * changed) / spread for end in (least, most)]
        raise UsageError(
            f"Events of rates {_percent(base)} and {_percent(changed)} cannot have a correlation of "
            f"{correlation:g}: it lies between {limits[0]:.2f} and {limits[1]:.2f}."
        )
    return own + other - 2 * correlation * spread


def _chance_of_at_most(
    events: int, prompts: int, conversations: int, rate: float, icc: float
) -> float:
    """Of a sum of `prompts` beta-binomial counts; those above `events` are not followed."""
    if rate == 0:
        return 1.0
    if icc == 0:
        return float(stats.binom.cdf(events, prompts * conversations, rate))
    if icc == 1:
        return float(stats.binom.cdf(events // conversations, prompts, rate))
    counts = np.arange(min(events, conversations) + 1)
    spread = 1 / icc - 1
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


def _impossible_rate(
    limit: float, prompts: int, rate: float, power: float, level: float, icc: float
) -> str:
    enough = f"≤ {_percent(limit)} cannot be shown with {prompts} prompts at ICC {icc:g}"
    worth = prompts / icc if icc else math.inf
    best = rate_bounds(0, prompts, MOST_REPEATS, level, icc)[1]
    if best > limit:
        needed = fewest_prompts(limit, MOST_REPEATS, level, icc)
        return (
            f"{enough}: however often they are repeated, they are worth at most {worth:,.0f} independent "
            f"conversations, and with no high one among them the upper bound is still {_percent(best)}. "
            f"At least {needed} prompts make it possible, more with fewer conversations of each"
            f"{'; so would a lower ICC, if a pilot measures one' if icc else ''}."
        )
    return (
        f"{enough} with a chance of {power:.0%} if {_percent(rate)} of the conversations are high. More "
        "prompts make it possible, a higher limit, or a model that is high more rarely."
    )


def _least(enough: Callable[[int], bool], most: int) -> int:
    """The smallest whole number from 1 on that is enough, `most` + 1 if none up to there; monotone."""
    low, high = 0, 1
    while not enough(high):
        if high >= most:
            return most + 1
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _check_shape(prompts: int, conversations: int) -> None:
    if prompts < 1 or conversations < 1:
        raise UsageError(
            f"A study has at least one prompt and one conversation of each, not {prompts} × {conversations}."
        )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"
