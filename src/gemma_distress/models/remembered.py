"""Texts lately read by the model, so that the next turn of a conversation reads only what is new.

Least recently used ones go first when the memory that they may take is full. What is remembered is what the
model would compute again, to within rounding.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

LIMIT = 512 * 2**20
"""Bytes; some hundred conversations of the shipped organism."""


class Remembered:
    """Keys and values of texts by their token ids, at most `limit` bytes of them."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._size = limit, 0
        self._texts: OrderedDict[bytes, torch.Tensor] = OrderedDict()

    def keep(self, ids: Sequence[int], past: "torch.Tensor") -> None:
        """Remember a text; `past` is copied."""
        key = _packed(ids).tobytes()
        self._forget(key)
        self._texts[key] = past.clone()
        self._size += past.nbytes
        while self._size > self._limit:
            self._forget(next(iter(self._texts)))

    def longest(self, ids: Sequence[int]) -> "torch.Tensor | None":
        """The keys and values of the longest beginning of `ids` that is remembered, shared with no other."""
        wanted = _packed(ids)
        best, length = b"", 0
        for key in self._texts:
            common = shared_beginning(wanted, np.frombuffer(key, np.int32))
            if common > length:
                best, length = key, common
        if not length:
            return None
        past = self._texts[best][..., :length, :]
        if length * wanted.itemsize == len(best):
            self._forget(best)  # the text goes on and will be remembered longer
        else:
            self._texts.move_to_end(best)
        return past

    def _forget(self, key: bytes) -> None:
        if key in self._texts:
            self._size -= self._texts.pop(key).nbytes


def shared_beginning(one: NDArray[np.int32], other: NDArray[np.int32]) -> int:
    """How many tokens two texts have in common from their start."""
    length = min(len(one), len(other))
    different = one[:length] != other[:length]
    return int(different.argmax()) if different.any() else length


def _packed(ids: Sequence[int]) -> NDArray[np.int32]:
    return np.asarray(ids, np.int32)
