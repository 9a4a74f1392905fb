"""Log-probabilities of a row of tokens, and how far two sets of them lie apart."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """What a model gave for the tokens of one conversation."""

    ids: tuple[int, ...]
    first: int
    """Index of the first token that it gave one for."""
    values: tuple[float, ...]
    """Natural logarithms, of `ids[first:]`."""


@dataclass(frozen=True)
class Difference:
    """Between two sets of log-probabilities of the same tokens, in nats."""

    largest: float
    mean: float
    """Of the absolute differences."""
    tokens: int


def difference(
    readings: Iterable[Reading], other: Callable[[Sequence[int]], Sequence[float]]
) -> Difference:
    """How far readings lie from what `other` gives for the same tokens, from the second on.

    A value that is no number differs infinitely.
    """
    apart: list[float] = []
    for reading in readings:
        values = other(reading.ids)[reading.first - 1 :]
        apart += [abs(a - b) for a, b in zip(reading.values, values, strict=True)]
    apart = [math.inf if math.isnan(value) else value for value in apart]
    return Difference(max(apart), sum(apart) / len(apart), len(apart))
