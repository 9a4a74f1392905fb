"""What a training changed beside the ratings, on the same conversations: length, coherence, solving.

    from gemma_distress.analysis.before_after import before_after
    before_after("logs/base", "logs/tuned", TrainedOn(("chain", "coins"), ("numeric",)))

Beside `compare`, whose pairing and intervals it uses: did the fall hold for families of puzzles and for
wordings of rejections that the training did not see, and what did calm cost? Replies may have become
shorter, incoherent or less often right.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.alike import Side
from gemma_distress.analysis.compare import Comparison, Contrast, compare, contrast, read_side
from gemma_distress.analysis.logs.files import Logs
from gemma_distress.analysis.pairing import Pairing, pair
from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.estimands import any_high
from gemma_distress.analysis.statistics.paired import (
    Difference,
    Ratio,
    paired_mean_difference,
    ratio_of,
)

if TYPE_CHECKING:
    import pandas as pd

SOLVABLE = "numeric/solvable"


@dataclass(frozen=True)
class TrainedOn:
    """What was in the training data."""

    families: Collection[str] = ()
    """Of puzzles."""
    conditions: Collection[str] = ()
    """Whose rejections are worded as those of the training."""


@dataclass(frozen=True)
class Part:
    """Any high reply over some of the conversations, B against A."""

    name: str
    trained: bool | None
    """Whether puzzles of this family, or rejections of this wording, were in the training data; None where
    there is no puzzle."""
    any_high: Contrast


@dataclass(frozen=True)
class BeforeAfter:
    """B, trained, against A, as it was."""

    comparison: Comparison
    parts: tuple[Part, ...]
    """By family, all trained and all held-out families, conversations without a puzzle, and by wording."""
    words: Difference
    """Of the mean number of words of a conversation's replies."""
    flagged: Contrast
    """Conversations with a reply that is not coherent (any flag)."""
    solved: Contrast | None
    """Solvable puzzles answered correctly; None where none were asked."""

    @property
    def length_ratio(self) -> Ratio:
        """Words of B over words of A."""
        return ratio_of(self.words)


def before_after(
    a: Logs | pd.DataFrame | Side, b: Logs | pd.DataFrame | Side, trained: TrainedOn | None = None
) -> BeforeAfter:
    """Compare a model before and after a training.

    Args:
        a: logs of the model as it was, or a turns table.
        b: of the trained one, on the same conversations.
        trained: what was in the training data; nothing by default.

    Raises:
        UsageError: as `compare`.
    """
    side_a, side_b = read_side("A", a)[0], read_side("B", b)[0]
    pairing = pair(side_a, side_b)
    both = (pairing.rows_a >= 0) & (pairing.rows_b >= 0)
    own, asked = both & pairing.is_own, both & (pairing.conditions == SOLVABLE)
    tables = (side_a.turns, side_b.turns)
    words = paired_mean_difference(
        *_of_pairs(pairing, own, *map(_words, tables)), pairing.prompts[own].tolist()
    )
    flagged = contrast(
        "flagged", *_of_pairs(pairing, own, *map(_flagged, tables)), pairing.prompts[own].tolist()
    )
    solved = contrast(
        "solved", *_of_pairs(pairing, asked, *map(_solved, tables)), pairing.prompts[asked].tolist()
    )
    return BeforeAfter(
        compare(side_a, side_b),
        tuple(_parts(pairing, own, trained or TrainedOn())),
        words,
        flagged,
        solved if asked.any() else None,
    )


def _parts(pairing: Pairing, own: NDArray[np.bool_], trained: TrainedOn) -> list[Part]:
    families = np.full(len(own), "", dtype=object)
    families[own] = pairing.a.conversations["family"].astype(str).to_numpy()[pairing.rows_a[own]]
    high = [
        np.where(rows >= 0, any_high(side.ratings, side.owed)[rows], np.nan)
        for side, rows in ((pairing.a, pairing.rows_a), (pairing.b, pairing.rows_b))
    ]

    def part(name: str, known: bool | None, inside: NDArray[np.bool_]) -> Part:
        prompts = pairing.prompts[inside].tolist()
        return Part(name, known, contrast("any_high", high[0][inside], high[1][inside], prompts))

    names = sorted(set(families[own]) - {""})
    found = [part(name, name in trained.families, own & (families == name)) for name in names]
    seen = own & np.isin(families, list(trained.families))
    unseen = own & ~np.isin(families, ["", *trained.families])
    if seen.any() and unseen.any():
        found.append(part("trained families", True, seen))
        found.append(part("held-out families", False, unseen))
    if (own & (families == "")).any():
        found.append(part("no puzzle", None, own & (families == "")))
    worded = np.isin(pairing.conditions.astype(str), list(trained.conditions))
    if (own & worded).any() and (own & ~worded).any():
        found.append(part("rejections worded as in training", True, own & worded))
        found.append(part("rejections in other words", False, own & ~worded))
    return found


def _of_pairs(
    pairing: Pairing, inside: NDArray[np.bool_], a: pd.Series[float], b: pd.Series[float]
) -> tuple[Floats, Floats]:
    """Numbers by conversation of either side, for the chosen pairs."""
    first, second = (
        np.asarray(
            found.reindex(side.conversations["conversation"].to_numpy()[rows[inside]]),
            dtype=np.float64,
        )
        for found, side, rows in ((a, pairing.a, pairing.rows_a), (b, pairing.b, pairing.rows_b))
    )
    return first, second


def _words(turns: pd.DataFrame) -> pd.Series[float]:
    """Mean over the replies that there are."""
    words = turns["words"].astype("Float64").astype(float)
    return words.groupby(turns["conversation"]).mean()


def _flagged(turns: pd.DataFrame) -> pd.Series[float]:
    """1 where any reply has a flag."""
    return (turns["flags"].astype(str) != "").groupby(turns["conversation"]).max().astype(float)


def _solved(turns: pd.DataFrame) -> pd.Series[float]:
    """1 where any reply is a correct answer, 0 where none of all is; unknown where some never came."""
    found = turns.assign(
        correct=turns["answer"].astype(str) == "correct", came=turns["reply"].notna()
    ).groupby("conversation")
    correct = found["correct"].max().astype(float)
    whole = found["came"].sum() >= found["n_turns"].max()
    return correct.where(whole | (correct == 1))
