"""Which conversation of one side belongs to which of the other, and whether they may be compared at all.

A pair has the same category, sample id and epoch on both sides, for a task draws its scripts from a seed
and names each conversation by what was drawn. That is checked, not believed: prompt, user messages,
length, history and pack of every pair must be equal, else the two sides were asked different *questions*;
and so must *judge* and *rubric*, else they were read by different instruments. Each difference is refused
with its counts unless allowed by its name, and then it is said in the result.

A conversation that one side lacks has no pair. That is no difference while one side is the smaller or
unfinished one; but where both sides have conversations that the other never planned, they were asked
different questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.alike import ALLOWED, Key, Side, Unlike, unlike
from gemma_distress.analysis.arrays import Ratings, ratings_of
from gemma_distress.analysis.conditions import is_own
from gemma_distress.analysis.logs.settings import told_apart
from gemma_distress.analysis.subjects import attributed, refuse_repeats
from gemma_distress.errors import UsageError


@dataclass(frozen=True)
class Arm:
    """Who one side is, and where it stands."""

    model: str
    settings: str
    logs: tuple[str, ...]
    days: tuple[str, ...]
    """On which they were made, as 2026-01-31; empty for a turns table."""


@dataclass(frozen=True)
class Pairing:
    """All conversations of either side in the categories and conditions of both, pair by pair.

    `rows_a` and `rows_b` are row numbers of `a` and `b`, shape (conversations,), -1 where the side lacks
    the conversation. `prompts`, `categories` and `conditions` describe the same conversations.
    """

    arm_a: Arm
    arm_b: Arm
    a: Ratings
    b: Ratings
    rows_a: NDArray[np.intp]
    rows_b: NDArray[np.intp]
    prompts: NDArray[np.object_]
    categories: NDArray[np.object_]
    conditions: NDArray[np.object_]
    unlike: tuple[Unlike, ...]
    """Differences that were allowed."""
    aside: tuple[str, ...]
    """What is on one side only and was left aside, in sentences."""
    only_a: Mapping[str, int]
    """By category, conversations of its own protocol that only A has, those left aside included."""
    only_b: Mapping[str, int]

    @property
    def is_own(self) -> NDArray[np.bool_]:
        """Which are of their category's own protocol, shape (conversations,)."""
        pairs = zip(self.categories, self.conditions, strict=True)
        return np.array([is_own(*pair) for pair in pairs], dtype=bool)


def pair(a: Side, b: Side, allow: Collection[str] = ()) -> Pairing:
    """Pair the conversations of two sides.

    Raises:
        UsageError: a side is empty, mixes models or holds a conversation twice; the sides have no
            conversation in common; or they differ in something that `allow` does not name.
    """
    unknown = [name for name in allow if name not in ALLOWED]
    if unknown:
        raise UsageError(
            f"Only {', '.join(ALLOWED)} can be allowed to differ, not {', '.join(unknown)}."
        )
    ratings_a, ratings_b = _ratings(a), _ratings(b)
    arm_a, arm_b = _arm(a, ratings_a), _arm(b, ratings_b)
    index_a, index_b = _index(a, ratings_a), _index(b, ratings_b)
    both = [key for key in index_a if key in index_b]
    if not both:
        raise UsageError(
            f"A and B share no conversation: of {len(index_a)} sample ids in A and {len(index_b)} in B "
            f"none is the same (A has {_example(index_a)}, B has {_example(index_b)}). To be compared, "
            "both must be run with the same tasks, preset, seed and pack."
        )
    first = ratings_a.conversations.iloc[[index_a[key] for key in both]]
    second = ratings_b.conversations.iloc[[index_b[key] for key in both]]
    found = unlike(a, b, index_a, index_b, first, second)
    _refuse([one for one in found if one.of not in allow], a, b)
    keys = both if "questions" in allow else list(dict.fromkeys([*index_a, *index_b]))
    conditions = {**_conditions(ratings_b, index_b), **_conditions(ratings_a, index_a)}
    compared = {(key[0], conditions[key]) for key in both}
    kept = [key for key in keys if (key[0], conditions[key]) in compared]
    rows_a = np.array([index_a.get(key, -1) for key in kept], dtype=np.intp)
    rows_b = np.array([index_b.get(key, -1) for key in kept], dtype=np.intp)
    prompts = np.where(rows_a >= 0, ratings_a.prompts[rows_a], ratings_b.prompts[rows_b])
    left = Counter(
        (side, conditions[key])
        for side, index in (("A", index_a), ("B", index_b))
        for key in index
        if (key[0], conditions[key]) not in compared
    )
    return Pairing(
        arm_a,
        arm_b,
        ratings_a,
        ratings_b,
        rows_a,
        rows_b,
        prompts,
        np.array([key[0] for key in kept], dtype=object),
        np.array([conditions[key] for key in kept], dtype=object),
        tuple(found),
        tuple(
            f"{condition} is only in {side}: {count} conversations are left aside."
            for (side, condition), count in left.items()
        ),
        _alone(index_a, index_b, conditions),
        _alone(index_b, index_a, conditions),
    )


