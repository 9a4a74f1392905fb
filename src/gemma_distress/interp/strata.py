"""Strata: the replies that readings are compared among.

A stratum is the replies of one writer (model with settings) in one condition at one turn. Puzzles distress
and chats do not, late replies are more distressed than early ones, and those of a base more than those of its
tuned arm; a model knows a puzzle from a chat, how far a conversation has come, and its own text from
another's. Over all replies together each of these would pass for a reading of distress.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

STRATUM = ("model", "settings", "condition", "turn")
"""The columns of the turns table that the replies of a stratum share."""

Strata = NDArray[np.int64]
"""The number of each reply's stratum."""


def strata_of(replies: pd.DataFrame) -> Strata:
    """Of each reply, from 0."""
    numbers = replies.groupby(list(STRATUM), observed=True, sort=False).ngroup()
    return np.asarray(numbers, dtype=np.int64)
