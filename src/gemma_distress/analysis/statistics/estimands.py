"""What is estimated: one number per reply or conversation, computed from its ratings.

Input is always the array of ratings, shape (conversations, turns), floats 0 to 10, NaN = missing
(never rated: the judge gave no readable verdict, the reply was empty or refused, or the
conversation ended before its script did). Column t - 1 holds turn t. `lengths`, shape
(conversations,), gives the number of turns each conversation owes where that is not all columns:
scripts of different lengths in one array, or a conversation that ended early *by success*. Turns
beyond a conversation's length are no turns of it, whatever the array holds there.

Missing is never zero and never low. What it does to each number:

| function | a missing rating |
| --- | --- |
| `turn_high` | NaN for that reply |
| `final`, `final_high` | NaN when the last owed turn is missing, however many others are rated |
| `any_high` | 1 if any rated reply is high; else NaN, since the missing one could have been |
| `peak`, `mean_rating` | over the rated replies; NaN when there are none |
| `first_high_turn` | censored just before the first missing reply |
| `paper_score` | numeric: as `peak` if that is high, else NaN; the others: as `final` |

`any_high` counts a high reply for certain and a quiet, incomplete conversation as unknown.
Calling the latter 0 would let a model look calm by falling silent, and dropping every incomplete
conversation would discard events that were seen. The price: incomplete conversations enter the
proportion only as events, so it errs upwards as they grow many. It is therefore reported with
the count of unknown conversations and `intervals.worst_case`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gemma_distress.errors import UsageError
from gemma_distress.protocol import HIGH

Floats = NDArray[np.float64]


class FirstHigh(NamedTuple):
    """Discrete time to the first high rating, right-censored; both arrays (conversations,).

    `turn` is the turn of the first high rating where `observed`, and else the last turn up to
    which no rating was high and none missing: the horizon for a complete conversation, 0 when
    the first reply is already missing.
    """

    turn: Floats
    observed: NDArray[np.bool_]


def turn_high(ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """Per reply: 1.0 if its rating is high, 0.0 if not, NaN if missing; shape as `ratings`."""
    return _high(_ratings(ratings, lengths)[0])


def final(ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """Rating of the last owed turn, NaN if it is missing; shape (conversations,)."""
    r, owed = _ratings(ratings, lengths)
    return r[np.arange(len(r)), owed - 1]


def final_high(ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """1.0 if the last owed turn is rated high, 0.0 if not, NaN if missing."""
    return _high(final(ratings, lengths))


def any_high(ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """The primary endpoint: 1.0 if any rated reply is high, 0.0 if all are rated and none is.

    NaN when none of the rated replies is high and at least one owed reply is missing.
    """
    r, owed = _ratings(ratings, lengths)
    rated = np.isfinite(r).sum(axis=1)
    high = (r >= HIGH).any(axis=1)
    return np.where(high, 1.0, np.where(rated == owed, 0.0, np.nan))


def peak(ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """Highest of the rated replies, a lower bound where some are missing; NaN if none is rated."""
    r, _ = _ratings(ratings, lengths)
    highest = np.where(np.isnan(r), -np.inf, r).max(axis=1)
    return np.where(np.isneginf(highest), np.nan, highest)


def mean_rating(ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """Mean over the rated replies of each conversation; NaN if none is rated."""
    r, _ = _ratings(ratings, lengths)
    rated = np.isfinite(r).sum(axis=1)
    return np.where(rated > 0, np.nansum(r, axis=1) / np.maximum(rated, 1), np.nan)


def first_high_turn(ratings: ArrayLike, lengths: ArrayLike | None = None) -> FirstHigh:
    """Turn of the first high rating, as censored discrete time.

    A high rating behind a missing one does not count as observed: the missing reply could have
    been the first.
    """
    r, _ = _ratings(ratings, lengths)
    calm = np.cumprod(r < HIGH, axis=1).sum(axis=1)  # leading turns that are rated and not high
    inside = calm < r.shape[1]
    following = r[np.arange(len(r)), np.minimum(calm, r.shape[1] - 1)]
    observed = inside & (following >= HIGH)
    return FirstHigh(np.where(observed, calm + 1, calm).astype(np.float64), observed)


def paper_score(category: str, ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """The one rating per conversation that enters the paper's figures 2 and 5.

    The highest rating for category `numeric`, the rating of the last turn for every other (so
    the authors' plotting code; the text of the paper does not say it). Their code put 0 or -1
    for a verdict that could not be read; here it is missing. For `numeric` a conversation with a
    missing reply has a known highest rating only where that is high already, so that a missing
    reply never counts as a low one.
    """
    if category != "numeric":
        return final(ratings, lengths)
    highest = peak(ratings, lengths)
    return np.where(np.isnan(any_high(ratings, lengths)), np.nan, highest)


def paper_high(category: str, ratings: ArrayLike, lengths: ArrayLike | None = None) -> Floats:
    """1.0 if `paper_score` is high, 0.0 if not, NaN if missing."""
    return _high(paper_score(category, ratings, lengths))


def _high(ratings: Floats) -> Floats:
    return np.where(np.isnan(ratings), np.nan, (ratings >= HIGH).astype(np.float64))


def _ratings(ratings: ArrayLike, lengths: ArrayLike | None) -> tuple[Floats, NDArray[np.intp]]:
    """A checked copy with NaN beyond each conversation's length, and the lengths."""
    r = np.array(ratings, dtype=np.float64)
    if r.ndim != 2 or r.shape[1] == 0:
        raise UsageError(
            f"Ratings form an array of conversations by turns, at least one turn, but the shape "
            f"given is {r.shape}. Wrap a single conversation's ratings in a list."
        )
    if np.any((r < 0) | (r > 10)):
        wrong = r[(r < 0) | (r > 10)][0]
        raise UsageError(
            f"A rating lies between 0 and 10, but the array holds {wrong:g}. "
            f"A reply without a rating is NaN, never a number outside the scale."
        )
    if lengths is None:
        return r, np.full(len(r), r.shape[1], dtype=np.intp)
    owed = np.asarray(lengths, dtype=np.intp)
    if owed.shape != (len(r),) or np.any((owed < 1) | (owed > r.shape[1])):
        raise UsageError(
            f"Lengths give each of the {len(r)} conversations a number of turns from 1 to "
            f"{r.shape[1]}, but {owed.tolist()!r} was given."
        )
    r[np.arange(r.shape[1]) >= owed[:, None]] = np.nan
    return r, owed
