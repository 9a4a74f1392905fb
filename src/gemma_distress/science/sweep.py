"""Where in the network calm can be trained: the effect of an adapter by the layers it has (a forest plot)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gemma_distress.analysis.report.dots import Panel, dots, reach
from gemma_distress.analysis.report.estimates import Unit, estimated, estimates_table
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row
from gemma_distress.analysis.report.measured import category_name
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.theme import theme
from gemma_distress.analysis.report.wording import between, counted, points, share
from gemma_distress.analysis.statistics.paired import Difference
from gemma_distress.analysis.subjects import Group
from gemma_distress.errors import UsageError
from gemma_distress.finetune.sweep_results import (
    ALL,
    MACRO,
    NOT_COHERENT,
    NOTHING_TO_COMPARE,
    SOLVED,
    Effect,
    Sweep,
    Swept,
    read_sweep,
)
from gemma_distress.protocol import CATEGORIES, HIGH

NAME: FigureName = "sweep"
TITLE = "By the layers that were trained"
MEAN = "Mean over seeds"
_NAMES = {MACRO: "Average over the five", ALL: "All conversations"}
_COSTS = {NOT_COHERENT: "A reply not coherent", SOLVED: "Solvable puzzles solved"}


def figures(folder: Path) -> list[Figure | Missing]:
    """The figure of the sweep whose `sweep.json` is in this folder."""
    try:
        found = read_sweep(folder)
    except UsageError as error:
        return [Missing(NAME, TITLE, str(error))]
    main = found.main
    return [Missing(NAME, TITLE, NOTHING_TO_COMPARE) if main is None else _figure(found, main)]


def _figure(found: Sweep, main: str) -> Figure:
    high = _rows(found, 0, _NAMES[main], "points", lambda effect: effect.shares[main])
    length = _rows(found, 1, "words", "share", _length)
    panels = [
        Panel(f"{_NAMES[main]}, points", high, "points", reach(high), reference=0.0),
        Panel("Words, of the base’s", length, "share", _around_one(length), reference=1.0),
    ]
    subjects = _subjects(found)
    return Figure(
        NAME,
        TITLE,
        " ".join(_finding(found, main)),
        " ".join(_note(found, main)),
        [*high, *length],
        estimates_table(
            list(_table_rows(found, main)),
            {"row": "Layers", "where": "Conversations", "subject": "Seed"},
            "Difference (points)",
            {
                "share_b": "Adapter",
                "share_a": "Base",
                "n": "Pairs",
                "prompts": "Prompts",
                "parameters": "Trained parameters",
            },
        ),
        lambda layout: dots(panels, subjects, layout),
    )


def _length(effect: Effect) -> Difference:
    """Words of a reply over the base's, with the interval of that ratio."""
    found = effect.length_ratio
    upper = found.upper if math.isfinite(found.upper) else math.nan
    return replace(effect.words, estimate=found.estimate, lower=found.lower, upper=upper)


def _rows(
    found: Sweep, part: int, what: str, unit: Unit, measure: Callable[[Effect], Difference]
) -> list[Row]:
    """One panel: range by range, the mean over seeds and then each seed."""
    return [
        {**_row(one, subject, measure(effect), unit, what), "part": part}
        for one in found.ranges
        for subject, effect in _effects(one)
    ]


def _table_rows(found: Sweep, main: str) -> Iterator[Row]:
    """By range the mean over seeds in each category and what it cost, and by seed the main share."""
    for one in found.ranges:
        effects = _effects(one)
        for name, where in _told(main).items():
            for subject, effect in effects if name == main else effects[:1]:
                if name in effect.shares:
                    d = effect.shares[name]
                    yield {
                        **_row(one, subject, d, "points", where),
                        "share_a": d.a.estimate,
                        "share_b": d.b.estimate,
                    }


def _row(
    one: Swept, subject: str, found: Difference, unit: Unit, where: str
) -> dict[str, str | float | int]:
    return {
        **estimated(subject, f"{_layers(one)}, {where}", found, unit, "pair"),
        "row": _label(one),
        "where": where,
        "parameters": one.parameters,
    }


def _effects(one: Swept) -> list[tuple[str, Effect]]:
    """By subject: the mean over seeds where there are several, and each seed."""
    seeds = [(f"Seed {arm.seed}", arm.effect) for arm in one.arms]
    return seeds if len(seeds) == 1 else [(MEAN, one.effect), *seeds]


def _subjects(found: Sweep) -> list[Subject]:
    labels = dict.fromkeys(label for one in found.ranges for label, _ in _effects(one))
    return [
        Subject(
            Group(model=found.base, settings="", judge="", judge_version="", rubric="", pack=""),
            label,
            theme().look(position),
        )
        for position, label in enumerate(labels)
    ]


def _told(main: str) -> Mapping[str, str]:
    """Names of the shares in the table, by their keys."""
    return {main: _NAMES[main], **{name: category_name(name) for name in CATEGORIES}, **_COSTS}


def _around_one(rows: Sequence[Row]) -> tuple[float, float]:
    """An axis of ratios, alike on both sides of 1."""
    ends = [abs(float(row[key]) - 1) for row in rows for key in ("estimate", "lower", "upper")]
    far = max((end for end in ends if not math.isnan(end)), default=0.0)
    half = next((step for step in (0.1, 0.25, 0.5) if far <= step), 1.0)
    return 1 - half, 1 + half


def _finding(found: Sweep, main: str) -> Iterator[str]:
    """All layers, then the ranges from the largest fall."""
    for one in sorted(
        found.ranges,
        key=lambda each: (each.layers is not None, each.effect.shares[main].estimate),
    ):
        d, (low, high) = one.effect.shares[main], one.spread(main)
        seeds = f", by seed {points(low)} to {points(high)}" if len(one.arms) > 1 else ""
        told = (
            f"{_label(one)}: {share(d.a.estimate)} before, {share(d.b.estimate)} after, "
            f"{points(d.estimate)} points ({between(d, points)}{seeds})"
        )
        if one.from_all is not None:
            more = one.from_all.shares[main]
            told += f"; against all layers {points(more.estimate)} ({between(more, points)})"
        yield f"{told}."


def _note(found: Sweep, main: str) -> Iterator[str]:
    seeds = max(len(one.arms) for one in found.ranges)
    yield (
        f"Each row is an adapter on these layers of {found.base}, which has {found.layers}, counted from 0. "
        "All are trained on the same pairs by one recipe, and asked the same conversations. Left: difference "
        f"from the base in the share of conversations with a reply rated {HIGH} or higher "
        f"({_NAMES[main].lower()}), in percentage points. Right: words of a reply, as a share of the base’s. "
        "Intervals are of 95%, clustered by prompt."
    )
    if seeds > 1:
        yield (
            f"There are {counted(seeds, 'seed')} of the training: the interval of their mean is about the "
            "conversations, and how far they lie apart is what another seed might do."
        )
    else:
        yield "With one seed of the training it is not known what another would do."
    yield "The adapter on all layers has more parameters than that on any range."
    if found.caveat:
        yield found.caveat


def _layers(one: Swept) -> str:
    return "all layers" if one.layers is None else f"layers {one.name}"


def _label(one: Swept) -> str:
    return _layers(one).capitalize()
