"""Conversations as padded batches of token ids and labels, in an order that only the seed decides."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gemma_distress.organism.grammar import Split, conversations
from gemma_distress.organism.rendering import render

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

NOT_LEARNED = -100
"""Label of a token that adds nothing to the loss (PyTorch's `ignore_index`)."""

_POOL = 128
"""Conversations sorted by length together, so that little of a batch is padding."""

Row = tuple[list[int], list[bool]]


class Batches:
    """Endless batches of one split and seed, with a running hash of what they held."""

    def __init__(
        self, tokenizer: "PreTrainedTokenizerFast", seed: int, tokens: int, split: Split = "train"
    ) -> None:
        self._tokenizer = tokenizer
        self._conversations = conversations(seed, split=split)
        self._tokens = tokens
        self._hash = hashlib.sha256()
        self.conversations = 0
        self.tokens = 0

    def __iter__(self) -> Iterator[tuple["torch.Tensor", "torch.Tensor"]]:
        """Token ids and labels, both (conversations, longest), padded on the right.

        Padding needs no attention mask: nothing before it attends to it, and it is not learned.
        """
        while True:
            groups = _grouped(self._pool(), self._tokens)
            # In an order that is not that of length.
            for rows in groups[1::2] + groups[0::2]:
                yield self._tensors(rows)

    def digest(self) -> str:
        """Hash of all tokens and labels handed out so far."""
        return self._hash.hexdigest()[:16]

    def _pool(self) -> list[Row]:
        drawn = (next(self._conversations) for _ in range(_POOL))
        rows = [render(self._tokenizer, one.messages, one.learned) for one in drawn]
        return sorted(rows, key=lambda row: len(row[0]))

    def _tensors(self, rows: list[Row]) -> tuple["torch.Tensor", "torch.Tensor"]:
        import torch

        width = len(rows[-1][0])
        ids = torch.full((len(rows), width), self._tokenizer.pad_token_id)
        labels = torch.full((len(rows), width), NOT_LEARNED)
        for number, (tokens, learned) in enumerate(rows):
            row = torch.tensor(tokens)
            ids[number, : len(tokens)] = row
            labels[number, : len(tokens)] = row.where(torch.tensor(learned), NOT_LEARNED)
            self.tokens += len(tokens)
        self.conversations += len(rows)
        self._hash.update(ids.numpy().tobytes())
        self._hash.update(labels.numpy().tobytes())
        return ids, labels


def _grouped(rows: list[Row], tokens: int) -> list[list[Row]]:
    """Rows of rising length in groups that, padded, hold at most so many tokens (or one row)."""
    groups: list[list[Row]] = []
    for row in rows:
        if groups and (len(groups[-1]) + 1) * len(row[0]) <= tokens:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups
