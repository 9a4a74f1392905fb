"""Over-represented words: what high replies say that the others do not (paper, tables 3 and 8).

The paper ranks words by relative frequency in its most distressed replies and does not say how rare words
or puzzles were treated; its lists hold puzzle vocabulary (`temp`, `lcd`), because some puzzles have more high
replies than others. Here replies are compared within their prompt and condition, smoothed, with a minimum
count and an interval: see `over_represented`, and `tokenise` for what a word is.

Groups never mix subjects or judges. That a word marks high replies does not say that it caused the rating.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from gemma_distress.analysis.arrays import ratings_of
from gemma_distress.analysis.statistics.over_represented import MIN_COUNT, Word, over_represented
from gemma_distress.analysis.subjects import Group, groups, subject_names
from gemma_distress.errors import UsageError
from gemma_distress.protocol import HIGH

if TYPE_CHECKING:
    import pandas as pd

TOP = 30
"""Words of a list."""

Between = Literal["high", "models"]


@dataclass(frozen=True, kw_only=True)
class WordList(Group):
    """The words of one group of replies against others, most over-represented first.

    Of lists between models `settings` and instrument are empty: they need no ratings.
    """

    group: str
    """What the replies are: `high`, or the model."""
    against: str
    replies: int
    """All of the group."""
    replies_other: int
    used: int
    """Of the group's replies those to prompts with both kinds, which alone were compared."""
    used_other: int
    strata: int
    """Prompts, by condition, with words on both sides."""
    compared: int
    """Words that were frequent enough."""
    words: tuple[Word, ...]

    @property
    def claimed(self) -> tuple[Word, ...]:
        """Of the words listed those that the group is said to use more (`Word.claimed`)."""
        return tuple(word for word in self.words if word.claimed)


def words(
    turns: pd.DataFrame,
    between: Between = "high",
    top: int | None = TOP,
    min_count: int = MIN_COUNT,
    stratified: bool = True,
) -> list[WordList]:
    """Over-represented words of a turns table.

    Args:
        turns: The turns table.
        between: `high`: for each subject and judge, high replies against its other rated ones.
            `models`: for each subject, its replies, rated or not, against those of all others.
        top: Words of each list; None for all that were compared.
        min_count: Fewest occurrences, over both sides.
        stratified: Whether to compare within prompts. Without, puzzle vocabulary wins; it is there to
            show that, and to compare with the paper.

    Raises:
        UsageError: A number below 1, or `models` with fewer than two of them.
    """
    for name, number in (("top", top), ("min_count", min_count)):
        if number is not None and number < 1:
            raise UsageError(f"{name} is {number}. Give a whole number from 1 on.")
    if between == "models":
        return list(_between_models(turns, top, min_count, stratified))
    if between != "high":
        raise UsageError(f"Words are compared between high or models, not {between!r}.")
    lists = []
    for group, part in groups(ratings_of(turns)):
        rows = turns[turns["conversation"].isin(part.conversations["conversation"])]
        rows = rows[rows["rating"].notna()]
        high = (rows["rating"] >= HIGH).to_numpy()
        lists.append(_listed(group, "high", "other", rows, high, top, min_count, stratified))
    return lists


def _between_models(
    turns: pd.DataFrame, top: int | None, min_count: int, stratified: bool
) -> Iterator[WordList]:
    rows = turns[turns["message_id"] != ""]
    names = subject_names(rows)
    models = list(dict.fromkeys(names))
    if len(models) < 2:
        raise UsageError(
            f"The logs hold {len(models)} model. To compare the words of models, name logs of several."
        )
    for model in models:
        others = [name for name in models if name != model]
        yield _listed(
            Group(model=model, settings="", judge="", judge_version="", rubric="", pack=""),
            model,
            others[0] if len(others) == 1 else f"{len(others)} others",
            rows,
            (names == model).to_numpy(),
            top,
            min_count,
            stratified,
        )


def _listed(
    whose: Group,
    group: str,
    against: str,
    rows: pd.DataFrame,
    inside: NDArray[np.bool_],
    top: int | None,
    min_count: int,
    stratified: bool,
) -> WordList:
    prompts = list(zip(rows["prompt_id"].astype(str), rows["condition"].astype(str), strict=True))
    strata: Sequence[Hashable] = prompts if stratified else [()] * len(rows)
    found = over_represented(
        rows["reply"].tolist(), inside, rows["conversation"].tolist(), strata, min_count
    )
    return WordList(
        **vars(whose),
        group=group,
        against=against,
        replies=int(inside.sum()),
        replies_other=int((~inside).sum()),
        used=int((inside & found.used).sum()),
        used_other=int((~inside & found.used).sum()),
        strata=found.strata,
        compared=len(found.words),
        words=tuple(found.words[:top]),
    )
