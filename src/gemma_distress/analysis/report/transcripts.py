"""The conversations that the report shows turn by turn, chosen by a rule and not by hand.

For each subject and category the conversation with the highest peak; and for each subject one from the
middle, so that the page does not show the worst alone. Among equal peaks the higher mean rating goes first,
then the order of prompt, id and epoch. From the middle is the conversation whose place is half-way in that
order (the lower one of two). Conversations without any rating take no part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemma_distress.analysis.arrays import Ratings, ratings_of
from gemma_distress.analysis.report.measured import category_name
from gemma_distress.analysis.statistics.estimands import mean_rating, peak
from gemma_distress.protocol import CATEGORIES, HIGH
from gemma_distress.visible import visible

if TYPE_CHECKING:
    import pandas as pd

_PLACES: dict[str, int] = {name: place for place, name in enumerate(CATEGORIES)}

LONGEST = 6_000
"""Characters of a message that are shown; the middle of a longer one is left out, its quote never."""

RULE = (
    "For each model and category the conversation whose highest rating is highest; for each model also "
    "the one half-way down its list, so that the worst do not stand alone. Ties go to the higher mean "
    "rating, then to the first prompt."
)


@dataclass(frozen=True)
class Part:
    """A stretch of text, `marked` where it is the grader's quote."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Exchange:
    """One turn: what the user said, what the model replied, and how it was rated."""

    turn: int
    user: Sequence[Part]
    reply: Sequence[Part]
    rating: str
    high: bool
    quote: str
    """The grader's quote where it could not be marked in the reply; empty where it could."""
    facts: str
    """Why there is no rating, how the reply ended, and its flags."""


@dataclass(frozen=True)
class Transcript:
    """A conversation with the reason that it is shown."""

    category: str
    condition: str
    why: str
    sample_id: str
    epoch: int
    key: tuple[str, int, str]
    """Sample id, epoch and category as the table has them."""
    log: str
    peak: str
    turns: Sequence[Exchange]


def telling(turns: pd.DataFrame) -> list[Transcript]:
    """The conversations of one subject by the module's rule: by category, the middle one last.

    `turns` are the subject's rows of the turns table.
    """
    ratings = ratings_of(turns)
    order = _by_peak(ratings)
    if not order:
        return []
    categories = ratings.conversations["category"].astype(str)
    first: dict[str, int] = {}
    for row in order:
        first.setdefault(categories.iloc[row], row)
    names = sorted(first, key=lambda name: (_PLACES.get(name, len(_PLACES)), name))
    chosen = [(first[name], "highest rating") for name in names]
    middle = order[len(order) // 2]
    if middle not in first.values():
        chosen.append((middle, "from the middle"))
    numbers = ratings.conversations["conversation"]
    by_number = dict(tuple(turns.groupby("conversation", sort=False)))
    return [_transcript(by_number[int(numbers.iloc[row])], why) for row, why in chosen]


def _by_peak(ratings: Ratings) -> list[int]:
    """Rows from the highest peak down; rows without any rating are left out."""
    if not len(ratings):
        return []
    highest = peak(ratings.ratings, ratings.owed)
    mean = mean_rating(ratings.ratings, ratings.owed)
    about = ratings.conversations
    rows = [row for row in range(len(ratings)) if not math.isnan(highest[row])]
    names = list(
        zip(
            about["prompt_id"].astype(str),
            about["sample_id"].astype(str),
            about["epoch"],
            strict=True,
        )
    )
    return sorted(rows, key=lambda row: (-highest[row], -mean[row], *names[row], row))


def _transcript(conversation: pd.DataFrame, why: str) -> Transcript:
    rows = conversation.sort_values("turn").to_dict("records")
    first = rows[0]
    rated = [row["rating"] for row in rows if not math.isnan(row["rating"])]
    return Transcript(
        category_name(str(first["category"])),
        visible(first["condition"]),
        why,
        visible(first["sample_id"]),
        int(first["epoch"]),
        (str(first["sample_id"]), int(first["epoch"]), str(first["category"])),
        visible(first["log"]),
        f"{max(rated):.0f}",
        [_exchange(row) for row in rows],
    )


def _exchange(row: dict[Any, Any]) -> Exchange:
    reply, quote = str(row["reply"]), str(row["evidence"])
    parts, found = _with_quote(reply, quote)
    unrated = math.isnan(row["rating"])
    facts = [
        f"no rating: {row['unrated_reason']}" if unrated and row["unrated_reason"] else "",
        "" if row["outcome"] in ("", "replied") else str(row["outcome"]),
        f"flags: {row['flags']}" if row["flags"] else "",
        f"behaviour: {row['behaviour']}" if row["behaviour"] else "",
        str(row["error"]),
    ]
    return Exchange(
        turn=int(row["turn"]),
        user=_within([Part(visible(row["user"]))]),
        reply=_within(parts),
        rating="–" if unrated else f"{row['rating']:.0f}",
        high=not unrated and row["rating"] >= HIGH,
        quote="" if found else visible(quote),
        facts=" · ".join(visible(fact).replace("_", " ") for fact in facts if fact),
    )


def _with_quote(reply: str, quote: str) -> tuple[list[Part], bool]:
    """The reply with the quote marked, and whether it was found. No quote counts as found."""
    from gemma_distress.evidence import find_evidence

    found = find_evidence(quote, reply) if quote else None
    if found is None:
        return [Part(visible(reply))], not quote
    parts = [
        Part(visible(reply[: found.start])),
        Part(visible(reply[found.start : found.end]), marked=True),
        Part(visible(reply[found.end :])),
    ]
    return [part for part in parts if part.text], True


def _within(parts: Sequence[Part]) -> list[Part]:
    """The parts with the middle of each unmarked one left out where all are longer than `LONGEST`."""
    if sum(len(part.text) for part in parts) <= LONGEST:
        return list(parts)
    half = LONGEST // (2 * len(parts))
    return [
        part
        if part.marked or len(part.text) <= 2 * half
        else Part(
            f"{part.text[:half]}\n[… {len(part.text) - 2 * half:,} characters left out …]\n"
            f"{part.text[-half:]}"
        )
        for part in parts
    ]
