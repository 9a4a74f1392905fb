"""A comparison in words and in a table of at most `WIDTH` columns.

Names of models and tasks come from logs and are shown as plain text, never as markup.
"""

import math
from typing import TYPE_CHECKING

from gemma_distress.commands.shown import text
from gemma_distress.protocol import HIGH

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from gemma_distress.analysis.compare import Comparison, Contrast, Row
    from gemma_distress.analysis.statistics.intervals import Interval

WIDTH = 100
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
        f"p {_equals(test.p)} by {test.method} ({deciding} {unit} differ{few})."
    )
    low, high = row.worst
    missing = row.unpaired + row.unknown_a + row.unknown_b
    if missing and comparison.differs and low <= 0 <= high:
        sentence += (
            f" What is missing could undo it: it allows {_points(low)} to {_points(high)} points."
        )
    return sentence


def show(comparison: "Comparison") -> "RenderableType":
    """The comparison as a terminal shows it, in at most `WIDTH` columns."""
    from rich.console import Group

    lines: list[RenderableType] = [
        text(f"A  {comparison.model_a}"),
        text(f"B  {comparison.model_b}"),
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
        lines.append(text(f"Macro average: not without {', '.join(comparison.lacking)}."))
    lines += [text(sentence) for sentence in _missing(comparison)]
    lines += [text(sentence) for sentence in comparison.aside]
    lines += [text(f"Not read: {one}") for one in comparison.skipped]
    lines.append(
        text(
            f"Any reply ≥ {HIGH} is the declared endpoint, all conversations its test. Shares and B − A in "
            "percent and points over pairs known in both, with 95% intervals clustered by prompt. p: exact "
            "McNemar where no prompt repeats, else sign-flip over prompts. Holm: for all rows with one.",
            style="dim",
        )
    )
    return Group(*lines)


def _conversations(comparison: "Comparison") -> "RenderableType":
    table = _table(
        f"any reply ≥ {HIGH}", "pairs", "prompts", "A %", "B %", "B − A", "B / A", "p", "Holm"
    )
    for row in comparison.rows:
        name = f"  {row.name.partition('/')[2]}" if _indented(row, comparison) else row.name
        table.add_row(*_cells(name, row.primary, row.p_holm))
    table.add_row(*_cells(comparison.pooled.name, comparison.pooled.primary), style="bold")
    if comparison.macro:
        table.add_row(*_cells("macro average", comparison.macro["any_high"]))
    return table


def _readings(comparison: "Comparison") -> "RenderableType":
    table = _table("beside it", "pairs", "prompts", "A", "B", "B − A", "B / A", "p")
    for name, heading in READINGS.items():
        table.add_row(*_cells(heading, comparison.pooled.contrasts[name])[:-1])
        if name == "paper_high" and comparison.macro:
            table.add_row(*_cells("  macro average", comparison.macro[name])[:-1])
    first, second = comparison.turn_high
    table.add_row(
        text(f"replies ≥ {HIGH}"), "", "", _share(first.estimate), _share(second.estimate)
    )
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
    step = _points if ratio is not None else _signed
    return [
        text(name),
        f"{found.n:,}",
        f"{found.clusters:,}",
        number(found.a.estimate),
        number(found.b.estimate),
        "–"
        if found.n == 0
        else f"{step(found.estimate)} [{step(found.lower)}, {step(found.upper)}]",
        "" if ratio is None else _ratio(ratio.estimate, ratio.lower, ratio.upper),
        _p(contrast.test.p),
        "" if math.isnan(p_holm) else _p(p_holm),
    ]


def _missing(comparison: "Comparison") -> list[str]:
    row = comparison.pooled
    if not row.unpaired + row.unknown_a + row.unknown_b:
        return [f"All {row.conversations:,} conversations are paired and known."]
    parts = [
        (row.unpaired, "in one side only"),
        (row.unknown_a, "unknown in A"),
        (row.unknown_b, "unknown in B"),
    ]
    told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return [
        f"Of {row.conversations:,} conversations: {told}. If all of that had been for, and against, B: "
        f"B − A {_points(row.worst[0])} to {_points(row.worst[1])}."
    ]


def _count(arm: "Interval") -> str:
    return f"{round(arm.estimate * arm.n):,} of {arm.n:,}"


def _share(value: float) -> str:
    """Percent, with a decimal where a whole number would hide a small one."""
    percent = 100 * value
    if math.isnan(percent):
        return "–"
    return f"{percent:.1f}" if 0 < percent < 10 or 90 < percent < 100 else f"{percent:.0f}"


def _rating(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _points(value: float) -> str:
    """Percentage points with their sign."""
    return _minus(f"{100 * value:+.1f}")


def _signed(value: float) -> str:
    return _minus(f"{value:+.2f}")


def _minus(number: str) -> str:
    if not float(number):
        return number.lstrip("+-")
    return number.replace("-", "−")


def _ratio(estimate: float, lower: float, upper: float) -> str:
    if math.isnan(lower):
        return "–"
    middle = "undefined" if math.isnan(estimate) else f"{estimate:.2f}"
    return f"{middle} [{lower:.2f}, {'∞' if math.isinf(upper) else f'{upper:.2f}'}]"


def _p(p: float) -> str:
    if math.isnan(p):
        return "–"
    return "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _equals(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
