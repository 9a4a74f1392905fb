"""Two models on the same conversations: how much lower is B, and could that be luck?

    from gemma_distress.analysis.compare import compare
    comparison = compare("logs/base", "logs/tuned")

The contrast is paired (`pairing`), every number reads "B minus A" or "B over A", and a conversation that
either side left unknown is in no difference but in the count of unknown and in the worst cases: what the
difference would be if each unknown one, and each that one side or both lack, had gone against B, and for B.
Mean and highest rating of a pair are over the turns that are rated in both.

The primary endpoint is `any_high`, pooled over all conversations; its p stands alone. Categories and
conditions are the table one reads for patterns, so their p-values are adjusted together (`holm`). The
other estimands are shown beside, each with an unadjusted p that claims nothing; `turn_high`, a share of
replies, is described and never tested. As in `summary`, a category's figures and the pooled ones are over
the category's own protocol; a control such as `extended/redacted` is a condition only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.alike import Side, Unlike
from gemma_distress.analysis.arrays import Ratings, ratings_of, shared
from gemma_distress.analysis.logs.files import Logs
from gemma_distress.analysis.logs.runs import Run
from gemma_distress.analysis.lost import lost
from gemma_distress.analysis.pairing import Arm, Pairing, pair
from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.estimands import (
    any_high,
    final_high,
    mean_rating,
    paper_high,
    peak,
    turn_high,
)
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.multiplicity import holm
from gemma_distress.analysis.statistics.paired import (
    Difference,
    Ratio,
    paired_difference,
    paired_mean_difference,
    ratio_of,
)
from gemma_distress.analysis.statistics.paired_macro import Arms, macro_difference
from gemma_distress.analysis.statistics.replies import replies_proportion
from gemma_distress.analysis.statistics.swaps import SwapTest, paired_test
from gemma_distress.analysis.turns import Skipped, read
from gemma_distress.protocol import CATEGORIES, MAX_RATING, MIN_RATING

if TYPE_CHECKING:
    import pandas as pd

PRIMARY = "any_high"
SHARES = ("any_high", "final_high", "paper_high")
MEANS = ("mean_rating", "peak")
LEVEL = 0.95


@dataclass(frozen=True)
class Contrast:
    """One estimand, B against A, over the complete pairs."""

    estimand: str
    difference: Difference
    ratio: Ratio | None
    """None for a mean."""
    test: SwapTest


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    kind: Literal["pooled", "category", "condition"]
    conversations: int
    """Of either side."""
    unpaired: int
    """Of these, in one side only."""
    unknown_a: int
    """Of the pairs, those of which a missing rating leaves A's any_high open."""
    unknown_b: int
    lost: int
    """Planned conversations that neither side has; 0 for a condition, of which the logs do not tell."""
    one_sided: int
    """Of the pairs, replies rated on one side only; they are in no mean."""
    worst: tuple[float, float]
    """The difference of any_high if all that is missing had been for, and against, B."""
    contrasts: Mapping[str, Contrast]
    """By estimand."""
    p_holm: float
    """Of any_high, adjusted over all categories and conditions; NaN for the pooled row."""

    @property
    def primary(self) -> Contrast:
        """The contrast of `any_high`."""
        return self.contrasts[PRIMARY]


@dataclass(frozen=True)
class Comparison:
    """B against A."""

    arm_a: Arm
    arm_b: Arm
    pooled: Row
    macro: Mapping[str, Contrast]
    """By share, the macro average over the five categories; without a share of which one has no pair."""
    lacking: tuple[str, ...]
    """The categories without a pair, for which there is no macro average."""
    rows: tuple[Row, ...]
    """Categories, and conditions where a category is not just one."""
    turn_high: tuple[Interval, Interval]
    """Share of high replies in A and in B, over the pairs; described, not tested."""
    unlike: tuple[Unlike, ...]
    """In what A and B differ and were allowed to."""
    aside: tuple[str, ...]
    """What was left aside because it is on one side only."""
    skipped: tuple[Skipped, ...]
    """What could not be read from the logs."""

    @property
    def differs(self) -> bool:
        """Whether the primary endpoint differs at 5%."""
        return bool(self.pooled.primary.test.p < 1 - LEVEL)


