"""What `gemma-distress agreement` prints: a table of measures, the confusion table, corrected rates."""

import math
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table

from gemma_distress.analysis.graders import Found
from gemma_distress.analysis.statistics.agreement import Agreement
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.commands.shown import plain, text
from gemma_distress.protocol import HIGH

WIDTH = 80

NAMES = {
    "kappa": "kappa (quadratic weights)",
    "alpha": "alpha (Krippendorff, ordinal)",
    "exact": "same rating",
    "within_one": "within one",
    "pearson": "Pearson's r",
    "shift": "mean shift, B − A",
    "sensitivity": f"sensitivity (≥ {HIGH})",
    "specificity": f"specificity (≥ {HIGH})",
}
RATES = {
    "turn_high": f"replies rated ≥ {HIGH}",
    "any_high": "conversations with such a reply",
}
"""The rates that are corrected, by the names of the estimands."""

REMARKS = {
    "shift": "rating points",
    "pearson": "hides a shift",
    "sensitivity": "A high, B too",
    "specificity": "A not, B neither",
}
_SHARES = {"exact", "within_one", "sensitivity", "specificity"}


def as_object(found: Found) -> dict[str, Any]:
    """Everything found, for JSON."""
    agreed = found.agreement
    return {
        "a": found.a,
        "b": found.b,
        "reference": "a",
        "cluster": found.cluster,
        "models": found.models,
        "replies": agreed.replies,
        "clusters": agreed.clusters,
        "only_a": agreed.only_a,
        "only_b": agreed.only_b,
        "neither": agreed.neither,
        "weighted": agreed.weighted,
        "unpaired_a": found.unpaired_a,
        "unpaired_b": found.unpaired_b,
        "other_text": found.other_text,
        "labels": found.labels,
        "measures": dict(agreed.measures()),
        "table": agreed.table,
        "raters": {name: dict(one.measures()) for name, one in found.raters.items()},
        "alpha_among_raters": found.alpha_among_raters,
        "corrected": [
            {"model": one.model, "rate": one.rate, "of": one.of, **plain(one.values)}
            for one in found.corrected
        ],
        "not_corrected": found.not_corrected,
        "notes": found.notes,
        "skipped": found.skipped,
    }


def show(found: Found) -> None:
    """Print it, at most `WIDTH` columns wide."""
    console = Console(highlight=False, width=WIDTH)
    agreed = found.agreement
    console.print(_graders(found))
    console.print(text(_counts(found)))
    for note in found.notes:
        console.print(text(note))
    console.print()
    console.print(_measures(agreed))
    if found.labels:
        console.print(
            text(f"Labels count as many replies as they stand for; {found.labels}.", style="dim")
        )
    console.print()
    console.print(text(_unit(agreed)))
    console.print(_confusion(agreed.table))
    if found.raters:
        console.print()
        console.print(_raters(found))
        if any(math.isnan(one.sensitivity.estimate) for one in found.raters.values()):
            console.print(
                text("–: this rater has no label in one of the judge's bands.", style="dim")
            )
        if found.alpha_among_raters is not None:
            alpha = found.alpha_among_raters
            ends = _ends(alpha, _plain)
            console.print(text(f"alpha among the raters: {_plain(alpha.estimate)} {ends}"))
    if found.corrected:
        console.print()
        console.print(Group(*_corrected(found)))
    if found.not_corrected:
        console.print()
        console.print(text(found.not_corrected))


def _graders(found: Found) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_row("A, the reference:", text(found.a))
    table.add_row("B:", text(found.b))
    return table


def _counts(found: Found) -> str:
    agreed = found.agreement
    told = [
        f"{agreed.replies} replies rated by both, in {agreed.clusters} "
        f"{found.cluster}{'s' * (agreed.clusters != 1)}"
        + f" of {len(found.models)} models"
        * (len(found.models) > 1)
    ]
    for count, words in (
        (agreed.only_a, "rated by A only"),
        (agreed.only_b, "rated by B only"),
        (agreed.neither, "rated by neither"),
        (found.unpaired_a, "only in A's logs"),
        (found.unpaired_b, "only in B's logs"),
        (found.other_text, "with another text in B's logs"),
    ):
        if count:
            told.append(f"{count} {words}")
    return "; ".join(told) + "."


def _unit(agreed: Agreement) -> str:
    told = "Replies by rating: rows A, columns B"
    if not agreed.weighted:
        return told
    return (
        f"{told}. Each label counts by the replies it stands for; all cells sum to the "
        f"{agreed.replies} labels."
    )


def _measures(agreed: Agreement) -> Table:
    table = _columns("", "", "95% interval", "")
    for name, interval in agreed.measures().items():
        show_as = _percent if name in _SHARES else _plain
        table.add_row(
            text(NAMES[name]),
            text(show_as(interval.estimate)),
            text(_ends(interval, show_as)),
            text(REMARKS.get(name, "")),
        )
    return table


def _confusion(cells: tuple[tuple[float, ...], ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", justify="right")
    for level in range(len(cells)):
        table.add_column(str(level), justify="right", min_width=4)
    for level, row in enumerate(cells):
        shown = [
            text(_cell(cell), style="bold" if i == level else "") for i, cell in enumerate(row)
        ]
        table.add_row(text(str(level)), *shown)
    return table


def _raters(found: Found) -> Table:
    table = _columns(
        "rater", "labels", "kappa", "same", f"B finds (≥ {HIGH})", f"B passes (< {HIGH})"
    )
    for name, one in found.raters.items():
        table.add_row(
            text(_short(name, 22)),
            str(one.replies),
            _plain(one.kappa.estimate),
            _percent(one.exact.estimate),
            _percent(one.sensitivity.estimate),
            _percent(one.specificity.estimate),
        )
    return table


def _corrected(found: Found) -> Iterator[RenderableType]:
    """For each model its name and a table of its rates; the tables' columns stand in line."""
    for (model, of), rates in groupby(found.corrected, lambda one: (one.model, one.of)):
        yield text(_short(model, 50) + ", logs of --correct" * (of == "correct"), style="bold")
        table = _columns("rate", "measured", "", "corrected", "")
        for column, width in zip(table.columns, (12, 8, 16, 9, 16), strict=True):
            column.min_width = width
        for one in rates:
            measured, corrected = one.values.measured, one.values.corrected
            table.add_row(
                text(one.rate),
                _percent(measured.estimate),
                _ends(measured, _percent),
                _percent(corrected.estimate),
                _ends(corrected, _percent),
            )
        yield table
    told = "; ".join(
        f"{name}: share of {what}"
        for name, what in RATES.items()
        if any(one.rate == name for one in found.corrected)
    )
    yield text(
        f"{told}. Each model's rate by itself, corrected for B's sensitivity and specificity "
        "(Rogan–Gladen); brackets: 95% intervals.",
        style="dim",
    )


def _columns(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right" if name or first else "left", no_wrap=True)
    return table


def _short(name: str, longest: int) -> str:
    """The name, with its middle left out where it is longer."""
    if len(name) <= longest:
        return name
    return f"{name[: longest // 2]}…{name[-(longest - longest // 2 - 1) :]}"


def _cell(count: float) -> str:
    if count == 0:
        return "·"
    return f"{count:.0f}" if count == int(count) or count >= 10 else f"{count:.1f}"


def _ends(interval: Interval, show_as: Any) -> str:
    if math.isnan(interval.lower) or math.isnan(interval.upper):
        return "unknown"
    return f"[{show_as(interval.lower)}, {show_as(interval.upper)}]"


def _plain(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}".replace("-", "−")


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}%"
