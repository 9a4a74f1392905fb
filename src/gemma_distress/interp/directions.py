"""Directions of distress: mean stream of distressed minus that of calm replies, read on other prompts.

The direction of a layer is fitted on the base alone, on the replies of some prompts, and read on those of
the others (folds of prompts), for both arms; a score is the projection, standardised over the replies it was
fitted on. Distressed is rated high, calm is what a model may learn from (`protocol`); replies between are
read and not fitted on.

Everything is done within strata (`strata`): means are differences within a stratum, and replies are compared
with those of their stratum. Controls: pairs of like length, labels shuffled within strata, and the length
alone. Intervals are clustered by prompt.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.ranks import auc, rank_correlation
from gemma_distress.errors import UsageError
from gemma_distress.interp.batch import PROMPT, REPLY
from gemma_distress.interp.held_out import Singles, held_out_scores
from gemma_distress.interp.store import Readings
from gemma_distress.interp.strata import Strata, strata_of
from gemma_distress.interp.words import EMOTIONS, RANDOM
from gemma_distress.protocol import CALM_BELOW, HIGH

if TYPE_CHECKING:
    import pandas as pd

FOLDS = 5
SHUFFLES = 20
CALIPER = 0.15
"""Furthest that lengths of a matched pair lie apart, as a share of the longer."""
LEAST_OF_A_KIND = 5
"""Distressed and calm replies that every fit needs."""
DIRECTION = "direction"
NEGATIVE_MEAN = "negative"
"""Mean of the negative emotions that have tokens."""


@dataclass(frozen=True)
class Separation:
    """How well one layer's direction tells distressed from calm replies of prompts it was not fitted on."""

    arm: str
    part: str
    layer: int
    held_out: Interval
    matched: Interval
    """On pairs of like length."""
    length: Interval
    """Of the length alone, on all; on the pairs `length_matched`."""
    length_matched: Interval
    shuffled: tuple[float, float]
    """Least and greatest AUC, in this arm, of directions that were fitted on the base's shuffled labels."""


@dataclass(frozen=True)
class Correlation:
    """How a reading goes with what is known of a reply."""

    arm: str
    reading: str
    part: str
    layer: int
    against: str
    """`rating`, or `level`: the truth of the organism's grammar."""
    within_strata: Interval
    overall: Interval


@dataclass(frozen=True)
class Directions:
    """Everything of one folder of readings."""

    separations: Sequence[Separation]
    correlations: Sequence[Correlation]
    scores: pd.DataFrame
    """arm, conversation, turn, part, layer, score: read where it was not fitted."""
    distressed: int
    """Replies in strata that hold calm ones, too."""
    calm: int
    """The reverse."""
    alone: int
    """Distressed or calm replies in strata that hold the one kind only, which tell nothing."""
    prompts: int


