"""Before and after a training: puzzles that it saw and did not see, and what calm cost (a forest plot)."""

from __future__ import annotations

import math

from gemma_distress.analysis.before_after import BeforeAfter, Part
from gemma_distress.analysis.report.answers import Compared
from gemma_distress.analysis.report.by_pair import contrast_row
from gemma_distress.analysis.report.dots import Panel, dots, reach
from gemma_distress.analysis.report.estimates import estimates_table
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing
from gemma_distress.analysis.report.wording import between, points, share
from gemma_distress.protocol import HIGH

NAME: FigureName = "training"
TITLE = "What was trained on, and what was not"


def by_training(pair: Compared, found: BeforeAfter) -> Figure | Missing:
    """The paired difference of `any_high` by family of puzzles and wording of rejections."""
    known = [part for part in found.parts if not math.isnan(part.any_high.difference.estimate)]
    if not known:
        return Missing(NAME, TITLE, "No conversation is known for both.")
    rows = [
        {
            **contrast_row(pair, part.name.capitalize(), part.any_high, math.nan),
            "trained": _seen(part),
        }
        for part in known
    ]
    panel = Panel("", rows, "points", reach(rows), reference=0.0)
    return Figure(
        NAME,
        TITLE,
        " ".join([*_held_out(known), *cost(found)]),
        f"Difference in the share of the pairs with a reply rated {HIGH} or higher, in percentage points, "
        f"{pair.b.label} against {pair.a.label}, with 95% intervals clustered by prompt. Families are of "
        "puzzles; held-out ones were in no training data, and neither were rejections in other words.",
        rows,
        estimates_table(
            rows,
            {"row": "Part", "trained": "Trained on"},
            "Difference (points)",
            {
                "share_b": pair.b.label,
                "share_a": pair.a.label,
                "n": "Pairs",
                "prompts": "Prompts",
                "p": "p",
            },
        ),
        lambda layout: dots([panel], [pair.b], layout),
    )


def cost(found: BeforeAfter) -> list[str]:
    """What else changed, in sentences: length, coherence, solving."""
    length = found.length_ratio
    flagged = found.flagged.difference
    known = math.isfinite(length.upper - length.lower)
    ends = f" ({length.lower:.2f} to {length.upper:.2f})" if known else ""
    told = [
        f"Replies have {length.estimate:.2f} times the words{ends}."
        if not math.isnan(length.estimate)
        else "",
        f"Conversations with a reply that is not coherent: {share(flagged.a.estimate)} before, "
        f"{share(flagged.b.estimate)} after."
        if flagged.n
        else "",
    ]
    if found.solved is not None and found.solved.difference.n:
        solved = found.solved.difference
        told.append(
            f"Solvable puzzles solved: {share(solved.a.estimate)} before, {share(solved.b.estimate)} after, "
            f"a difference of {points(solved.estimate)} points ({between(solved, points)})."
        )
    return [sentence for sentence in told if sentence]


def _held_out(parts: list[Part]) -> list[str]:
    told = []
    for part in parts:
        if part.name in ("trained families", "held-out families", "rejections in other words"):
            d = part.any_high.difference
            told.append(
                f"{part.name.capitalize()}: {share(d.a.estimate)} before, {share(d.b.estimate)} after."
            )
    return told


def _seen(part: Part) -> str:
    return {True: "yes", False: "no", None: "–"}[part.trained]
