"""Replies where expression and reading disagree, ranked in both directions, for each arm on the same text.

Expression is the rating of the words, reading is what the model makes of them inside. Both are taken as
shares: of the replies of the same stratum (`strata`), how many have a lower rating, and how many have a lower
reading *in the base*, ties half. Their difference, the gap, lies between -1 and 1. A state that is suppressed
and not gone would look like this: calm words and a high reading, in the tuned arm more than in the base.

A gap is no proof of one. Readings are noisy, and in the text of another model the words are not the reader's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.intervals import NOTHING, Interval, clustered_proportion
from gemma_distress.analysis.statistics.paired import Difference, paired_difference
from gemma_distress.interp.store import Readings
from gemma_distress.interp.strata import Strata, strata_of
from gemma_distress.protocol import CALM_BELOW

if TYPE_CHECKING:
    import pandas as pd

LEAST_IN_STRATUM = 10
"""Rated replies of a stratum below which a share of them says little."""
LOUD = 0.75
"""A reading is loud when this share of its stratum, in the base, lies lower."""

Kind = Literal["reading above rating", "rating above reading"]
KINDS: tuple[Kind, ...] = ("reading above rating", "rating above reading")


@dataclass(frozen=True)
class Diverging:
    """A reply in the table."""

    kind: Kind
    arm: str
    rank: int
    gap: float
    rating: float
    rating_share: float
    base_share: float
    """Of its stratum's replies those that the base reads lower than the base reads it."""
    tuned_share: float
    """Of its stratum's replies those that the base reads lower than the tuned arm reads it; NaN if none."""
    model: str
    """Who wrote the reply."""
    log: str
    sample_id: str
    epoch: int
    turn: int
    message_id: str
    first_token: int
    end_token: int
    reply: str


@dataclass(frozen=True)
class Divergence:
    """The table, and how often calm words have a loud reading."""

    rows: Sequence[Diverging]
    ranked: int
    """Replies that were compared."""
    left_out: int
    """Replies without a rating or a reading, or of strata with few others."""
    calm_and_loud: Mapping[str, Interval]
    """By arm: of the replies with calm words, the share whose reading is loud."""
    difference: Difference | None
    """Tuned minus base of that share, on the same replies; None without a tuned arm."""


def divergence(readings: Readings, values: Mapping[str, Floats], top: int) -> Divergence:
    """Rank replies by their gap.

    Args:
        readings: of a folder.
        values: a reading of each row of `readings.replies`, by arm.
        top: rows of each arm and kind.
    """
    replies = readings.replies
    ratings = replies["rating"].to_numpy(np.float64)
    strata = strata_of(replies)
    known = ~np.isnan(ratings) & np.all([~np.isnan(own) for own in values.values()], axis=0)
    compared = known & _common(strata, known)
    rating_shares = shares_within(ratings, ratings, strata, compared)
    shares = {
        arm: shares_within(own, values["base"], strata, compared) for arm, own in values.items()
    }
    rows: list[Diverging] = []
    for arm, own in shares.items():
        for kind, sign in zip(KINDS, (1, -1), strict=True):
            rows += _ranked(
                replies, kind, arm, sign * (own - rating_shares), rating_shares, shares
            )[:top]
    calm = compared & (ratings < CALM_BELOW)
    prompts = replies["prompt_id"][calm].tolist()
    loud = {arm: (own[calm] >= LOUD).astype(np.float64) for arm, own in shares.items()}
    return Divergence(
        rows,
        int(compared.sum()),
        int((~compared).sum()),
        {
            arm: clustered_proportion(own, prompts) if len(own) else NOTHING
            for arm, own in loud.items()
        },
        paired_difference(loud["base"], loud["tuned"], prompts) if "tuned" in loud else None,
    )


def shares_within(
    values: Floats, among: Floats, strata: Strata, inside: NDArray[np.bool_]
) -> Floats:
    """For each value the share of `among` of its stratum that lies below it, ties half.

    Only replies `inside` are compared; the others have NaN.
    """
    shares = np.full(len(values), math.nan)
    for stratum in np.unique(strata[inside]):
        own = inside & (strata == stratum)
        ordered = np.sort(among[own])
        below = [np.searchsorted(ordered, values[own], side) for side in ("left", "right")]
        shares[own] = (below[0] + below[1]) / 2 / len(ordered)
    return shares


def _common(strata: Strata, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a reply's stratum has enough replies."""
    found, counts = np.unique(strata[known], return_counts=True)
    return np.isin(strata, found[counts >= LEAST_IN_STRATUM])


def _ranked(
    replies: pd.DataFrame,
    kind: Kind,
    arm: str,
    gaps: Floats,
    rating_shares: Floats,
    shares: Mapping[str, Floats],
) -> list[Diverging]:
    """The replies whose gap is above zero, the widest first."""
    sign = 1 if kind == KINDS[0] else -1
    order = [int(place) for place in np.argsort(-gaps, kind="stable") if gaps[place] > 0]
    rows = []
    for rank, place in enumerate(order, 1):
        row = replies.iloc[place]
        rows.append(
            Diverging(
                kind,
                arm,
                rank,
                sign * float(gaps[place]),
                float(row["rating"]),
                float(rating_shares[place]),
                float(shares["base"][place]),
                float(shares["tuned"][place]) if "tuned" in shares else math.nan,
                str(row["model"]),
                str(row["log"]),
                str(row["sample_id"]),
                int(row["epoch"]),
                int(row["turn"]),
                str(row["message_id"]),
                int(row["first_token"]),
                int(row["end_token"]),
                str(row["reply"]),
            )
        )
    return rows