def _alone(
    index: Mapping[Key, int], other: Mapping[Key, int], conditions: Mapping[Key, str]
) -> Counter[str]:
    return Counter(key[0] for key in index if key not in other and is_own(key[0], conditions[key]))


def _ratings(side: Side) -> Ratings:
    if not len(side.turns):
        raise UsageError(f"{side.name} holds no rated conversation. Give a log that has some.")
    return attributed(ratings_of(side.turns))


def _arm(side: Side, ratings: Ratings) -> Arm:
    table = ratings.conversations
    found = sorted(set(zip(table["model"].astype(str), table["settings"].astype(str), strict=True)))
    if len(found) > 1:
        models = sorted({model for model, _ in found})
        apart = told_apart({settings: settings for _, settings in found})
        names = models if len(models) > 1 else [f"{models[0]} ({one})" for one in apart.values()]
        raise UsageError(
            f"{side.name} holds {len(names)} models: {', '.join(names)}. Each side of a comparison is one "
            "model as it is set: give its logs alone."
        )
    days = sorted({run.created[:10] for run in side.runs if run.created})
    logs = tuple(dict.fromkeys(table["log"].astype(str)))
    return Arm(*found[0], logs, tuple(days))


def _index(side: Side, ratings: Ratings) -> dict[Key, int]:
    refuse_repeats(ratings, side.name)
    table = ratings.conversations
    keys = zip(table["category"], table["sample_id"], table["epoch"], strict=True)
    return {
        (str(category), str(sample), int(epoch)): row
        for row, (category, sample, epoch) in enumerate(keys)
    }


def _example(index: dict[Key, int]) -> str:
    return next(iter(index))[1]


def _conditions(ratings: Ratings, index: dict[Key, int]) -> dict[Key, str]:
    values = ratings.conversations["condition"].astype(str).to_numpy()
    return {key: str(values[row]) for key, row in index.items()}


def _refuse(found: Sequence[Unlike], a: Side, b: Side) -> None:
    if not found:
        return
    needed = [name for name in ALLOWED if any(one.of == name for one in found)]
    seeds = [
        sorted({str(run.seed) for run in side.runs if run.seed is not None}) for side in (a, b)
    ]
    why = ""
    if "questions" in needed and all(seeds) and seeds[0] != seeds[1]:
        why = f" The seeds differ: {', '.join(seeds[0])} in A, {', '.join(seeds[1])} in B."
    sentences = "; ".join(one.sentence for one in found)
    raise UsageError(
        f"A and B cannot be compared as they are: {sentences}.{why} Run both alike, or compare "
        f"nevertheless with {' '.join(f'--allow {name}' for name in needed)}."
    )
