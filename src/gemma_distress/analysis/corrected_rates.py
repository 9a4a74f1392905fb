"""Rates as grader B measured them and corrected for what it gets wrong, for each model by itself.

With labels these are the rates of the labelled logs (`verification`); with two graders, those of other
logs that B rated, by Rogan–Gladen. What B gets wrong is measured on all replies rated twice, whatever
model wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gemma_distress.analysis.labels.draw import LEAST
from gemma_distress.analysis.rated_twice import RatedTwice, whole_conversations
from gemma_distress.analysis.statistics.agreement import Agreement
from gemma_distress.analysis.statistics.correction import Corrected, corrected_rate
from gemma_distress.analysis.statistics.estimands import any_high, turn_high
from gemma_distress.analysis.statistics.intervals import Interval, clustered_proportion
from gemma_distress.analysis.statistics.replies import replies_proportion
from gemma_distress.analysis.statistics.verification import Verification, sizes_of, verified_rate
from gemma_distress.analysis.subjects import refuse_repeats, subject_names
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CorrectedRate:
    """A rate of one model's replies, as B measured it and corrected.

    `rate` is `turn_high` or `any_high`; `of` is `logs`, those compared, or `correct`, the others.
    """

    model: str
    """With what of its settings sets it apart, where it is there more than once."""
    rate: str
    of: str
    values: Corrected


def of_labelled(turns: pd.DataFrame, found: Verification) -> tuple[CorrectedRate, ...]:
    """The share of high replies of each model of the labelled logs."""
    corrected = []
    for model, own in _by_model(turns):
        rate = rates_of(own)["turn_high"]
        if rate.n:
            values = verified_rate(rate, sizes_of(own["rating"]), found)
            corrected.append(CorrectedRate(model, "turn_high", "logs", values))
    return tuple(corrected)


def unlabelled(found: Verification, judged: pd.Series) -> str:
    """The bands that no label stands for, and what to do; empty where there is none."""
    drawn = dict(zip((band.name for band in found.bands), sizes_of(judged), strict=True))
    told = [
        f"none of the {band.replies} replies that the judge rates {band.name} has a label ("
        + (
            f"label at least {min(drawn[band.name], LEAST)} of the {drawn[band.name]} drawn of them)"
            if drawn[band.name]
            else "draw a new sample from these logs)"
        )
        for band in found.unlabelled
    ]
    if not told:
        return ""
    return (
        f"Sensitivity, specificity and the corrected rate have bounds but no estimate: "
        f"{'; '.join(told)}. The bounds allow any share of these replies to be high."
    )


def of_others(
    others: pd.DataFrame, agreed: Agreement, twice: RatedTwice | None
) -> tuple[tuple[CorrectedRate, ...], str]:
    """Rates of logs other than those compared, by Rogan–Gladen, and the sentences why not.

    Args:
        others: the turns table whose rates are corrected.
        agreed: what B is worth on replies.
        twice: the replies that two graders rated, by which `any_high` is corrected too; None for
            people's labels, which are of single replies.
    """
    corrected, reasons = list[CorrectedRate](), dict[str, list[str]]()
    worth = {"turn_high": (agreed.sensitivity, agreed.specificity)}
    if twice is not None:
        worth["any_high"] = _worth_of_conversations(twice)
    for model, own in _by_model(others):
        rates = rates_of(own)
        for name, (sensitivity, specificity) in worth.items():
            try:
                values = corrected_rate(rates[name], sensitivity, specificity)
            except UsageError as error:
                reasons.setdefault(str(error), []).append(f"{name} of {model}")
            else:
                corrected.append(CorrectedRate(model, name, "correct", values))
    told = " ".join(f"Not corrected: {', '.join(of)}. {why}" for why, of in reasons.items())
    return tuple(corrected), told


def rates_of(turns: pd.DataFrame) -> dict[str, Interval]:
    """The rates that are corrected, over the categories' own protocols, clustered by prompt."""
    from gemma_distress.analysis.arrays import ratings_of

    everything = ratings_of(turns)
    refuse_repeats(everything)
    ratings = everything.where(everything.is_own) if everything.is_own.any() else everything
    return {
        "turn_high": replies_proportion(
            turn_high(ratings.ratings, ratings.owed), ratings.prompts.tolist()
        ),
        "any_high": clustered_proportion(any_high(ratings.ratings, ratings.owed), ratings.prompts),
    }


def _worth_of_conversations(twice: RatedTwice) -> tuple[Interval, Interval]:
    """Sensitivity and specificity of B for `any_high`, clustered by prompt."""
    both = whole_conversations(twice)
    a, b = both["a"].to_numpy(dtype=float), both["b"].to_numpy(dtype=float)
    prompts = both["prompt_id"].tolist()
    sensitivity = clustered_proportion(np.where(a == 1, b, np.nan), prompts)
    specificity = clustered_proportion(np.where(a == 0, 1 - b, np.nan), prompts)
    return sensitivity, specificity


def _by_model(turns: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each model as it was set, in order of first appearance, by a name that tells it apart."""
    names = subject_names(turns)
    for name in dict.fromkeys(names):
        yield name, turns[names == name]
