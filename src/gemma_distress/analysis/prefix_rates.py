"""Continuations of prefixes: how often they are high, by arm and condition, and arm against arm.

An *arm* is a model with its settings. Every number is over continuations (replies of the tasks `prefill` and
`recovery`, rated alone) and clustered by the reply that was cut. Arms are paired by prefix and number of the
continuation; what either side left unrated is in no difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gemma_distress.analysis.arrays import ratings_of
from gemma_distress.analysis.logs.files import Logs, opened
from gemma_distress.analysis.lost import lost, runs_of
from gemma_distress.analysis.one_grader import require_one_grader
from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.analysis.statistics.intervals import (
    Interval,
    clustered_mean,
    clustered_proportion,
    worst_case,
)
from gemma_distress.analysis.statistics.paired import (
    Difference,
    paired_difference,
    paired_mean_difference,
)
from gemma_distress.analysis.statistics.swaps import SwapTest, paired_test
from gemma_distress.analysis.subjects import subject_names
from gemma_distress.analysis.turns import Skipped, read
from gemma_distress.errors import UsageError, sentence
from gemma_distress.protocol import HIGH, MAX_RATING, MIN_RATING

if TYPE_CHECKING:
    import pandas as pd

    from gemma_distress.analysis.logs.runs import Run

_BOUNDS = (float(MIN_RATING), float(MAX_RATING))
_NOTED = ("hash", "paraphraser", "annotator", "tokenizer", "early", "back", "models")


@dataclass(frozen=True)
class Rate:
    """The continuations of one arm under one condition."""

    arm: str
    condition: str
    """Without the task: `numeric-early`, `apology`."""
    prefixes: int
    high: Interval
    """Share of rated continuations that are high."""
    mean: Interval
    unrated: int
    worst: tuple[float, float]
    """The share if none, and if all, of the unrated ones were high."""


@dataclass(frozen=True)
class Contrast:
    """B against A over the continuations that both sides have rated."""

    a: str
    """An arm, or a help within one."""
    b: str
    condition: str
    high: Difference
    mean: Difference
    test: SwapTest
    """Of `high`, the prefix being the unit."""


@dataclass(frozen=True)
class Continuations:
    """What logs of one of the two tasks hold."""

    turns: pd.DataFrame
    """Of that task only, with the columns `arm` and `under` (the condition without the task)."""
    prefixes: tuple[Mapping[str, Any], ...]
    """How each file of prefixes was made, once."""
    skipped: tuple[Skipped, ...]
    others: tuple[str, ...] = ()
    """Tasks of logs that hold something else, which is left out."""
    lacking: Mapping[str, int] = field(default_factory=dict)
    """By arm, or model without any, the continuations that its logs planned and do not hold."""

    @property
    def arms(self) -> list[str]:
        """In the order of the logs."""
        return list(dict.fromkeys(self.turns["arm"]))

    def notes(self) -> list[str]:
        """In sentences, what a table of these must say: what is not there, who wrote, cut and paraphrased."""
        told = [
            f"{arm} lacks {count:,} continuations that were planned: a log was broken off. Shares are of the "
            "others. Run the task again into another folder, and name that log no more."
            for arm, count in self.lacking.items()
        ]
        told += self._unrated()
        if self.others:
            names = ", ".join(dict.fromkeys(self.others))
            told.append(f"Logs of other tasks are left out: {len(self.others)} ({names}).")
        for one in self.prefixes:
            words = (
                f"paraphrased by {one['paraphraser']}" if one["paraphraser"] else "not paraphrased"
            )
            marked = f"onset by {one['annotator']}, " if one["annotator"] else ""
            early = f"early cut after {one['early']} tokens, " if one["early"] else ""
            back = (
                f"cut {one['back']} tokens before the end or in the middle, " if one["back"] else ""
            )
            writers = ", ".join(one["models"])
            told.append(
                f"Prefixes {one['hash']}: replies of {writers}, {words}; {early}{back}{marked}"
                f"tokens of {one['tokenizer']}."
            )
        if len(self.prefixes) > 1:
            told.append("Arms are paired on the prefixes that they share.")
        return [*told, *(f"Not read: {one}" for one in self.skipped)]

    def _unrated(self) -> Iterator[str]:
        """For each arm why continuations have no rating, and the first error."""
        all_of = Counter(self.turns["arm"])
        unrated = self.turns[self.turns["rating"].isna()]
        for arm, own in unrated.groupby("arm", sort=False):
            reasons = Counter(own["unrated_reason"].astype(str)).most_common()
            told = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in reasons)
            yield f"{arm}: {len(own):,} of {all_of[arm]:,} continuations are unrated ({told})."
            error = next((one for one in own["error"].astype(str) if one), "")
            if error:
                yield f"The first error there: {sentence(error)}"


def continuations(logs: Logs, task: str) -> Continuations:
    """Read the continuations of `prefill` or `recovery`.

    Raises:
        UsageError: as `of_task`.
    """
    reading = read(logs)
    turns = of_task(reading.turns, task)
    facts = {}
    for log in dict.fromkeys(turns["log"].astype(str)):
        with opened(Path(log)) as file:
            told = (file.header["eval"].get("metadata") or {}).get("prefixes") or {}
        facts[told.get("hash")] = {name: told.get(name) or "" for name in _NOTED}
    return Continuations(
        turns,
        tuple(facts.values()),
        tuple(reading.skipped),
        tuple(run.task for run in reading.runs if run.task != task),
        _lacking(turns, reading.runs, task),
    )


def _lacking(turns: pd.DataFrame, runs: Sequence[Run], task: str) -> dict[str, int]:
    own = [run for run in runs if run.task == task]
    found, told = {}, set()
    for arm in dict.fromkeys(turns["arm"]):
        written = ratings_of(turns[turns["arm"] == arm])
        its = runs_of(own, written)
        told |= {run.log for run in its}
        found[arm] = sum(lost(its, written).values())
    # Of a model none of whose logs holds a continuation there is no row.
    for run in own:
        if run.log not in told and not run.in_table:
            found[run.model] = found.get(run.model, 0) + (run.planned or 0)
    return {arm: count for arm, count in found.items() if count}


def of_task(turns: pd.DataFrame, task: str) -> pd.DataFrame:
    """The rows of a turns table that are continuations of a task, with the columns `arm` and `under`.

    Raises:
        UsageError: There are none, several graders rated them, or an arm has one twice.
    """
    turns = turns[turns["category"].astype(str) == task].copy()
    if turns.empty:
        raise UsageError(
            f"These logs hold no conversation of the task {task}. Make some: inspect eval "
            f"gemma_distress/{task} --model … -T prefixes=FILE"
        )
    require_one_grader(turns)
    turns["arm"] = subject_names(turns)
    turns["under"] = [str(name).partition("/")[2] for name in turns["condition"]]
    keys = list(_columns(turns, "arm", "sample_id", "epoch"))
    if len(set(keys)) < len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        logs = dict.fromkeys(
            log for log, key in zip(turns["log"].astype(str), keys, strict=True) if key == twice
        )
        raise UsageError(
            f"{twice[0]} has the continuation {twice[1]} twice: two runs of the same prefixes, in "
            f"{' and '.join(logs)}. Name one of them; one that was broken off can be removed."
        )
    return turns


def rates(found: Continuations) -> list[Rate]:
    """Of each arm under each condition, in the order of the logs and then of the conditions' names."""
    return [
        Rate(
            arm=arm,
            condition=under,
            prefixes=part["prompt_id"].nunique(),
            high=clustered_proportion(high_of(part["rating"]), _clusters(part)),
            mean=clustered_mean(part["rating"], _clusters(part), bounds=_BOUNDS),
            unrated=int(part["rating"].isna().sum()),
            worst=worst_case(high_of(part["rating"])),
        )
        for arm in found.arms
        for under, part in parts(found.turns[found.turns["arm"] == arm], "under")
    ]