def compare(
    a: Logs | pd.DataFrame | Side, b: Logs | pd.DataFrame | Side, allow: Collection[str] = ()
) -> Comparison:
    """Compare two models on the conversations that both had.

    Args:
        a: The base: logs (paths of files and folders), a turns table, or a side that was read.
        b: What is compared with it, likewise.
        allow: What may differ: `questions` (then only sample ids of both are used), `judge`, `rubric`.

    Raises:
        UsageError: A side mixes models or is empty, nothing is in common, or something differs that is not
            allowed to.
    """
    side_a, skipped_a = read_side("A", a)
    side_b, skipped_b = read_side("B", b)
    pairing = pair(side_a, side_b, allow)
    values = _values(pairing)
    own = pairing.is_own
    main = own if own.any() else np.ones(len(own), dtype=bool)
    neither = _lost_by_both(side_a, side_b, pairing)
    rows = list(_rows(pairing, values, own, neither))
    adjusted = holm([row.primary.test.p for row in rows])
    macro, lacking = _macro(pairing, values, own)
    return Comparison(
        pairing.arm_a,
        pairing.arm_b,
        _row("all conversations", "pooled", pairing, values, main, sum(neither.values())),
        macro,
        lacking,
        tuple(replace(row, p_holm=float(p)) for row, p in zip(rows, adjusted, strict=True)),
        _turns(pairing, main),
        pairing.unlike,
        pairing.aside,
        (*skipped_a, *skipped_b),
    )


Values = Mapping[str, tuple[Floats, Floats]]
"""By estimand, A's and B's value of every conversation of the pairing, NaN = missing or not there."""


def read_side(name: str, given: Logs | pd.DataFrame | Side) -> tuple[Side, list[Skipped]]:
    """One side of a comparison, read, and what could not be."""
    import pandas as pd

    if isinstance(given, Side):
        return replace(given, name=name), []
    if isinstance(given, pd.DataFrame):
        return Side(name, given, (), {}, {}), []
    reading = read(given)
    return side_of(name, reading.turns, reading.runs), reading.skipped


def side_of(name: str, turns: pd.DataFrame, runs: Sequence[Run]) -> Side:
    """A side of what was read already."""
    if not len(turns):
        return Side(name, turns, runs, {}, {})
    conversations = ratings_of(turns)
    return Side(
        name, turns, runs, lost(runs, conversations), lost(runs, conversations, controls=True)
    )


def _lost_by_both(a: Side, b: Side, pairing: Pairing) -> dict[str, int]:
    """By category, how many planned conversations must be missing on both sides.

    What one side lost and the other has is there, alone; the larger rest was lost by both.
    """
    return {
        category: max(
            0,
            a.lost.get(category, 0) - pairing.only_b.get(category, 0),
            b.lost.get(category, 0) - pairing.only_a.get(category, 0),
        )
        for category in dict.fromkeys([*a.lost, *b.lost])
    }


def _values(pairing: Pairing) -> Values:
    values = {
        name: (
            _aligned(_measured(name, pairing.a), pairing.rows_a),
            _aligned(_measured(name, pairing.b), pairing.rows_b),
        )
        for name in SHARES
    }
    paired = (pairing.rows_a >= 0) & (pairing.rows_b >= 0)
    first, second = shared(
        pairing.a.where(pairing.rows_a[paired]), pairing.b.where(pairing.rows_b[paired])
    )
    for name, function in (("mean_rating", mean_rating), ("peak", peak)):
        arms = []
        for ratings in (first, second):
            of_all = np.full(len(paired), np.nan)
            of_all[paired] = function(ratings)
            arms.append(of_all)
        values[name] = (arms[0], arms[1])
    return values


def _aligned(values: Floats, rows: NDArray[np.intp]) -> Floats:
    return np.where(rows >= 0, values[rows], np.nan)


def _measured(name: str, side: Ratings) -> Floats:
    """One estimand of every conversation."""
    if name == "paper_high":
        categories = side.conversations["category"].astype(str).to_numpy()
        found = np.full(len(side), np.nan)
        for category in set(categories):
            part = categories == category
            found[part] = paper_high(category, side.ratings[part], side.owed[part])
        return found
    return (any_high if name == "any_high" else final_high)(side.ratings, side.owed)


