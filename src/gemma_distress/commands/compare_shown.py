"""A comparison in words and in a table of at most `WIDTH` columns.

Names of models and tasks come from logs and are shown as plain text, never as markup.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from gemma_distress.analysis.logs.settings import told_apart
from gemma_distress.analysis.wording import p_equals
from gemma_distress.commands.shown import text
from gemma_distress.protocol import HIGH

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from gemma_distress.analysis.compare import Comparison, Contrast, Row
    from gemma_distress.analysis.statistics.intervals import Interval

WIDTH = 80
READINGS = {
    "final_high": f"last reply ≥ {HIGH}",
    "paper_high": f"paper's ≥ {HIGH}",
    "mean_rating": "mean rating",
    "peak": "highest rating",
}


def verdict(comparison: "Comparison") -> str:
    """The primary endpoint in one sentence, and in a second one what missing ratings could do to it."""
    row, primary = comparison.pooled, comparison.pooled.primary
    difference, test = primary.difference, primary.test
    if difference.n == 0:
        return "Nothing can be said: no conversation is known in both A and B."
    word = "lower" if difference.estimate < 0 else "higher"
    start = f"B is {word} than A" if comparison.differs else "No difference is shown"
    counts = f"{_count(difference.b)} conversations of B and {_count(difference.a)} of A"
    deciding = test.higher + test.lower
    few = ", too few to show anything" if deciding and test.least >= 0.05 else ""
    unit = "pairs" if "McNemar" in test.method else "prompts"
    sentence = (
        f"{start}: any reply ≥ {HIGH} in {counts}, B − A {_points(difference.estimate)} points "
        f"(95% interval {_points(difference.lower)} to {_points(difference.upper)}), "
        f"{p_equals(test.p)} by {test.method} ({deciding} {unit} differ{few})."
    )
    low, high = row.worst
    if _open(row) and comparison.differs and low <= 0 <= high:
        sentence += (
            f" What is missing could undo it: it allows {_points(low)} to {_points(high)} points."
        )
    return sentence


def show(comparison: "Comparison") -> "RenderableType":
    """The comparison as a terminal shows it, in at most `WIDTH` columns."""
    from rich.console import Group

    lines: list[RenderableType] = [
        *map(text, _arms(comparison)),
        *(
            text(f"NOT ALIKE in {one.of}, as allowed: {one.sentence}.", style="bold red")
            for one in comparison.unlike
        ),
        text(),
        text(verdict(comparison), style="bold"),
        text(),
        _conversations(comparison),
        text(),
        _readings(comparison),
        text(),
    ]
    if comparison.lacking:
        lines.append(
            text(f"No macro average: no pair is known of {', '.join(comparison.lacking)}.")
        )
    lines += [text(sentence) for sentence in _missing(comparison)]
    if comparison.pooled.one_sided:
        lines.append(
            text(
                f"{comparison.pooled.one_sided:,} replies of these pairs are rated on one side only and "
                "in no mean or highest rating."
            )
        )
    lines += [text(sentence) for sentence in comparison.aside]
    lines += [text(f"Not read: {one}") for one in comparison.skipped]
    lines.append(
        text(
            f"Any reply ≥ {HIGH} is the declared endpoint, all conversations its test. Shares and B − A in "
            "percent and points over pairs known in both, with 95% intervals clustered by prompt. Holm: p "
            "adjusted over the rows that have one.",
            style="dim",
        )
    )
    return Group(*lines)


def _conversations(comparison: "Comparison") -> "RenderableType":
    table = _table(f"any reply ≥ {HIGH}", "pairs", "A %", "B %", "B − A", "B / A", "p", "Holm")
    for row in comparison.rows:
        name = f"  {row.name.partition('/')[2]}" if _indented(row, comparison) else row.name
        table.add_row(*_cells(name, row.primary, row.p_holm))
    table.add_row(*_cells("all", comparison.pooled.primary), style="bold")
    if "any_high" in comparison.macro:
        table.add_row(*_cells("macro average", comparison.macro["any_high"]))
    return table


def _readings(comparison: "Comparison") -> "RenderableType":
    table = _table("beside it", "pairs", "A", "B", "B − A", "B / A", "p")
    for name, heading in READINGS.items():
        table.add_row(*_cells(heading, comparison.pooled.contrasts[name])[:-1])
        if name == "paper_high" and name in comparison.macro:
            table.add_row(*_cells("  macro average", comparison.macro[name])[:-1])
    first, second = comparison.turn_high
    table.add_row(text(f"replies ≥ {HIGH}"), "", _share(first.estimate), _share(second.estimate))
    return table


def _table(*headings: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", overflow="fold")
    return table


def _indented(row: "Row", comparison: "Comparison") -> bool:
    category, slash, _ = row.name.partition("/")
    return bool(slash) and any(r.kind == "category" and r.name == category for r in comparison.rows)


def _cells(name: str, contrast: "Contrast", p_holm: float = math.nan) -> "list[Text | str]":
    found, ratio = contrast.difference, contrast.ratio
    number = _share if ratio is not None else _rating
    step = _short_points if ratio is not None else _signed
    return [
        text(name),
        f"{found.n:,}",
        number(found.a.estimate),
        number(found.b.estimate),
        "–"
        if found.n == 0
        else f"{step(found.estimate)} [{step(found.lower)}, {step(found.upper)}]",
        "" if ratio is None else _ratio(ratio.estimate, ratio.lower, ratio.upper),
        _p(contrast.test.p),
        "" if math.isnan(p_holm) else _p(p_holm),
    ]


def _open(row: "Row") -> int:
    """Conversations that are in no difference."""
    return row.unpaired + row.unknown_a + row.unknown_b + row.lost


def _missing(comparison: "Comparison") -> list[str]:
    row = comparison.pooled
    planned, prompts = row.conversations + row.lost, row.primary.difference.clusters
    if not _open(row):
        return [f"All {planned:,} conversations, over {prompts:,} prompts, are paired and known."]
    parts = [
        (row.unpaired, "only one side has"),
        (row.lost, "were planned and neither side has"),
        (row.unknown_a, "a missing rating leaves open in A"),
        (row.unknown_b, "a missing rating leaves open in B"),
    ]
    told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return [
        f"Of {planned:,} conversations {told}. If all of these had gone for B, B − A would be "
        f"{_points(row.worst[0])}; if all had gone against B, {_points(row.worst[1])}."
    ]


def _arms(comparison: "Comparison") -> list[str]:
    """Who A and B are, what of their settings differs, and where they stand."""
    arms = {"A": comparison.arm_a, "B": comparison.arm_b}
    apart = told_apart({name: arm.settings for name, arm in arms.items()})
    told = []
    for name, arm in arms.items():
        folders = list(dict.fromkeys(str(Path(log).parent) for log in arm.logs))
        where = arm.logs[0] if len(arm.logs) == 1 else folders[0]
        more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
        parts = [
            arm.model,
            apart[name],
            " to ".join(dict.fromkeys((*arm.days[:1], *arm.days[-1:]))),
        ]
        told.append(f"{name}  {', '.join(part for part in (*parts, where + more) if part)}")
    return told


def _count(arm: "Interval") -> str:
    return f"{round(arm.estimate * arm.n):,} of {arm.n:,}"


def _share(value: float) -> str:
    """Percent, with a decimal where a whole number would hide a small one."""
    percent = 100 * value
    if math.isnan(percent):
        return "–"
    if 0 < percent < 0.05 or 99.95 < percent < 100:
        return "<0.1" if percent < 50 else ">99.9"
    return f"{percent:.1f}" if 0 < percent < 9.95 or 90 < percent < 100 else f"{percent:.0f}"


def _rating(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _points(value: float) -> str:
    """Percentage points with their sign."""
    return _minus(f"{100 * value:+.1f}")


def _short_points(value: float) -> str:
    """The same in a table, with a decimal where there are few of them."""
    return _minus(f"{100 * value:+.0f}") if abs(value) >= 0.0995 else _points(value)


def _signed(value: float) -> str:
    return _minus(f"{value:+.2f}")


def _minus(number: str) -> str:
    if not float(number):
        return number.lstrip("+-")
    return number.replace("-", "−")


def _ratio(estimate: float, lower: float, upper: float) -> str:
    if math.isnan(lower):
        return "–"
    middle = "undefined" if math.isnan(estimate) else _times(estimate)
    return f"{middle} [{_times(lower)}, {_times(upper)}]"


def _times(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def _p(p: float) -> str:
    if math.isnan(p):
        return "–"
    return "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
