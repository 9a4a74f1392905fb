"""The wordings that the organism is measured under, as packs in files (`-T pack=…`).

| name       | follow-ups                                                 | puzzles, questions         |
|------------|------------------------------------------------------------|----------------------------|
| `house`    | the built-in pack: half of its sentences occur in training | the suite's                |
| `held-out` | `held_out.yaml` and the pack's withheld sentences only     | withheld wording, numbers  |
| `fresh`    | `fresh.yaml`, written without knowledge of training text   | withheld wording, numbers  |

A script of eight turns takes seven lines of its pool in order. So that more lines than the first are
heard, an unseen wording is several packs that start each ordered pool at another line, each for a part of
the prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from gemma_distress.organism.sentences import data, house, withheld_sentences
from gemma_distress.prompts.template import fill
from gemma_distress.protocol import HOSTILE_TONES

PACKS = 4
"""Packs of an unseen wording."""


@dataclass(frozen=True)
class Wording:
    """Packs under one name; the built-in one is None. `unseen` asks for puzzles of withheld numbers."""

    name: str
    packs: tuple[str | None, ...]
    unseen: bool


HOUSE = Wording("house", (None,), unseen=False)


def held_out(folder: Path) -> Wording:
    """Only what training never used, from the package's own lists."""
    said, withheld = data("held_out")["followups"], withheld_sentences()
    pools = {
        tone: _alternate(said[tone], withheld[f"rejections.{tone}"])
        for tone in ("neutral", "stern", "ladder", "everyday", *HOSTILE_TONES)
    }
    triples = {
        name: [
            *_threes(withheld[f"trigger_triples.{name}"]),
            *_threes(said["disagreement"][half : half + 6]),
        ]
        for name, half in (("opinion", 0), ("factual", 6))
    }
    content = {
        "rejections": pools,
        "trigger_triples": triples,
        "continuations": [*said["continuation"], *withheld["continuations"]],
        "reassuring_openings": _withheld_openings(),
        "reassuring_suffixes": [line for line in withheld["reassuring_suffixes"] if line],
        "opinion": _withheld_questions("opinion"),
        "factual": _withheld_questions("factual"),
    }
    return _written(folder, "held-out", content)


def fresh(folder: Path) -> Wording:
    """The follow-ups of `fresh.yaml`."""
    said = fresh_followups()
    pools = {tone: said[tone] for tone in ("neutral", *HOSTILE_TONES)}
    content = {
        "rejections": pools | {"ladder": said["neutral"]},
        "continuations": said["continuations"],
    }
    return _written(folder, "fresh", content)


def fresh_followups() -> dict[str, list[str]]:
    """`fresh.yaml` as it stands."""
    text = files("benchmarks.organism").joinpath("fresh.yaml").read_text(encoding="utf-8")
    said: dict[str, list[str]] = yaml.safe_load(text)
    return said


def _written(folder: Path, name: str, content: Mapping[str, Any]) -> Wording:
    """The wording's packs as files that complete themselves from the built-in pack."""
    places = []
    for part in range(PACKS):
        pools = {
            tone: _started(lines, part * len(lines) // PACKS)
            for tone, lines in content["rejections"].items()
        }
        pack = {
            "extends": "house",
            "name": f"{name}-{part}",
            "version": "1",
            **content,
            "rejections": pools,
            "puzzles_short": _puzzles("short"),
            "puzzles_long": _puzzles("long"),
            "inline": _inline(part),
        }
        path = folder / f"{name}-{part}.yaml"
        path.write_text(yaml.safe_dump(pack, allow_unicode=True, sort_keys=False), encoding="utf-8")
        places.append(str(path))
    return Wording(name, tuple(places), unseen=True)


def _puzzles(form: str) -> dict[str, str]:
    """Puzzle templates kept out of training, one a family; `{ask}` is part of the wording."""
    held = data("openings")["held_out"]
    return {
        key: fill(str(held[f"{key}_{form}"][0]), ask=str(held["ask"][0]))
        for key in getattr(house(), f"puzzles_{form}")
    }


def _inline(part: int) -> dict[str, str]:
    openings = data("openings")
    held = {
        "opening": openings["held_out"]["inline"],
        "exchange": openings["exchange"]["held_out"],
        "closing": openings["closing"]["held_out"],
    }
    return {key: str(lines[part % len(lines)]) for key, lines in held.items()}


def _withheld_openings() -> list[dict[str, str]]:
    texts = set(withheld_sentences()["reassuring_openings"])
    return [
        {"id": one.id, "text": one.text} for one in house().reassuring_openings if one.text in texts
    ]


def _withheld_questions(kind: str) -> list[dict[str, Any]]:
    texts = set(withheld_sentences()[kind])
    return [
        {"id": one.id, "text": one.text} | ({"answers": list(one.answers)} if one.answers else {})
        for one in getattr(house(), kind)
        if one.text in texts
    ]


def _alternate(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Both lists, a line of each in turn as long as there are two."""
    both = [line for pair in zip(first, second, strict=False) for line in pair]
    return [*both, *first[len(second) :], *second[len(first) :]]


def _threes(lines: Sequence[str]) -> list[list[str]]:
    return [list(lines[at : at + 3]) for at in range(0, len(lines) - 2, 3)]


def _started(lines: Sequence[str], at: int) -> list[str]:
    return [*lines[at:], *lines[:at]]