def directions(
    readings: Readings,
    truth: Sequence[float] | None = None,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Directions:
    """Fit and read directions, and correlate all readings with ratings.

    Args:
        readings: of a folder.
        truth: a level of each row of `readings.replies`, NaN where unknown, if there is one.
        seed: of the folds and shuffles.
        tell: called with a line about the progress.

    Raises:
        UsageError: Some fold has too few distressed or calm replies to be fitted, or no stratum has both.
    """
    import pandas as pd

    replies = readings.replies
    ratings = replies["rating"].to_numpy(np.float64)
    cases = np.where(ratings >= HIGH, 1.0, np.where(ratings < CALM_BELOW, 0.0, math.nan))
    prompts = replies["prompt_id"].tolist()
    lengths = (replies["end_token"] - replies["first_token"]).to_numpy(np.float64)
    strata = strata_of(replies)
    compared = _in_both(cases, strata, np.ones(len(cases), dtype=np.bool_))
    folds = _folds(prompts, cases, strata, seed)
    labels = _with_shuffled(cases, strata, seed)
    pairs = matched_by_length(cases, lengths, strata)
    paired = np.where(pairs, cases, math.nan)
    known = {"rating": ratings} | ({} if truth is None else {"level": np.asarray(truth)})
    separations, correlations, tables = [], [], []

    def correlated(arm: str, reading: str, part: str, layer: int, values: Floats) -> None:
        for against, what in known.items():
            within = rank_correlation(values, what, prompts, strata)
            overall = rank_correlation(values, what, prompts)
            correlations.append(Correlation(arm, reading, part, layer, against, within, overall))

    by_length = auc(lengths, cases, prompts, strata), auc(lengths, paired, prompts, strata)
    for layer in range(readings.layers):
        for part in (REPLY, PROMPT):
            vectors: dict[str, Singles] = {
                arm: readings.vectors(layer, arm, part) for arm in readings.arms
            }
            for arm, scores in held_out_scores(vectors, labels, folds, strata).items():
                score, *shuffled = scores.T
                chance = [_auc_alone(one, cases, strata) for one in shuffled]
                separations.append(
                    Separation(
                        arm,
                        part,
                        layer,
                        auc(score, cases, prompts, strata),
                        auc(score, paired, prompts, strata),
                        *by_length,
                        (min(chance), max(chance)),
                    )
                )
                correlated(arm, DIRECTION, part, layer, score)
                keys = replies[["conversation", "turn"]]
                tables.append(keys.assign(arm=arm, part=part, layer=layer, score=score))
        for (arm, part), table in emotion_tables(readings, layer).items():
            for name in (*EMOTIONS, NEGATIVE_MEAN, RANDOM):
                if table[name].notna().any():
                    correlated(arm, name, part, layer, table[name].to_numpy(np.float64))
        tell(f"Layer {layer} of {readings.layers}.")
    return Directions(
        separations,
        correlations,
        pd.concat(tables, ignore_index=True),
        int((compared & (cases == 1)).sum()),
        int((compared & (cases == 0)).sum()),
        int((~compared & ~np.isnan(cases)).sum()),
        len(set(prompts)),
    )


def emotion_tables(readings: Readings, layer: int) -> Mapping[tuple[str, str], Any]:
    """Token readings of replies and prompts at a layer by arm and part, in the order of `replies`."""
    rows = readings.by_layer
    rows = rows[(rows["layer"] == layer) & rows["part"].isin([REPLY, PROMPT])]
    found = {}
    for (arm, part), own in rows.groupby(["arm", "part"], observed=True):
        table = readings.replies[["conversation", "turn"]].merge(
            own, how="left", on=["conversation", "turn"]
        )
        negative = list(readings.facts["negative"])
        found[str(arm), str(part)] = table.assign(
            **{NEGATIVE_MEAN: table[negative].mean(axis=1) if negative else math.nan}
        )
    return found


def matched_by_length(cases: Floats, lengths: Floats, strata: Strata) -> NDArray[np.bool_]:
    """Distressed replies and calm ones of the same stratum, paired by nearest length within `CALIPER`.

    Every reply is in one pair at most; the longest distressed replies, which find fewest, choose first.
    """
    chosen = np.zeros(len(cases), dtype=np.bool_)
    for one in sorted(np.flatnonzero(cases == 1), key=lambda place: -lengths[place]):
        free = np.flatnonzero((cases == 0) & ~chosen & (strata == strata[one]))
        if not len(free):
            continue
        apart = np.abs(lengths[free] - lengths[one])
        nearest = free[int(apart.argmin())]
        if apart.min() <= CALIPER * max(lengths[one], lengths[nearest]):
            chosen[[one, nearest]] = True
    return chosen


def _with_shuffled(cases: Floats, strata: Strata, seed: int) -> Floats:
    """The true labels and `SHUFFLES` times the same shuffled within strata, (replies, 1 + SHUFFLES)."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(cases[:, None], 1 + SHUFFLES, axis=1)
    groups = [np.flatnonzero(~np.isnan(cases) & (strata == one)) for one in np.unique(strata)]
    for labelling in labels.T[1:]:
        for own in groups:
            labelling[own] = rng.permutation(labelling[own])
    return labels


def _auc_alone(scores: Floats, cases: Floats, strata: Strata) -> float:
    """Without an interval, which takes most of the time."""
    return auc(scores, cases, [0] * len(cases), strata).estimate


def _in_both(cases: Floats, strata: Strata, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the replies inside, those whose stratum has distressed and calm ones among them."""
    both = np.intersect1d(*(strata[inside & (cases == kind)] for kind in (1.0, 0.0)))
    return inside & np.isin(strata, both)


def _folds(prompts: Sequence[str], cases: Floats, strata: Strata, seed: int) -> NDArray[np.intp]:
    """A fold for each prompt, drawn.

    Replies that are fitted on are those of strata with both kinds, in the other folds.
    """
    names = sorted(set(prompts))
    order = np.random.default_rng(seed).permutation(len(names))
    number = {names[place]: position % FOLDS for position, place in enumerate(order)}
    folds = np.array([number[name] for name in prompts], dtype=np.intp)
    for fold in range(FOLDS):
        outside = folds != fold
        fitted = _in_both(cases, strata, outside)
        for kind, told in ((1.0, f"rated {HIGH} or higher"), (0.0, f"rated below {CALM_BELOW}")):
            there = int((fitted & (cases == kind)).sum())
            if there < LEAST_OF_A_KIND:
                raise UsageError(
                    f"A direction is fitted on four fifths of the {len(names)} prompts, where replies of one "
                    "writer, condition and turn are both distressed and calm. One such part holds "
                    f"{there} replies {told}; {LEAST_OF_A_KIND} are the least. Name more logs, or "
                    "draw more of their conversations."
                )
    return folds
