"""What a sweep over layers found: the effect of each range, by seed and over seeds, as JSON and as a table.

An effect is a paired difference from the base on the same conversations. `sweep.json` holds every number of
the figure and the table, so both can be made again from it alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gemma_distress.analysis.before_after import BeforeAfter
from gemma_distress.analysis.statistics.over_seeds import over_seeds
from gemma_distress.analysis.statistics.paired import Difference, Ratio, ratio_of
from gemma_distress.analysis.wording import percent
from gemma_distress.commands.shown import plain
from gemma_distress.errors import UsageError
from gemma_distress.finetune.layer_ranges import Range, name_of, widths
from gemma_distress.finetune.results import rows
from gemma_distress.protocol import HIGH

NAME = "sweep.json"
MACRO, ALL = "macro average, any_high", "all conversations"
NOT_COHERENT, SOLVED = "not coherent", "solved"
NOTHING_TO_COMPARE = (
    "Of one adapter no conversation could be paired with the base's, so the ranges cannot be compared. Read "
    "its replies: an adapter that answers nothing, or nothing that can be rated, is broken."
)


@dataclass(frozen=True)
class Effect:
    """One training, or several of one recipe, against what they are held against."""

    shares: Mapping[str, Difference]
    """Of conversations, by what is counted: a reply rated `HIGH` in a category, over all, on average over the
    five, by family of puzzles; then a reply that is not coherent, and of solvable puzzles those solved."""
    words: Difference
    """Of the mean number of words of a conversation's replies."""

    @property
    def length_ratio(self) -> Ratio:
        """Words over the base's."""
        return ratio_of(self.words)


@dataclass(frozen=True)
class Arm:
    """One training."""

    seed: int
    adapter: str
    parameters: int
    """That were trained."""
    steps: int
    loss: float
    """Mean of the last tenth of the steps."""
    effect: Effect
    """Against the base."""


@dataclass(frozen=True)
class Swept:
    """All seeds of one range."""

    layers: Range
    arms: tuple[Arm, ...]
    effect: Effect
    """Against the base, the mean over the seeds."""
    from_all: Effect | None
    """Against all layers trained with the same seed, likewise; None for all layers themselves."""

    @property
    def name(self) -> str:
        return name_of(self.layers)

    @property
    def parameters(self) -> int:
        return self.arms[0].parameters

    def spread(self, share: str) -> tuple[float, float]:
        """The lowest and the highest difference of a seed."""
        found = [arm.effect.shares[share].estimate for arm in self.arms]
        return min(found), max(found)


@dataclass(frozen=True)
class Sweep:
    """Ranges, the narrow ones by their first layer and all layers last, trained by one recipe."""

    base: str
    layers: int
    """Of the base."""
    recipe: Mapping[str, Any]
    """The settings of every training, its layers and seed aside."""
    pairs: str
    """Hash of the preference pairs."""
    ranges: tuple[Swept, ...]

    @property
    def equal(self) -> bool:
        """Whether all ranges but all layers have one width."""
        return len(widths([one.layers for one in self.ranges])) < 2

    @property
    def main(self) -> str | None:
        """The share that stands for all: of the average over the five categories and all conversations the
        first that every training has; None where one answered nothing that could be rated."""
        effects = [
            effect
            for one in self.ranges
            for effect in (one.effect, one.from_all, *(arm.effect for arm in one.arms))
            if effect is not None
        ]
        names = (MACRO, ALL)
        return next((name for name in names if all(name in one.shares for one in effects)), None)

    @property
    def caveat(self) -> str:
        """Why the ranges cannot be compared as they are; empty where they can."""
        if self.equal:
            return ""
        told = ", ".join(f"{one.name} {one.parameters:,}" for one in self.ranges)
        return (
            "The ranges differ in width, and so in the number of trained parameters "
            f"({told}): a wider one may do more for that alone."
        )


def effect_of(found: BeforeAfter) -> Effect:
    """The effect of one training. What has no complete pair is left out."""
    shares = {name: contrast.difference for name, contrast in rows(found)}
    shares[NOT_COHERENT] = found.flagged.difference
    if found.solved is not None:
        shares[SOLVED] = found.solved.difference
    return Effect({name: one for name, one in shares.items() if not one.undefined}, found.words)


def mean_effect(effects: Sequence[Effect]) -> Effect:
    """Over the trainings of several seeds; a share that one of them lacks is left out."""
    shares = {
        name: over_seeds([one.shares[name] for one in effects])
        for name in effects[0].shares
        if all(name in one.shares for one in effects)
    }
    return Effect(shares, over_seeds([one.words for one in effects]))


def write_sweep(found: Sweep, folder: Path) -> Path:
    """Write `sweep.json` in one move; what is no number is null."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{NAME}"
    beside.write_text(json.dumps(plain(found), indent=1, allow_nan=False) + "\n", "utf-8")
    return beside.replace(folder / NAME)


def read_sweep(folder: Path) -> Sweep:
    """Read what `write_sweep` wrote.

    Raises:
        UsageError: there is no such file, or it holds something else.
    """
    path = folder / NAME
    try:
        given = json.loads(path.read_bytes())
        for one in given["ranges"]:
            for effect in (one, *one["arms"]):
                effect["effect"] = _with_nan(effect["effect"])
            one["from_all"] = one["from_all"] and _with_nan(one["from_all"])
        return TypeAdapter(Sweep).validate_python(given)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no {path}. Make it: python -m gemma_distress.finetune sweep PAIRS --layers 0-1,2-3 "
            f"--output {folder}"
        ) from error
    except (OSError, ValueError, TypeError, KeyError, ValidationError) as error:
        raise UsageError(
            f"{path} holds no sweep that can be read. The command that made it makes it again."
        ) from error


def markdown(found: Sweep) -> str:
    """A line for each range, in Markdown, and what must be known to read it."""
    main = found.main
    if main is None:
        return NOTHING_TO_COMPARE
    lines = [
        f"Share of conversations with a reply rated {HIGH} or higher ({main}), on the same conversations, "
        "with 95% intervals clustered by prompt.",
        "",
        "| layers | trained parameters | before | after | difference | by seed | against all | words, × |",
        "| --- | ---: | ---: | ---: | --- | --- | --- | --- |",
    ]
    for one in found.ranges:
        d, (low, high) = one.effect.shares[main], one.spread(main)
        seeds = f"{percent(low)} to {percent(high)}" if len(one.arms) > 1 else "one seed"
        beside = "–" if one.from_all is None else _told(one.from_all.shares[main])
        lines.append(
            f"| {one.name} | {one.parameters:,} | {percent(d.a.estimate)} | {percent(d.b.estimate)} | "
            f"{_told(d)} | {seeds} | {beside} | {_ratio(one.effect)} |"
        )
    return "\n".join([*lines, *(["", found.caveat] if found.caveat else [])])


def _told(d: Difference) -> str:
    return f"{percent(d.estimate)} [{percent(d.lower)}, {percent(d.upper)}]"


def _ratio(effect: Effect) -> str:
    found = effect.length_ratio
    if math.isnan(found.estimate):
        return "–"
    known = math.isfinite(found.upper - found.lower)
    return f"{found.estimate:.2f}" + (f" [{found.lower:.2f}, {found.upper:.2f}]" if known else "")


def _with_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nan(item) for key, item in value.items()}
    return math.nan if value is None else value
