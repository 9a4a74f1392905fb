"""Did calm cost ability, and what it should still do: two forest plots from `capabilities.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gemma_distress.analysis.report.dots import Panel, dots, reach
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row, Table
from gemma_distress.analysis.report.subjects import Subject, subjects_of
from gemma_distress.analysis.report.wording import counted, limit, listed, points, share
from gemma_distress.analysis.subjects import Group
from gemma_distress.visible import one_line

RESULT = "capabilities.json"
"""What `gemma-distress capabilities --output FOLDER` writes there."""
ABILITIES, SUPPRESSION = "What the change cost in ability", "What a calm model should still do"
_TITLES: dict[FigureName, str] = {"capabilities": ABILITIES, "suppression": SUPPRESSION}


def figures(folder: Path) -> list[Figure | Missing]:
    """Both figures, or the reasons that there are none."""
    try:
        found: dict[str, Any] = json.loads((folder / RESULT).read_text("utf-8"))
        abilities = [*found["rows"], *([found["pooled"]] if found["pooled"] else [])]
        asked = list(found["suppression"])
    except OSError:
        why = f"There is no {RESULT}. `gemma-distress capabilities --output` writes it."
        return [Missing(name, title, why) for name, title in _TITLES.items()]
    except (ValueError, KeyError, TypeError):
        why = f"{RESULT} cannot be read. Run `gemma-distress capabilities` again."
        return [Missing(name, title, why) for name, title in _TITLES.items()]
    return [_figure("capabilities", found, abilities), _figure("suppression", found, asked)]


def _figure(
    name: FigureName, found: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Figure | Missing:
    title = _TITLES[name]
    subject = _subject(str(found["model_b"]))
    known = [row for row in rows if row["found"]["difference"]["estimate"] is not None]
    unknown = [one_line(row["name"]) for row in rows if row not in known]
    if not known:
        why = "No item has a score on both sides."
        if unknown:
            why += f" Without any: {listed(unknown)}; offline no rule decides these."
        return Missing(name, title, why if rows else "It was not asked.")
    drawn = [_row(subject.label, row) for row in known]
    margin = float(found["margin"])
    panel = Panel("", drawn, "points", reach(drawn), reference=-margin)
    note = (
        f"Difference in the mean score on the same items, {subject.label} less the base, in points, with "
        f"one-sided {limit(float(found['level']))} bounds clustered by item. The line marks the margin of "
        f"{limit(margin)}: PASS where the interval lies right of it, FAIL where left. What is missing counts "
        "against either verdict."
    )
    if unknown:
        note += f" Without any score, and not drawn: {listed(unknown)}."
    if any(row["nothing_to_lose"] for row in drawn) and name == "capabilities":
        note += " All abilities leaves out the rows in which the base has no more than the margin to lose."
    return Figure(
        name,
        title,
        _finding(drawn),
        note,
        drawn,
        _table(drawn),
        lambda layout: dots([panel], [subject], layout),
    )


def _row(subject: str, row: Mapping[str, Any]) -> Row:
    found, difference = row["found"], row["found"]["difference"]
    estimate, lower, upper = (
        float(value) for value in (difference["estimate"], found["lower"], found["upper"])
    )
    name, ends = one_line(row["name"]), f"{points(lower)} to {points(upper)}"
    floor = bool(row["nothing_to_lose"])
    verdict = "nothing to lose" if floor else str(found["verdict"])
    needed = None if floor else row["items_needed"]
    return {
        "subject": subject,
        "row": name[0].upper() + name[1:],
        "part": 0,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "share_a": float(difference["a"]["estimate"]),
        "share_b": float(difference["b"]["estimate"]),
        "n": int(found["items"]),
        "missing": int(found["unknown"]),
        "needed": math.nan if needed is None else int(needed),
        "verdict": verdict,
        "nothing_to_lose": floor,
        "number": points(estimate),
        "range": ends,
        "says": f"{name}: {points(estimate)} points ({ends}), {counted(found['items'], 'item')}, "
        f"{verdict}",
    }


def _finding(rows: Sequence[Row]) -> str:
    told, floor = [], [str(row["row"]) for row in rows if row["nothing_to_lose"]]
    for verdict, words in (
        ("FAIL", "A loss beyond the margin is shown in"),
        ("PASS", "Such a loss is excluded in"),
        ("UNDECIDED", "Too few items to tell:"),
    ):
        names = [
            f"{row['row']} ({row['number']})"
            for row in rows
            if row["verdict"] == verdict and not row["nothing_to_lose"]
        ]
        if names:
            told.append(f"{words} {listed(names)}.")
    if floor:
        told.append(f"The base has no more than the margin to lose in {listed(floor)}.")
    return " ".join(told)


def _table(rows: Sequence[Row]) -> Table:
    headings = (
        "",
        "Difference (points)",
        "Bounds",
        "Base",
        "Changed",
        "Items",
        "Missing",
        "Verdict",
        "Needed",
    )
    lines = [
        [
            str(row["row"]),
            str(row["number"]),
            str(row["range"]),
            share(float(row["share_a"])),
            share(float(row["share_b"])),
            f"{row['n']:,}",
            f"{row['missing']:,}",
            str(row["verdict"]),
            "–" if math.isnan(float(row["needed"])) else f"{row['needed']:,}",
        ]
        for row in rows
    ]
    return Table(headings, lines, frozenset((1, 2, 3, 4, 5, 6, 8)))


def _subject(model: str) -> Subject:
    [subject] = subjects_of(
        [Group(model=model, settings="", judge="", judge_version="", rubric="", pack="")]
    )
    return subject