def _rows(
    pairing: Pairing, values: Values, own: NDArray[np.bool_], lost: Mapping[str, int]
) -> Iterator[Row]:
    names = dict.fromkeys(pairing.categories)
    order = [name for name in CATEGORIES if name in names]
    for category in [*order, *(name for name in names if name not in order)]:
        inside = pairing.categories == category
        whole = inside & own
        if whole.any():
            yield _row(category, "category", pairing, values, whole, lost.get(category, 0))
        for condition in sorted(dict.fromkeys(pairing.conditions[inside])):
            part = inside & (pairing.conditions == condition)
            # The one condition of a category is the category, and no second test.
            if not np.array_equal(part, whole):
                yield _row(condition, "condition", pairing, values, part)


def _row(
    name: str,
    kind: Literal["pooled", "category", "condition"],
    pairing: Pairing,
    values: Values,
    part: NDArray[np.bool_],
    lost: int = 0,
) -> Row:
    prompts = pairing.prompts[part].tolist()
    rows_a, rows_b = pairing.rows_a[part], pairing.rows_b[part]
    paired = (rows_a >= 0) & (rows_b >= 0)
    a, b = pairing.a.where(rows_a[paired]), pairing.b.where(rows_b[paired])
    rated_in_both = np.isfinite(shared(a, b)[0]).sum()
    rated = np.isfinite(a.ratings).sum() + np.isfinite(b.ratings).sum()
    first, second = (np.append(side[part], np.full(lost, np.nan)) for side in values[PRIMARY])
    no_a, no_b = np.isnan(first), np.isnan(second)
    known_a, known_b = no_a[: len(paired)], no_b[: len(paired)]
    return Row(
        name,
        kind,
        int(part.sum()),
        int((~paired).sum()),
        int((known_a & paired).sum()),
        int((known_b & paired).sum()),
        lost,
        int(rated - 2 * rated_in_both),
        (
            float(np.mean(np.where(no_b, 0, second) - np.where(no_a, 1, first))),
            float(np.mean(np.where(no_b, 1, second) - np.where(no_a, 0, first))),
        ),
        {name: contrast(name, a[part], b[part], prompts) for name, (a, b) in values.items()},
        np.nan,
    )


def contrast(name: str, a: Floats, b: Floats, prompts: list[str]) -> Contrast:
    """B against A in one estimand: values of the pairs, shape (pairs,), with the prompt of each."""
    test = paired_test(a, b, prompts)
    if name in MEANS:
        difference = paired_mean_difference(a, b, prompts, LEVEL, bounds=(MIN_RATING, MAX_RATING))
        return Contrast(name, difference, None, test)
    difference = paired_difference(a, b, prompts, LEVEL)
    return Contrast(name, difference, ratio_of(difference), test)


def _macro(
    pairing: Pairing, values: Values, own: NDArray[np.bool_]
) -> tuple[dict[str, Contrast], tuple[str, ...]]:
    parts = {name: own & (pairing.categories == name) for name in CATEGORIES}
    found = {}
    lacking: dict[str, None] = {}
    for estimand in SHARES:
        a, b = values[estimand]
        without = [name for name, p in parts.items() if not np.isfinite(b[p] - a[p]).any()]
        lacking |= dict.fromkeys(without)
        if without:
            continue
        difference, test = macro_difference(
            {name: Arms(a[p], b[p], pairing.prompts[p].tolist()) for name, p in parts.items()},
            LEVEL,
        )
        found[estimand] = Contrast(estimand, difference, ratio_of(difference), test)
    return found, tuple(lacking)


def _turns(pairing: Pairing, main: NDArray[np.bool_]) -> tuple[Interval, Interval]:
    paired = main & (pairing.rows_a >= 0) & (pairing.rows_b >= 0)
    first, second = (
        replies_proportion(turn_high(side.ratings, side.owed), side.prompts.tolist())
        for side in (
            pairing.a.where(pairing.rows_a[paired]),
            pairing.b.where(pairing.rows_b[paired]),
        )
    )
    return first, second