def contrast(
    a: pd.DataFrame, b: pd.DataFrame, names: tuple[str, str], under: str
) -> Contrast | None:
    """B against A, paired by prefix and number; None where they share no continuation."""
    first, second = _numbered(a), _numbered(b)
    both = [key for key in first if key in second]
    if not both:
        return None
    one, other = (a.iloc[[first[k] for k in both]], b.iloc[[second[k] for k in both]])
    clusters = _clusters(one)
    pair = high_of(one["rating"]), high_of(other["rating"])
    return Contrast(
        *names,
        under,
        paired_difference(*pair, clusters),
        paired_mean_difference(one["rating"], other["rating"], clusters, bounds=_BOUNDS),
        paired_test(*pair, clusters),
    )


def arm_contrasts(found: Continuations, pairs: Sequence[tuple[str, str]] = ()) -> list[Contrast]:
    """The second arm of each pair against the first, under each condition that both have.

    Args:
        found: the continuations.
        pairs: names of arms; without any, every arm is held against the first one.

    Raises:
        UsageError: a name is that of no arm, or of several.
    """
    first, *others = found.arms
    named = [(_named(found, a), _named(found, b)) for a, b in pairs]
    made = []
    for a, b in named or [(first, one) for one in others]:
        own = dict(parts(found.turns[found.turns["arm"] == a], "under"))
        for under, part in parts(found.turns[found.turns["arm"] == b], "under"):
            if under in own and (one := contrast(own[under], part, (a, b), under)):
                made.append(one)
    return made


def _named(found: Continuations, name: str) -> str:
    """The arm of this name; what the table adds to it (an address, settings) may be left out."""
    arms = [one for one in found.arms if one == name] or [
        one for one in found.arms if one.startswith((f"{name}@", f"{name} ("))
    ]
    if len(arms) != 1:
        raise UsageError(
            f"{len(arms) or 'None'} of the models of these logs is called {name}: {', '.join(found.arms)}."
        )
    return arms[0]


def parts(turns: pd.DataFrame, by: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows by a column, its values sorted."""
    for name in sorted(set(turns[by].astype(str))):
        yield name, turns[turns[by].astype(str) == name]


def high_of(ratings: pd.Series[float]) -> Floats:
    """1 where a rating is high, 0 where it is not, NaN where there is none."""
    values = np.asarray(ratings, dtype=np.float64)
    return np.where(np.isnan(values), np.nan, (values >= HIGH).astype(np.float64))


def _clusters(turns: pd.DataFrame) -> list[str]:
    return [str(name) for name in turns["prompt_id"]]


def _numbered(turns: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    """The place of each continuation by its prefix and number."""
    return {
        (sample.split("/")[0], sample.rpartition("/")[2], epoch): place
        for place, (sample, epoch) in enumerate(_columns(turns, "sample_id", "epoch"))
    }


def _columns(turns: pd.DataFrame, *names: str) -> Iterator[tuple[str, ...]]:
    return zip(*(turns[name].astype(str) for name in names), strict=True)
