"""The subjects of a report: what each is called in figures and tables, and how it looks.

Mostly a subject is just a model. One model set in two ways, or rated by two judges, is two, and their
labels say what sets them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.logs.settings import told_apart
from gemma_distress.analysis.report.theme import Look, theme
from gemma_distress.analysis.subjects import INSTRUMENT, Group
from gemma_distress.visible import one_line

LONGEST = 34
"""Characters of a label; a longer name keeps its beginning and its end."""


@dataclass(frozen=True)
class Subject:
    """Who is meant, what it is called in this report, and how it looks."""

    group: Group
    label: str
    look: Look

    @property
    def model(self) -> str:
        return self.group.model


def subjects_of(groups: Sequence[Group]) -> list[Subject]:
    """The subjects in the order given, with labels that tell them apart.

    A label is the model's name without its provider where that is enough, with what of its settings and
    which judge sets it apart where a model is there more than once, and shortened in the middle where it is
    long; what still reads alike is numbered.
    """
    models = list(dict.fromkeys(group.model for group in groups))
    tails = [_tail(model) or model for model in models]
    names = {
        model: tail if tails.count(tail) == 1 else model
        for tail, model in zip(tails, models, strict=True)
    }
    labels = []
    for group in groups:
        same = [other for other in groups if other.model == group.model]
        name = _shortened(one_line(names[group.model]) or "no name")
        apart = [told_apart({other.settings: other.settings for other in same})[group.settings]]
        if len({_instrument(other) for other in same}) > 1:
            apart.append(group.judge.rpartition("/")[2] or "unrated")
        told = ", ".join(_shortened(one_line(part)) for part in apart if part)
        labels.append(f"{name} ({told})" if told else name)
    subjects = []
    for position, (group, label) in enumerate(zip(groups, labels, strict=True)):
        if labels.count(label) > 1:
            label = f"{label} ({labels[: position + 1].count(label)})"
        subjects.append(Subject(group, label, theme().look(position)))
    return subjects


def _instrument(group: Group) -> tuple[str, ...]:
    return tuple(getattr(group, name) for name in INSTRUMENT)


def _tail(model: str) -> str:
    """Without provider, address and folders: `organism:calm` of `gemma_distress/organism:/runs/calm`."""
    name, colon, adapter = model.partition("@")[0].partition(":")
    return name.rpartition("/")[2] + colon + adapter.rpartition("/")[2]


def _shortened(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    half = (LONGEST - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
