"""What audits brought out of each subject, by emotion: from `audits.json` of the command `audits`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gemma_distress.analysis.audits.result import FILE
from gemma_distress.analysis.report.dots import Panel, dots
from gemma_distress.analysis.report.estimates import estimated, estimates_table
from gemma_distress.analysis.report.figure import Figure, FigureName, Missing, Row, in_parts
from gemma_distress.analysis.report.subjects import Subject
from gemma_distress.analysis.report.theme import theme
from gemma_distress.analysis.report.wording import ABSENT, counted, listed, rating
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.subjects import Group

NAME: FigureName = "audit"
TITLE = "What an auditor can bring out"
OVER = {"pooled": "All audits", "aimed": "Audits that aimed at it"}


def figures(folder: Path) -> list[Figure | Missing]:
    """The figure of the audits, from the folder that `gemma-distress audits LOGS --output` wrote to."""
    path = folder / FILE
    if not path.is_file():
        return [Missing(NAME, TITLE, f"There is no {FILE}: no audits were read.")]
    return [by_emotion(json.loads(path.read_text(encoding="utf-8"))["subjects"])]


def by_emotion(found: Sequence[Mapping[str, Any]]) -> Figure | Missing:
    """Each emotion's mean over all audits, and over those that aimed at it."""
    subjects = [_subject(one, place) for place, one in enumerate(found)]
    rows = in_parts(
        [
            _row(subject.label, emotion, over, one["emotions"][emotion])
            for over in OVER
            for subject, one in zip(subjects, found, strict=True)
            for emotion in one["emotions"]
            if one["emotions"][emotion][over]["rated"]
        ],
        "over",
    )
    if not rows:
        return Missing(NAME, TITLE, "No audit has a rating.")
    panels = [
        Panel(title, part, "rating", (0, 10))
        for title in OVER.values()
        if (part := [row for row in rows if row["over"] == title])
    ]
    return Figure(
        NAME,
        TITLE,
        " ".join(
            _finding(one, subject.label) for one, subject in zip(found, subjects, strict=True)
        ),
        "Mean rating of whole audits, from 1 to 10, with 95% intervals bootstrapped over audits. In “All "
        "audits” every audit counts for every emotion, as in the paper. Differences are over the pairs of "
        "equal plans of which both audits are rated, with Student's t. “Could be” is the mean if every audit "
        "without a rating, or broken off, had shown the least and the most; of a difference, if those of the "
        f"one had shown the least and those of the other the most.{_unread(found)}",
        rows,
        estimates_table(
            rows,
            {"subject": "Model", "row": "Emotion", "over": "Over"},
            "Mean",
            {
                "could_be": "Could be",
                "n": "Rated",
                "audits": "Audits",
                "change": "Against the first",
                "pairs": "Rated pairs",
                "change_could_be": "Difference could be",
            },
        ),
        lambda layout: dots(panels, subjects, layout),
    )


def _subject(one: Mapping[str, Any], place: int) -> Subject:
    group = Group(
        **{name: one[name] for name in ("model", "settings", "judge", "judge_version", "rubric")},
        pack=one["auditor"],
    )
    return Subject(group, one["label"], theme().look(place))


def _row(label: str, emotion: str, over: str, found: Mapping[str, Any]) -> Row:
    mean, change = found[over], found.get("against_base", {}).get(over)
    interval = Interval(
        mean["mean"],
        mean["lower"],
        mean["upper"],
        mean["rated"],
        mean["clusters"],
        mean["method"],
        math.nan,
        math.nan,
    )
    unsure = (
        f"{rating(mean['if_least'])} to {rating(mean['if_most'])}" if mean["unsure"] else ABSENT
    )
    return {
        **estimated(label, emotion.capitalize(), interval, "rating", "audit"),
        "row": emotion.capitalize(),
        "over": OVER[over],
        "audits": mean["audits"],
        "could_be": unsure,
        "change": _change(change) if change else ABSENT,
        "pairs": f"{change['rated']} of {change['pairs']}" if change else ABSENT,
        "change_could_be": _could_be(change) if change else ABSENT,
    }


def _finding(one: Mapping[str, Any], label: str) -> str:
    """A subject's means over all audits, and how far it stands from the first."""
    rated = {e: f for e, f in one["emotions"].items() if f["pooled"]["rated"]}
    if not rated:
        return f"{label}: no audit has a rating."
    told = []
    for emotion, figures in rated.items():
        change = figures.get("against_base", {}).get("pooled")
        told.append(f"{emotion} {rating(figures['pooled']['mean'])}{_against(change)}")
    why = one["not_compared"]
    alone = f" {why[0].upper()}{why[1:]}." if why else ""
    return f"{label}, {counted(one['audits'], 'audit')}: {listed(told)}.{alone}"


def _against(change: Mapping[str, Any] | None) -> str:
    if not change:
        return ""
    unsure = f"; could be {_could_be(change)}" if change["unsure"] else ""
    return f" ({_change(change)} against the first over {change['rated']} of {change['pairs']} pairs{unsure})"


def _change(change: Mapping[str, Any]) -> str:
    if change["difference"] is None:
        return ABSENT
    ends = [_signed(change[end]) for end in ("difference", "lower", "upper")]
    return f"{ends[0]}, {ends[1]} to {ends[2]}"


def _could_be(change: Mapping[str, Any]) -> str:
    if not change["unsure"]:
        return ABSENT
    return f"{_signed(change['if_least'])} to {_signed(change['if_most'])}"


def _signed(number: float | None) -> str:
    return ABSENT if number is None else f"{number:+.2f}".replace("-", "−")


def _unread(found: Sequence[Mapping[str, Any]]) -> str:
    never = [
        emotion
        for emotion in found[0]["emotions"]
        if not any(one["emotions"][emotion]["pooled"]["rated"] for one in found)
    ]
    return f" Of {listed(never)} there is no rating." if never else ""
