"""The loss of the readings, worked by hand, and that they can be learned."""

from math import log

import pytest
import torch

from gemma_distress.organism.batches import NOT_LEARNED, Batch
from gemma_distress.organism.guidance import LEVELS, Guidance
from gemma_distress.organism.levels import KINDS
from gemma_distress.organism.recipe import Recipe

RECIPE = Recipe(hidden=16, guided_layers=(0, 1))


def batch_of(kinds: list[int], coming: list[int], shown: list[int]) -> Batch:
    nothing = torch.zeros(1, len(kinds), dtype=torch.long)
    answers = (torch.tensor([one]) for one in (kinds, coming, shown))
    return Batch(nothing, nothing, *answers, results=nothing)


def test_readings_that_know_nothing_cost_the_logarithm_of_the_choices() -> None:
    guidance = Guidance(RECIPE)
    for weight in guidance.weights:
        torch.nn.init.zeros_(weight)
    none = NOT_LEARNED
    batch = batch_of([3, none, none], [none, 0, none], [none, none, 10])
    layers = (torch.randn(1, 3, 16), torch.randn(1, 3, 16))
    expected = log(len(KINDS)) + 2 * log(LEVELS)
    assert guidance.loss(layers, batch).item() == pytest.approx(expected, rel=1e-5)


def test_where_nothing_is_asked_nothing_is_lost() -> None:
    none = [NOT_LEARNED] * 2
    layers = (torch.randn(1, 2, 16), torch.randn(1, 2, 16))
    assert Guidance(RECIPE).loss(layers, batch_of(none, none, none)).item() == 0


def test_each_reading_reads_its_own_layer() -> None:
    none = NOT_LEARNED
    layers = tuple(torch.randn(1, 2, 16, requires_grad=True) for _ in range(2))
    Guidance(RECIPE).loss(layers, batch_of([1, none], [none, none], [none, none])).backward()
    assert layers[0].grad is not None
    assert layers[1].grad is None or not layers[1].grad.any()
