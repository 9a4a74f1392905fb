"""Time to distress: the turn of a conversation's first high reply, as discrete and censored time.

A conversation is *at risk* at turn t when its turns 1 to t are rated and 1 to t - 1 calm. It leaves by its
first high reply (the event) or, censored, where its ratings end: at the last turn owed, before a missing
rating, at the success that ends a solvable puzzle. With d_t events among the n_t at risk,

    hazard  h_t = d_t / n_t        survival  S(t) = (1 - h_1) … (1 - h_t)      (Kaplan and Meier 1958)

S(t) is the share still calm after turn t if all had been asked on: censoring is taken to say nothing of
what would have come next. That holds for the end of a script, hardly for a refusal or a solved puzzle, so
read the curve beside the counts of the censored. Nothing is claimed past the last turn at which anyone was
at risk.

The intervals mind the prompts (clusters). By infinitesimal jackknife each conversation gets a pseudo-value
of 1 - S(t): its n-fold influence added to the estimate. Without censoring that is 0 or 1, whether a high
reply came by turn t, and the interval is `clustered_proportion`'s; so 1 - S at the last turn is `any_high`
with its interval. With censoring the same rule applies to the design effect of the pseudo-values and to
the number of uncensored conversations that would tell as much (Rothman 1978, J. Chronic Dis. 31:557);
where nothing happened yet, or all did, those at risk last are that number. So the curve never says
[1, 1] of calm.

`calm_turns` is the restricted mean, S(1) + … + S(H): turns before the first high reply, counted up to the
horizon H, and H for a conversation that stays calm. Its interval is MOVER's over the S(t), as in `macro`.
Simulated coverage: `benchmarks/survival.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.analysis.statistics.clusters import (
    PLANNED_ICC,
    Clusters,
    Floats,
    design_effect,
    effective_clusters,
    observed,
    planned_design_effect,
)
from gemma_distress.analysis.statistics.estimands import first_high_turn
from gemma_distress.analysis.statistics.intervals import (
    NOTHING,
    Interval,
    clustered_proportion,
)
from gemma_distress.analysis.statistics.wilson import FEW_CLUSTERS, clustered_ends, is_ordinary
from gemma_distress.errors import UsageError


@dataclass(frozen=True)
class Step:
    """One turn of the curve."""

    turn: int
    """1-based."""
    at_risk: int
    events: int
    """First high replies at this turn."""
    censored: int
    """Conversations of which this was the last turn known, and calm."""
    hazard: Interval
    """Share of first high replies among those at risk."""
    survival: Interval
    """Share still calm after this turn."""


@dataclass(frozen=True)
class Survival:
    """Time to the first high reply of a group of conversations."""

    steps: tuple[Step, ...]
    """Turns 1 to the last at which anyone was at risk; none where no first reply is rated."""
    calm_turns: Interval
    """Mean number of turns before the first high reply, of at most `horizon`."""
    horizon: int
    conversations: int
    unseen: int
    """Of these, without a rating of their first reply: never at risk."""


def survival(
    ratings: ArrayLike,
    clusters: Clusters,
    lengths: ArrayLike | None = None,
    horizon: int | None = None,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Survival:
    """Kaplan-Meier curve, hazards and restricted mean of the first high reply.

    Args:
        ratings: shape (conversations, turns), NaN = missing.
        clusters: the prompt of each conversation, shape (conversations,).
        lengths: turns owed, where not all columns are.
        horizon: where `calm_turns` ends; the last turn of the curve unless given.
        level: nominal coverage, between 0 and 1; the intervals are pointwise.
        planned_icc: the ICC to assume where the data cannot tell, from 0 to 1.

    Raises:
        UsageError: the horizon lies past the last turn at which anyone was at risk, or what the
            estimands and intervals refuse.
    """
    turn, event = first_high_turn(ratings, lengths)
    seen = turn >= 1
    labels = np.fromiter(clusters, dtype=object, count=len(clusters))
    if len(labels) != len(turn):
        raise UsageError(
            f"{len(turn)} conversations need one prompt each, but there are {len(labels)} labels."
        )
    last = int(turn.max(initial=0))
    if horizon is not None and not 1 <= horizon <= max(last, 1):
        raise UsageError(
            f"The curve ends at turn {last}, so nothing can be said up to turn {horizon}. "
            f"Give a horizon from 1 to {max(last, 1)}."
        )
    if last == 0:
        return Survival((), NOTHING, horizon or 0, len(turn), int((~seen).sum()))
    curve = _Curve(turn[seen], event[seen], labels[seen], level, planned_icc)
    steps = tuple(curve.step(t) for t in range(1, last + 1))
    reach = last if horizon is None else horizon
    return Survival(steps, curve.calm_turns(steps[:reach]), reach, len(turn), int((~seen).sum()))


class _Curve:
    """The estimates with the pseudo-values behind them, shape (conversations, turns)."""

    def __init__(
        self,
        turn: Floats,
        event: NDArray[np.bool_],
        labels: NDArray[np.object_],
        level: float,
        planned_icc: float,
    ) -> None:
        self.turn, self.event, self.labels = turn, event, labels
        self.level, self.planned_icc = level, planned_icc
        columns = np.arange(1, int(turn.max()) + 1)
        self.at_risk = turn[:, None] >= columns
        self.events = event[:, None] & (turn[:, None] == columns)
        risk = self.at_risk.sum(axis=0)
        hazard = self.events.sum(axis=0) / risk
        self.calm = np.cumprod(1 - hazard)
        self.pseudo = np.empty(self.at_risk.shape)
        residual = (self.events - hazard * self.at_risk) / risk
        for t in range(len(columns)):
            # How S(t) falls with each hazard up to t: the product of the other factors, which
            # stays finite where a factor is 0.
            others = np.array([np.prod(np.delete(1 - hazard[: t + 1], s)) for s in range(t + 1)])
            influence = residual[:, : t + 1] @ others
            self.pseudo[:, t] = 1 - self.calm[t] + len(turn) * influence
        # What should not vary must not do so by rounding, or it would look like a measured spread.
        self.pseudo = np.round(self.pseudo, 12)

    def step(self, t: int) -> Step:
        at_risk, events = self.at_risk[:, t - 1], self.events[:, t - 1]
        return Step(
            t,
            int(at_risk.sum()),
            int(events.sum()),
            int(((self.turn == t) & ~self.event).sum()),
            clustered_proportion(
                np.where(at_risk, events.astype(np.float64), np.nan),
                self.labels,
                self.level,
                self.planned_icc,
            ),
            self._survival(t),
        )

    def _survival(self, t: int) -> Interval:
        """Kaplan-Meier at turn t."""
        by_now = self.event & (self.turn <= t)
        known = by_now | (self.turn >= t)
        if known.all():
            high = clustered_proportion(by_now, self.labels, self.level, self.planned_icc)
        else:
            high = self._censored(t, np.where(known, by_now.astype(np.float64), np.nan))
        return replace(high, estimate=1 - high.estimate, lower=1 - high.upper, upper=1 - high.lower)

    def _censored(self, t: int, known: Floats) -> Interval:
        """Interval of 1 - S(t) by the rule of `clustered_proportion`, on pseudo-values.

        `known` is 1 for a high reply by turn t, 0 for calm, NaN for conversations censored before.
        """
        pseudo, p = self.pseudo[:, t - 1], float(1 - self.calm[t - 1])
        n = len(pseudo)
        _, members = observed(pseudo, self.labels)
        groups = int(members.max()) + 1
        if 0 < p < 1:
            informative = n * p * (1 - p) / float(pseudo.var())
        else:
            last_left = int(np.argmax(self.calm == 0)) if p == 1 else t - 1
            informative = float(self.at_risk[:, min(t - 1, last_left)].sum())
        sure, where = observed(known, self.labels)
        found = clustered_ends(
            p,
            informative,
            groups,
            planned_design_effect(members, self.planned_icc),
            design_effect(pseudo, members),
            effective_clusters(members) - 1,
            is_ordinary(len(np.unique(where[sure == 1])), len(np.unique(where[sure == 0])), groups),
            self.level,
        )
        return Interval(
            p,
            found.lower,
            found.upper,
            n,
            groups,
            f"Wilson (Rothman), {found.rule}",
            found.design_effect,
            math.nan,
        )

    def calm_turns(self, steps: tuple[Step, ...]) -> Interval:
        """S(1) + … + S(H) over these steps."""
        curve = [step.survival for step in steps]
        total = sum(interval.estimate for interval in curve)
        below = np.array([interval.estimate - interval.lower for interval in curve])
        above = np.array([interval.upper - interval.estimate for interval in curve])
        r = self._correlation(len(steps))
        return Interval(
            total,
            max(total - math.sqrt(max(float(below @ r @ below), 0.0)), 0.0),
            min(total + math.sqrt(max(float(above @ r @ above), 0.0)), float(len(steps))),
            curve[0].n,
            curve[0].clusters,
            "MOVER",
            math.nan,
            math.nan,
        )

    def _correlation(self, turns: int) -> Floats:
        """Of S(1), …, S(H), from what the prompts contribute; 1 where that cannot be told."""
        _, members = observed(self.turn, self.labels)
        deviations = self.pseudo[:, :turns] - self.pseudo[:, :turns].mean(axis=0)
        totals = np.zeros((int(members.max()) + 1, turns))
        np.add.at(totals, members, deviations)
        size = np.sqrt((totals**2).sum(axis=0))
        if len(totals) < FEW_CLUSTERS:
            return np.ones((turns, turns))
        product = np.outer(size, size)
        return np.where(product > 0, totals.T @ totals / np.where(product > 0, product, 1.0), 1.0)
