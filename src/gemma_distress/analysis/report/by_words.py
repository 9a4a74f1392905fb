"""Over-represented words of high replies, as a figure: one panel for each model."""

from __future__ import annotations

from collections.abc import Sequence

from gemma_distress.analysis.report.dots import Panel, dots
from gemma_distress.analysis.report.figure import Figure, Missing, Row, Table, in_parts
from gemma_distress.analysis.report.measured import Measured
from gemma_distress.analysis.report.wording import counted, listed
from gemma_distress.analysis.statistics.over_represented import Word
from gemma_distress.analysis.words import WordList, words
from gemma_distress.protocol import HIGH
from gemma_distress.visible import visible

NAME, TITLE = "words", "Words of high replies"
SHOWN = 10
"""Words of each model."""


def by_words(measured: Sequence[Measured]) -> Figure | Missing:
    """The words that high replies use more than the same model's others on the same prompts."""
    lists = [(one, words(one.turns, top=None)[0]) for one in measured]
    found_rows: list[Row] = [
        _row(one, word)
        for one, found in lists
        for word in [word for word in found.words if word.lower > 1][:SHOWN]
    ]
    rows = in_parts(found_rows, "subject")
    if not rows:
        why = "; ".join(f"{one.subject.label}: {_why_none(found)}" for one, found in lists)
        return Missing(NAME, TITLE, f"No word stands out. {why}.")
    subjects = [one.subject for one in measured]
    top = 2.0 ** max(2, *(int(float(row["upper"])).bit_length() for row in rows))
    panels = [
        Panel(
            subject.label if len(subjects) > 1 else "",
            [row for row in rows if row["subject"] == subject.label],
            "odds",
            (0.5, min(top, 256.0)),
            reference=1.0,
        )
        for subject in subjects
    ]
    panels = [panel for panel in panels if panel.rows]
    none = [f"{one.subject.label} ({_why_none(found)})" for one, found in lists if not _any(found)]
    without = f" No word stands out for {listed(none)}." if none else ""
    return Figure(
        NAME,
        TITLE,
        " ".join(_finding(one, rows) for one in measured if any(_own(one, rows))) + without,
        f"How many times the odds that a word of a reply rated {HIGH} or higher is this one, over the same "
        f"model's other replies to the same prompt; up to {SHOWN} words whose 95% interval, clustered by "
        f"conversation, lies above 1. That a word marks high replies does not say that it caused the "
        f"rating.{without}",
        rows,
        _table(rows),
        lambda layout: dots(panels, subjects, layout, alike=False),
    )


def _any(found: WordList) -> bool:
    return any(word.lower > 1 for word in found.words)


def _why_none(found: WordList) -> str:
    if not found.replies:
        return "no high reply"
    if not found.compared:
        return f"{counted(found.replies, 'high reply', 'high replies')}, no word frequent enough"
    return f"of {counted(found.compared, 'word')} none has an interval above 1"


def _row(one: Measured, word: Word) -> Row:
    name = visible(word.word)
    return {
        "subject": one.subject.label,
        "row": name,
        "estimate": word.ratio,
        "lower": word.lower,
        "upper": word.upper,
        "count": word.count,
        "count_other": word.count_other,
        "conversations": word.conversations,
        "q": word.q,
        "number": f"×{word.ratio:.1f}" if word.ratio < 100 else f"×{word.ratio:,.0f}",
        "says": f"{one.subject.label}, “{name}”: {word.ratio:.1f} times the odds ({word.lower:.1f} to "
        f"{word.upper:.1f}), {word.count} times in high replies, {word.count_other} in others",
    }


def _own(one: Measured, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["subject"] == one.subject.label]


def _finding(one: Measured, rows: Sequence[Row]) -> str:
    names = [f"“{row['row']}” ({row['number']})" for row in _own(one, rows)[:3]]
    return f"{one.subject.label}: {listed(names)}."


def _table(rows: Sequence[Row]) -> Table:
    return Table(
        [
            "Model",
            "Word",
            "Odds ratio",
            "95% interval",
            "In high",
            "In others",
            "Conversations",
            "q",
        ],
        [
            [
                str(row["subject"]),
                str(row["row"]),
                str(row["number"]),
                f"{row['lower']:.1f}–{row['upper']:.1f}",
                f"{row['count']:,}",
                f"{row['count_other']:,}",
                f"{row['conversations']:,}",
                "<0.001" if float(row["q"]) < 0.001 else f"{row['q']:.3f}",
            ]
            for row in rows
        ],
        frozenset(range(2, 8)),
    )
