"""The next token of each row of a batch, by its own settings and its own seed.

A token is drawn as the one with the largest sum of logit / temperature and Gumbel noise. The noise of a row
comes from a generator of its own, so that it does not depend on the other rows, and small changes of the
model rarely change the token, which makes two models under one seed comparable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

COLDEST = 1e-5
"""A temperature below this counts as 0: dividing by it would overflow."""


@dataclass(frozen=True)
class Sampling:
    """How the tokens of one reply are chosen. `top_k` tokens are kept first, then `top_p` of their mass."""

    seed: int
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is taken, without a draw."""
        return self.temperature < COLDEST


@dataclass(frozen=True)
class Chosen:
    """A token, and by how much a logit would have to change for the choice to be another."""

    token: int
    margin: float


def generator_of(sampling: Sampling) -> "torch.Generator":
    """The source of a row's noise; every integer is a seed."""
    import torch

    return torch.Generator().manual_seed(sampling.seed % 2**64)


def draw_noise(
    samplings: Sequence[Sampling], generators: "Sequence[torch.Generator]", size: int
) -> "torch.Tensor":
    """Gumbel noise, (rows, `size`), none for greedy rows; the generators of the others advance."""
    import torch

    waits = torch.ones(len(samplings), size, dtype=torch.float64)
    for own, sampling, generator in zip(waits, samplings, generators, strict=True):
        if not sampling.greedy:
            own.exponential_(generator=generator)
    return -waits.log()


def choose(
    logits: "torch.Tensor", samplings: Sequence[Sampling], noise: "torch.Tensor"
) -> list[Chosen]:
    """One token for each row; `logits` and `noise` are (rows, vocabulary), in main memory."""
    import torch

    heat = torch.tensor([1.0 if one.greedy else one.temperature for one in samplings]).double()
    scores = logits.double() / heat[:, None]
    narrow = torch.full_like(heat, float("inf"))
    for row, sampling in enumerate(samplings):
        if not sampling.greedy and (sampling.top_k or sampling.top_p is not None):
            narrow[row] = _restrict(scores[row], sampling)
    best = (scores + noise).topk(2)
    margins = torch.minimum(best.values[:, 0] - best.values[:, 1], narrow) * heat
    return [
        Chosen(token, margin)
        for token, margin in zip(best.indices[:, 0].tolist(), margins.tolist(), strict=True)
    ]


def _restrict(scores: "torch.Tensor", sampling: Sampling) -> float:
    """Set scores of a row to minus infinity where a token may not be drawn; returns by how little."""
    margin = float("inf")
    if sampling.top_k is not None and 0 < sampling.top_k < len(scores):
        ordered, order = scores.sort(descending=True, stable=True)
        margin = float(ordered[sampling.top_k - 1] - ordered[sampling.top_k])
        scores[order[sampling.top_k :]] = -float("inf")
    if sampling.top_p is not None and sampling.top_p < 1:
        masses, order = scores.softmax(-1).sort(descending=True, stable=True)
        # A token stays while those before it have not yet gathered the mass; so the first always does.
        before = (masses.cumsum(-1) - masses)[1:]
        scores[order[1:][before >= sampling.top_p]] = -float("inf")
        # Masses change by less than the scores do.
        margin = min(margin, float((before - sampling.top_p).abs().min()))
    return margin
