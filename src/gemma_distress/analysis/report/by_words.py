"""Over-represented words of high replies, as a figure: one panel for each model."""

from __future__ import annotations

from collections.abc import Sequence

from gemma_distress.analysis.report.dots import CUT, Panel, dots
from gemma_distress.analysis.report.estimates import estimates_table, rows_by
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row, in_parts
from gemma_distress.analysis.report.measured import Measured
from gemma_distress.analysis.report.wording import counted, listed, shortened
from gemma_distress.analysis.statistics.over_represented import CLAIMED_BELOW, Word
from gemma_distress.analysis.words import WordList, words
from gemma_distress.protocol import HIGH
from gemma_distress.visible import visible

NAME: FigureName = "words"
TITLE = "Words of high replies"
SHOWN = 10
"""Words of each model."""
NAMED, LETTERS = 3, 24
"""Words in the sentence below a figure, and letters of each."""


def by_words(measured: Sequence[Measured]) -> Figure | Missing:
    """The words that high replies use more than the same model's others on the same prompts."""
    lists = [(one, words(one.turns, top=None)[0]) for one in measured]
    rows = in_parts([row for one, found in lists for row in _rows(one, found)], "subject")
    if not rows:
        why = "; ".join(f"{one.subject.label}: {_why_none(found)}" for one, found in lists)
        return Missing(NAME, TITLE, f"No word stands out. {why}.")
    by_subject = rows_by(rows, "subject")
    subjects = [one.subject for one in measured]
    top = 2.0 ** max(2, *(int(float(row["upper"])).bit_length() for row in rows))
    panels = [
        Panel(
            label if len(subjects) > 1 else "",
            own,
            "odds",
            (0.5, min(top, 256.0)),
            reference=1.0,
        )
        for label, own in by_subject.items()
    ]
    none = [
        f"{one.subject.label} ({_why_none(found)})"
        for one, found in lists
        if one.subject.label not in by_subject
    ]
    without = f" No word stands out for {listed(none)}." if none else ""
    return Figure(
        NAME,
        TITLE,
        " ".join(_finding(label, own) for label, own in by_subject.items()) + without,
        f"How many times the odds that a word of a reply rated {HIGH} or higher is this one, over the same "
        f"model's other replies to the same prompt; up to {SHOWN} words whose 95% interval, clustered by "
        f"conversation, lies above 1, first those whose false discovery rate q is below {CLAIMED_BELOW:.0%}. "
        f"“{CUT}” stands where an interval goes on beyond the axis. That a word marks high replies does not "
        f"say that it caused the rating.",
        rows,
        estimates_table(
            rows,
            {"subject": "Model", "row": "Word"},
            "Odds ratio",
            {
                "count": "In high",
                "count_other": "In others",
                "conversations": "Conversations",
                "q": "q",
            },
        ),
        lambda layout: dots(panels, subjects, layout, alike=False),
    )


def _rows(one: Measured, found: WordList) -> list[Row]:
    """The words to show: those below the false discovery rate before the others."""
    standing = [word for word in found.words if word.lower > 1]
    first = sorted(standing, key=lambda word: not word.claimed)
    return [_row(one, word) for word in first[:SHOWN]]


def _finding(label: str, rows: Sequence[Row]) -> str:
    clear = [
        f"“{shortened(str(row['row']), LETTERS)}” ({row['number']})"
        for row in rows
        if float(row["q"]) < CLAIMED_BELOW
    ]
    if not clear:
        return f"{label}: no word reaches a false discovery rate below {CLAIMED_BELOW:.0%}."
    stand = "stands" if len(clear) == 1 else "stand"
    return f"{label}: {listed(clear[:NAMED])} {stand} out (q < {CLAIMED_BELOW:.0%})."


def _why_none(found: WordList) -> str:
    if not found.replies:
        return "no high reply"
    if not found.compared:
        return f"{counted(found.replies, 'high reply', 'high replies')}, no word frequent enough"
    return f"of {counted(found.compared, 'word')} none has an interval above 1"


def _row(one: Measured, word: Word) -> Row:
    name, ends = visible(word.word), f"{word.lower:.1f} to {word.upper:.1f}"
    return {
        "subject": one.subject.label,
        "row": name,
        "estimate": word.odds_ratio,
        "lower": word.lower,
        "upper": word.upper,
        "count": word.count,
        "count_other": word.count_other,
        "conversations": word.conversations,
        "q": word.q,
        "number": f"×{word.odds_ratio:.1f}"
        if word.odds_ratio < 100
        else f"×{word.odds_ratio:,.0f}",
        "range": ends,
        "says": f"{one.subject.label}, “{name}”: {word.odds_ratio:.1f} times the odds ({ends}), "
        f"{word.count} times in high replies, {word.count_other} in others",
    }
