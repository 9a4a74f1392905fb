"""The share of replies, which nest in conversations, which nest in prompts.

Replies of one conversation are more alike than conversations of one prompt. Where the design effect is
measured from the spread of the prompts that is in it. Where it is planned, a conversation's replies are taken
to be all alike, so that a conversation counts as one observation, and conversations of one prompt to have the
planned ICC. With r_c replies of conversation c, R_g of prompt g and n in all,

    D = ((1 - icc) sum(r_c^2) + icc sum(R_g^2)) / n

which for m conversations of r replies is r (1 + (m - 1) icc). Else the interval is `clustered_proportion`'s.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gemma_distress.analysis.statistics.clusters import (
    PLANNED_ICC,
    Clusters,
    design_effect,
    effective_clusters,
    icc,
    observed,
    require_probability,
)
from gemma_distress.analysis.statistics.intervals import NOTHING, Interval, require_events
from gemma_distress.analysis.statistics.wilson import clustered_ends, ordinary_spread
from gemma_distress.errors import UsageError


def replies_proportion(
    highs: ArrayLike,
    prompts: Clusters,
    level: float = 0.95,
    planned_icc: float = PLANNED_ICC,
) -> Interval:
    """Interval of the share of high replies.

    Args:
        highs: shape (conversations, turns), each 0, 1 or NaN (missing, or no turn of the conversation).
        prompts: the prompt of each conversation, shape (conversations,), any hashable labels. A row of
            NaN, a conversation of which nothing is known, adds nothing.
        level: nominal coverage, between 0 and 1.
        planned_icc: the ICC of conversations to assume where the data cannot tell, from 0 to 1.

    `n` counts the replies that are known and `icc` is theirs.

    Raises:
        UsageError: shapes differ, an event is neither 0, 1 nor NaN, or a probability is not one.
    """
    y = np.asarray(highs, dtype=np.float64)
    if y.ndim != 2 or len(y) != len(prompts):
        raise UsageError(
            f"Replies form an array of conversations by turns with one prompt for each conversation, but "
            f"the shape given is {y.shape} with {len(prompts)} prompts."
        )
    require_probability("level", level, inner=True)
    require_probability("planned_icc", planned_icc)
    labels = [label for label in prompts for _ in range(y.shape[1])]
    known, members = observed(y.ravel(), labels)
    require_events(known)
    if len(known) == 0:
        return NOTHING
    n, groups, p = len(known), int(members.max()) + 1, float(known.mean())
    by_conversation = np.count_nonzero(~np.isnan(y), axis=1).astype(np.float64)
    alike = float((by_conversation**2).sum())
    found = clustered_ends(
        p,
        n,
        groups,
        (1 - planned_icc) * alike / n + planned_icc * n / effective_clusters(members),
        design_effect(known, members),
        effective_clusters(members) - 1,
        ordinary_spread(known, members),
        level,
    )
    return Interval(
        p,
        found.lower,
        found.upper,
        n,
        groups,
        f"Wilson, {found.rule}",
        found.design_effect,
        icc(known, members),
    )
