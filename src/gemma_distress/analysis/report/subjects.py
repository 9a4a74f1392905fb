"""The subjects of a report: what each is called in figures and tables, and how it looks.

A subject is a model under one way of being rated (judge, its version, rubric) and asked (pack), because
ratings of two judges are not pooled. Mostly that is just a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.report.theme import Look, theme
from gemma_distress.visible import visible

LONGEST = 34
"""Characters of a label; a longer name keeps its beginning and its end."""

Key = tuple[str, ...]
"""Model, judge, judge's version, rubric, pack."""


@dataclass(frozen=True)
class Subject:
    """A subject: its `key`, its `label` in this report, and its looks."""

    key: Key
    label: str
    look: Look

    @property
    def model(self) -> str:
        return self.key[0]


def subjects_of(keys: Sequence[Key]) -> list[Subject]:
    """The subjects in the order given, with labels that tell them apart.

    A label is the model's name without its provider where that is enough, with the judge where one model
    was rated by two, and shortened in the middle where it is long; what still reads alike is numbered.
    """
    models = list(dict.fromkeys(key[0] for key in keys))
    tails = [model.rpartition("/")[2] or model for model in models]
    names = {
        model: tail if tails.count(tail) == 1 else model
        for tail, model in zip(tails, models, strict=True)
    }
    labels = []
    for key in keys:
        name = _shortened(visible(names[key[0]]).replace("\n", " ") or "no name")
        if sum(other[0] == key[0] for other in keys) > 1:
            name = f"{name}, {_shortened(visible(key[1]).rpartition('/')[2] or 'unrated')}"
        labels.append(name)
    seen: dict[str, int] = {}
    subjects = []
    for position, (key, label) in enumerate(zip(keys, labels, strict=True)):
        seen[label] = seen.get(label, 0) + 1
        told_apart = label if labels.count(label) == 1 else f"{label} ({seen[label]})"
        subjects.append(Subject(key, told_apart, theme().look(position)))
    return subjects


def _shortened(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    half = (LONGEST - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
