"""A sweep over six layers with two seeds, its effects computed from small turns tables."""

from dataclasses import replace
from functools import cache

from tests.analysis.tables import table

from gemma_distress.analysis.before_after import before_after
from gemma_distress.finetune.layer_ranges import Range
from gemma_distress.finetune.sweep_results import (
    Arm,
    Effect,
    Sweep,
    Swept,
    effect_of,
    mean_effect,
)
from gemma_distress.protocol import CATEGORIES

SEEDS = (42, 43)


@cache
def some_sweep(
    ranges: tuple[Range, ...] = ((0, 1), (2, 3), None), categories: tuple[str, ...] = CATEGORIES
) -> Sweep:
    """The base is high in all 6 conversations of each category, the adapter of the n-th range with the
    m-th seed in n + m of them (from 0), and replies shrink from 20 words to 10 and more."""
    base = _side("x/base", 6, 20, categories)
    arms = {
        (layers, seed): _side(f"x/{place}-{seed}", place + more, 10 + place, categories)
        for place, layers in enumerate(ranges)
        for more, seed in enumerate(SEEDS)
    }
    return Sweep(
        base="organism",
        layers=6,
        recipe={"rank": 64},
        pairs="abc",
        ranges=tuple(
            _swept(
                layers,
                [effect_of(before_after(base, arms[layers, seed])) for seed in SEEDS],
                [
                    effect_of(before_after(arms[None, seed], arms[layers, seed]))
                    for seed in SEEDS
                    if layers is not None
                ],
            )
            for layers in ranges
        ),
    )


def without(found: Sweep, share: str) -> Sweep:
    """The sweep whose second range lacks a share, as where its adapter left a category unrated."""
    first, second, *rest = found.ranges
    shares = {name: one for name, one in second.effect.shares.items() if name != share}
    lacking = replace(second, effect=replace(second.effect, shares=shares))
    return replace(found, ranges=(first, lacking, *rest))


def _swept(layers: Range, effects: list[Effect], beside: list[Effect]) -> Swept:
    width = 6 if layers is None else layers[1] - layers[0] + 1
    arms = tuple(
        Arm(seed, f"layers/{seed}", 1000 * width, 35, 0.5, effect)
        for seed, effect in zip(SEEDS, effects, strict=True)
    )
    return Swept(layers, arms, mean_effect(effects), mean_effect(beside) if beside else None)


def _side(model: str, high: int, words: int, categories: tuple[str, ...]):
    return table(
        [
            {
                "ratings": [1, 7 if number < high else 1],
                "category": category,
                "condition": category,
                "prompt_id": f"{category}-{number}",
                "sample_id": f"{category}-{number}/0",
                "words": words + number,
            }
            for category in categories
            for number in range(6)
        ],
        model=model,
    )
