"""Continuations of prefixes as a figure: share high and mean rating, by condition and model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from gemma_distress.analysis.report.dots import Panel, dots
from gemma_distress.analysis.report.estimates import Unit, estimated, estimates_table
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, in_parts
from gemma_distress.analysis.report.subjects import subjects_of
from gemma_distress.analysis.report.theme import theme
from gemma_distress.analysis.report.wording import points, share
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.subjects import Group
from gemma_distress.protocol import HIGH, MAX_RATING

_COUNTED = ("continuation", "continuations")
_MEASURES: tuple[tuple[str, Unit, str], ...] = (
    ("high", "share", f"Share ≥ {HIGH}"),
    ("mean", "rating", "Mean rating"),
)
"""By key of the file, what each is."""


def results(file: Path) -> dict[str, Any] | None:
    """What a command left in a file; None where it left none."""
    if not file.is_file():
        return None
    found = json.loads(file.read_text("utf-8"))
    return found if isinstance(found, dict) else None


def continued(
    name: FigureName, title: str, found: Mapping[str, Any], what: str, rows_are: Mapping[str, str]
) -> Figure:
    """The figure of `prefill.json` or `recovery.json`.

    Args:
        name: of the figure.
        title: of the figure.
        found: the content of the file.
        what: the conditions are, as a column's heading.
        rows_are: conditions in words; others as they are.
    """
    arms = list(dict.fromkeys(str(one["arm"]) for one in found["rates"]))
    # Looks go by name, so that a model has the same in both figures whichever is held against which.
    looks = {arm: theme().look(place) for place, arm in enumerate(sorted(arms))}
    subjects = [
        replace(subject, look=looks[arm])
        for arm, subject in zip(arms, subjects_of([_group(arm) for arm in arms]), strict=True)
    ]
    labels = {arm: subject.label for arm, subject in zip(arms, subjects, strict=True)}
    rows = in_parts(
        [
            {
                **estimated(labels[str(one["arm"])], row, _interval(one[key]), unit, *_COUNTED),
                "row": row,
                "measure": measure,
                "unrated": int(one["unrated"]),
            }
            for key, unit, measure in _MEASURES
            for one in found["rates"]
            for row in [rows_are.get(str(one["condition"]), str(one["condition"]))]
        ],
        "measure",
    )
    shares, means = ([row for row in rows if row["part"] == part] for part in (0, 1))
    panels = [
        Panel(_MEASURES[0][2], shares, "share", (0.0, 1.0)),
        Panel(_MEASURES[1][2], means, "rating", (0.0, float(MAX_RATING))),
    ]
    note = " ".join(
        [
            "Continuations rated alone, with 95% intervals clustered by the reply that was cut. A difference "
            "is of the pairs that both sides have rated.",
            *map(str, found["notes"]),
        ]
    )
    return Figure(
        name,
        title,
        " ".join(
            [
                *_helped(found.get("helps", ()), labels, rows_are),
                *_found(found["arms"], labels, rows_are),
            ]
        )
        or _alone(shares),
        note,
        rows,
        estimates_table(
            rows,
            {"measure": "Measure", "row": what, "subject": "Model"},
            "Estimate",
            {"n": "Rated", "unrated": "Unrated", "prompts": "Replies cut"},
        ),
        lambda layout: dots(panels, subjects, layout),
    )


def nothing(name: FigureName, title: str, folder: Path, command: str) -> Missing:
    """What stands where no result was left."""
    return Missing(name, title, f"No {name}.json in {folder.name}: run gemma-distress {command}.")


def _found(
    contrasts: Sequence[Mapping[str, Any]], labels: Mapping[str, str], rows_are: Mapping[str, str]
) -> list[str]:
    """Each pair of arms in a sentence."""
    told: dict[str, list[str]] = {}
    for one in contrasts:
        told.setdefault(f"{labels[one['b']]} less {labels[one['a']]}", []).append(
            f"{rows_are.get(one['condition'], one['condition'])} {_points(one)}"
        )
    return [f"{pair}, in points: {'; '.join(found)}." for pair, found in told.items()]


def _helped(
    contrasts: Sequence[Mapping[str, Any]], labels: Mapping[str, str], rows_are: Mapping[str, str]
) -> list[str]:
    """For each arm what every help does against its reference."""
    told: dict[str, list[str]] = {}
    for one in contrasts:
        a, b = (rows_are.get(str(one[side]), str(one[side])) for side in ("a", "b"))
        told.setdefault(labels[one["condition"]], []).append(f"{b} {_points(one)} over {a}")
    return [f"{arm}, in points: {'; '.join(found)}." for arm, found in told.items()]


def _points(contrast: Mapping[str, Any]) -> str:
    high = {name: _number(contrast["high"][name]) for name in ("estimate", "lower", "upper")}
    return f"{points(high['estimate'])} ({points(high['lower'])} to {points(high['upper'])})"


def _alone(shares: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(
        f"{one['subject']}, {one['row']}: {share(float(one['estimate']))} high ({one['range']})."
        for one in shares
    )


def _interval(told: Mapping[str, Any]) -> Interval:
    known: dict[str, Any] = {}
    for field in fields(Interval):
        value = told[field.name]
        known[field.name] = math.nan if value is None else value
    return Interval(**known)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _group(arm: str) -> Group:
    return Group(model=arm, settings="", judge="", judge_version="", rubric="", pack="")
