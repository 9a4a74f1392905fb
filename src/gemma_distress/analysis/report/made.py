"""How the numbers were made: the logs with their commands, versions, hashes, seeds, tokens and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gemma_distress.analysis.logs.runs import Run, Tokens
from gemma_distress.analysis.report.figure import Table
from gemma_distress.analysis.report.measured import Measured, category_name
from gemma_distress.analysis.report.wording import ABSENT
from gemma_distress.analysis.summary import Counts
from gemma_distress.visible import visible


@dataclass(frozen=True)
class Made:
    """One log: its heading, its command, and what else is known, as pairs of name and text."""

    heading: str
    command: str
    facts: Sequence[tuple[str, str]]


def made(runs: Sequence[Run]) -> list[Made]:
    """The logs in the order given."""
    return [
        Made(
            f"{visible(run.model) or 'no model'}: {category_name(run.task)}",
            visible(run.command),
            [(name, text) for name, text in _facts(run) if text],
        )
        for run in runs
    ]


def _facts(run: Run) -> list[tuple[str, str]]:
    planned = f" of {run.planned:,} planned" if run.planned is not None else ""
    return [
        ("Log", visible(run.log)),
        ("Evaluation", visible(run.run)),
        ("Started", visible(run.created)),
        ("Status", visible(f"{run.status}: {run.error}" if run.error else run.status)),
        ("Conversations", f"{run.finished:,} finished{planned}, {run.in_table:,} in this report"),
        ("Preset", visible(run.preset)),
        ("Seed", "" if run.seed is None else str(run.seed)),
        ("Sampling", _pairs(run.generate)),
        ("Task arguments", _pairs(run.args)),
        ("Model arguments", _pairs(run.model_args)),
        ("Judge", _joined(run.judges or run.graders)),
        ("Judge version", _joined([version[:12] for version in run.judge_versions])),
        ("Rubric", _joined(run.rubrics)),
        ("Sentences", visible(run.pack)),
        ("Prompts from", visible(run.source)),
        ("Task version", visible(run.task_version)),
        ("Packages", _pairs(run.packages, " ")),
        ("Revision", visible(run.revision)),
        ("Score read", visible(run.score) if len(run.scores) > 1 else ""),
        ("Tokens", "; ".join(_tokens(name, tokens) for name, tokens in run.by_model.items())),
        ("Cost", "unknown" if run.cost is None else f"${run.cost:,.2f}"),
        ("Time", "" if run.wall_seconds is None else f"{run.wall_seconds:,.0f} s"),
    ]


def costs(runs: Sequence[Run]) -> Table:
    """Tokens and dollars by model, over all logs."""
    totals: dict[str, Tokens] = {}
    for run in runs:
        for name, one in run.by_model.items():
            total = totals.setdefault(name, Tokens())
            total.input += one.input
            total.output += one.output
            total.total += one.total
            total.cost = None if total.cost is None or one.cost is None else total.cost + one.cost
    return Table(
        ["Model", "Tokens read", "Tokens written", "Cost"],
        [
            [
                visible(name),
                f"{one.input:,}",
                f"{one.output:,}",
                "unknown" if one.cost is None else f"${one.cost:,.2f}",
            ]
            for name, one in totals.items()
        ],
        frozenset({1, 2, 3}),
    )


def missing_counts(measured: Sequence[Measured]) -> Table:
    """Replies owed, rated and not, by subject and category."""
    rows = []
    for one in measured:
        for category, summary in one.categories.items():
            rows.append([one.subject.label, category_name(category), *_counted(summary.counts)])
        if len(one.categories) != 1:
            rows.append([one.subject.label, "All", *_counted(one.counts)])
    return Table(
        ["Model", "Category", "Conversations", "Replies owed", "Rated", "Unrated", "Why unrated"],
        rows,
        frozenset({2, 3, 4, 5}),
    )


def _counted(counts: Counts) -> list[str]:
    return [
        f"{counts.conversations:,}",
        f"{counts.owed:,}",
        f"{counts.rated:,}",
        f"{counts.owed - counts.rated:,}",
        _tally(counts.unrated),
    ]


def flag_counts(measured: Sequence[Measured]) -> Table:
    """What coherence flags, endings and behaviour were counted, by subject."""
    rows = [
        [
            one.subject.label,
            f"{one.counts.replies:,}",
            _tally(one.counts.outcomes),
            _tally(one.counts.flags),
            _tally(one.counts.behaviour),
            _tally(one.counts.errors),
        ]
        for one in measured
    ]
    return Table(
        ["Model", "Replies", "Endings", "Coherence flags", "Behaviour", "Errors and limits"],
        rows,
        frozenset({1}),
    )


def _tally(numbers: Mapping[str, int]) -> str:
    said = [f"{visible(name).replace('_', ' ')} {number:,}" for name, number in numbers.items()]
    return ", ".join(said) or ABSENT


def _pairs(values: Mapping[str, Any], joiner: str = "=") -> str:
    return visible(", ".join(f"{name}{joiner}{value}" for name, value in values.items()))


def _joined(names: Sequence[str]) -> str:
    return visible(", ".join(names))


def _tokens(name: str, tokens: Tokens) -> str:
    return f"{visible(name)} {tokens.input:,} read, {tokens.output:,} written"
