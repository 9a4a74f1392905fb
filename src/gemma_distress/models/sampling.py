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

    @property
    def restricts(self) -> bool:
        """Whether some tokens may not be drawn."""
        return not self.greedy and (bool(self.top_k) or (self.top_p is not None and self.top_p < 1))


@dataclass(frozen=True)
class Chosen:
    """A token, and by how much the difference of two logits would have to change for another."""

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
    rows = [row for row, sampling in enumerate(samplings) if sampling.restricts]
    if rows:
        scores[rows], narrow[rows] = _restricted(
            scores[rows], [samplings[row] for row in rows], noise[rows]
        )
    best = (scores + noise).topk(2)
    margins = torch.minimum(best.values[:, 0] - best.values[:, 1], narrow) * heat
    return [
        Chosen(token, margin)
        for token, margin in zip(best.indices[:, 0].tolist(), margins.tolist(), strict=True)
    ]


def _restricted(
    scores: "torch.Tensor", samplings: Sequence[Sampling], noise: "torch.Tensor"
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Scores, at minus infinity those of tokens that may not be drawn, and how near that is to mattering.

    Returns:
        The scores, (rows, vocabulary), and by how much the difference of two would have to change for a
        restriction to turn the choice, (rows,). Most tokens at its border would not be drawn either way.
    """
    import torch

    size, never = scores.shape[-1], float("inf")
    counts = torch.tensor([min(one.top_k or size, size) for one in samplings])[:, None]
    mass = torch.tensor([1.0 if one.top_p is None else one.top_p for one in samplings])
    mass = mass.double()[:, None]
    # One more than may stay, for the distance to it.
    ordered, order = scores.topk(min(int(counts.max()) + 1, size))
    place = torch.arange(ordered.shape[-1])
    among = place < counts
    masses = ordered.masked_fill(~among, -never).softmax(-1)
    # A token stays while those before it have not yet gathered the mass; so the first always does.
    before = masses.cumsum(-1) - masses
    stays = among & ((before < mass) | (place == 0) | (mass >= 1))

    # By top_k: how far from the one beyond, or from the last of those that stay.
    last = ordered.gather(1, counts - 1)
    beyond = ordered.gather(1, counts.clamp(max=ordered.shape[-1] - 1))
    to_count = torch.where(
        counts < size, torch.where(among, ordered - beyond, last - ordered), never
    )
    # By top_p: a mass's log odds change by no more than the difference of two scores; or the order changes.
    odds = before.clamp(0, 1).logit() - mass.clamp(0, 1).logit()
    to_mass = odds.abs().masked_fill(place == 0, never)
    gaps = (ordered[:, :-1] - ordered[:, 1:]).abs()
    end = torch.full_like(last, never)
    to_next = torch.minimum(torch.cat([end, gaps], 1), torch.cat([gaps, end], 1))
    to_mass = torch.where(mass < 1, torch.minimum(to_mass, to_next), never)

    allowed = torch.full_like(scores, False, dtype=torch.bool).scatter(1, order, stays)
    # What lies beyond all these is as far from staying as the nearest of it at least.
    distance = (last - scores).where(counts < size, never)
    distance = distance.scatter(1, order, torch.minimum(to_count, to_mass))
    drawn = scores.masked_fill(~allowed, -never)
    best = (drawn + noise).max(-1, keepdim=True).values
    # What may not be drawn has to come closer by both, and what is drawn to leave.
    behind = (best - (scores + noise)).clamp(min=0)
    return drawn, torch.maximum(distance, behind).nan_to_num(nan=never, posinf=never).min(-1).values
