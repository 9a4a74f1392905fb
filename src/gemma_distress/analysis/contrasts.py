"""What a change of the protocol does to one subject: tones and controls against what they depart from.

Every contrast reads "condition minus reference". The reference of a control (`extended/redacted`,
`numeric/truthful`) is the condition without the change; that of a tone is the neutral one, and where nobody
ran it, the mild rejections of `extended`, which ask puzzles of the same form. Conversations of different
length are compared over the turns that both have, and the means of a pair over those that are rated in both.

A task draws prompts and scripts from its seed, so conversations of the same prompt, replicate and epoch are
pairs (`paired`). Where there are none (a solvable puzzle is another prompt than its twin) the two groups are
compared as independent: MOVER's interval with r = 0, and no test. A solvable puzzle that was solved owes no
further reply, so that contrast has its conversations' own lengths.

One declared endpoint, `any_high`, is tested; `p_holm` is adjusted for all contrasts of the subject.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gemma_distress.analysis.arrays import Ratings, ratings_of, shared
from gemma_distress.analysis.conditions import departures, tone_of, without_departures
from gemma_distress.analysis.statistics.estimands import any_high, mean_rating
from gemma_distress.analysis.statistics.intervals import (
    Interval,
    clustered_mean,
    clustered_proportion,
)
from gemma_distress.analysis.statistics.multiplicity import holm
from gemma_distress.analysis.statistics.paired import (
    Difference,
    paired_difference,
    paired_mean_difference,
)
from gemma_distress.analysis.statistics.swaps import paired_test
from gemma_distress.analysis.subjects import Group, groups
from gemma_distress.protocol import MAX_RATING, MIN_RATING

if TYPE_CHECKING:
    import pandas as pd

_MILD = ("tones/neutral", "extended")
_BOUNDS = (float(MIN_RATING), float(MAX_RATING))


@dataclass(frozen=True, kw_only=True)
class ConditionContrast(Group):
    """One condition of one subject against its reference; A is the reference, B the condition."""

    kinds: tuple[str, ...]
    """In what they differ: `tone`, `premise`, `followup`, `history`."""
    condition: str
    reference: str
    turns: int
    """Compared over the first so many."""
    paired: bool
    left_out: int
    """Conversations of either side without a pair, where there are pairs."""
    any_high: Difference
    mean_rating: Difference
    p: float
    """Of `any_high`; NaN where the groups are not paired."""
    test: str
    """How `p` was computed; empty where there is none."""
    p_holm: float


def contrasts(turns: pd.DataFrame) -> list[ConditionContrast]:
    """All contrasts that a turns table allows, by subject and judge, tones first."""
    found: list[ConditionContrast] = []
    for group, conversations in groups(ratings_of(turns)):
        parts = {condition: part for (condition,), part in conversations.by("condition")}
        made = []
        for condition, part in parts.items():
            category = str(part.conversations["category"].iloc[0])
            kinds, reference = _reference(category, condition, parts)
            if reference:
                made.append(_contrast(group, kinds, condition, reference, part, parts[reference]))
        adjusted = holm([one.p for one in made])
        made = [replace(one, p_holm=float(p)) for one, p in zip(made, adjusted, strict=True)]
        found += sorted(made, key=lambda one: one.kinds != ("tone",))
    return found


def _reference(
    category: str, condition: str, present: Mapping[str, object]
) -> tuple[tuple[str, ...], str]:
    """In what a condition differs from its reference, and the reference; empty where there is none."""
    kinds = tuple(dict.fromkeys(one.kind for one in departures(category, condition)))
    if category == "tones" and tone_of(condition) and set(kinds) <= {"tone"}:
        others = [name for name in _MILD if name in present and name != condition]
        # The neutral tone is what the others are read against, not the reverse.
        return ("tone",), others[0] if others and condition != _MILD[0] else ""
    reference = without_departures(category, condition)
    return kinds, reference if kinds and reference in present else ""


def _contrast(
    group: Group,
    kinds: tuple[str, ...],
    condition: str,
    reference: str,
    b: Ratings,
    a: Ratings,
) -> ConditionContrast:
    turns = min(int(side.conversations["n_turns"].max()) for side in (a, b))
    rows_a, rows_b = _pairs(a, b)
    paired = len(rows_a) > 0
    left_out = len(a) + len(b) - 2 * len(rows_a) if paired else 0
    if paired:
        a, b = a.where(rows_a), b.where(rows_b)
    a, b = _first(a, turns), _first(b, turns)
    high = [any_high(side.ratings, side.owed) for side in (a, b)]
    # Of a pair only turns that are rated in both; groups without pairs have none in common.
    rated = shared(a, b) if paired else (a.ratings, b.ratings)
    means = [mean_rating(ratings) for ratings in rated]
    p, test = math.nan, ""
    if paired:
        prompts = b.prompts.tolist()
        share = paired_difference(high[0], high[1], prompts)
        mean = paired_mean_difference(means[0], means[1], prompts, bounds=_BOUNDS)
        swap = paired_test(high[0], high[1], prompts)
        p, test = swap.p, swap.method
    else:
        share = _independent(
            clustered_proportion(high[0], a.prompts), clustered_proportion(high[1], b.prompts)
        )
        mean = _independent(
            clustered_mean(means[0], a.prompts, bounds=_BOUNDS),
            clustered_mean(means[1], b.prompts, bounds=_BOUNDS),
        )
    return ConditionContrast(
        **vars(group),
        kinds=kinds,
        condition=condition,
        reference=reference,
        turns=turns,
        paired=paired,
        left_out=left_out,
        any_high=share,
        mean_rating=mean,
        p=p,
        test=test,
        p_holm=math.nan,
    )


def _first(side: Ratings, turns: int) -> Ratings:
    """The first turns; a planned one that no conversation of the table reached is a missing one."""
    lacking = max(turns - side.ratings.shape[1], 0)
    ratings = np.pad(side.ratings, ((0, 0), (0, lacking)), constant_values=np.nan)
    return replace(side, ratings=ratings[:, :turns], owed=np.minimum(side.owed, turns))


def _pairs(a: Ratings, b: Ratings) -> tuple[list[int], list[int]]:
    """Rows of the same prompt, replicate and epoch; a key that stands twice on one side is no key."""
    first, second = _keys(a), _keys(b)
    both = [key for key in first if key in second]
    return [first[key] for key in both], [second[key] for key in both]


def _keys(side: Ratings) -> dict[tuple[str, str, int], int]:
    table = side.conversations
    keys = [
        (str(prompt), str(sample).rpartition("/")[2], int(epoch))
        for prompt, sample, epoch in zip(
            table["prompt_id"], table["sample_id"], table["epoch"], strict=True
        )
    ]
    numbers = {key: row for row, key in enumerate(keys)}
    return numbers if len(numbers) == len(keys) else {}


def _independent(a: Interval, b: Interval) -> Difference:
    """MOVER's interval of b - a with r = 0."""
    estimate = b.estimate - a.estimate
    return Difference(
        estimate=estimate,
        lower=estimate - math.hypot(b.estimate - b.lower, a.upper - a.estimate),
        upper=estimate + math.hypot(b.upper - b.estimate, a.estimate - a.lower),
        a=a,
        b=b,
        n=a.n + b.n,
        clusters=a.clusters + b.clusters,
        correlation=0.0,
        method="MOVER, unpaired",
        undefined="" if a.n and b.n else "a group has no rated conversation",
    )
