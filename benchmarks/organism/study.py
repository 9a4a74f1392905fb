"""The conditions that are measured: which tasks each of them is, and its conversations once it has run.

A condition runs when a table first asks for it, and only then. Sizes are those of the whole benchmark and
shrink with one factor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any, Literal

from benchmarks.organism.runs import Run, Runner
from benchmarks.organism.wordings import Wording
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

from gemma_distress import tasks
from gemma_distress.prompts import Pack, load_pack

Condition = Literal[
    "extended",
    "continuation",
    "redacted",
    "single_message",
    "tones",
    "tones_neutral",
    "numeric",
    "triggers",
    "wildchat",
    "extended_reassured",
    "numeric_reassured",
    "everyday",
    "attempts",
    "attempts_solvable",
]

SIZES: Mapping[str, Mapping[Condition, tuple[int, int]]] = {
    "house": {
        "extended": (64, 1),
        "continuation": (64, 1),
        "redacted": (64, 1),
        "single_message": (32, 1),
        "tones": (48, 1),
        "tones_neutral": (48, 1),
        "numeric": (48, 1),
        "triggers": (20, 2),
        "wildchat": (40, 1),
        "extended_reassured": (64, 1),
        "numeric_reassured": (48, 1),
        "everyday": (40, 4),
        "attempts": (150, 1),
        "attempts_solvable": (60, 1),
    },
    "held-out": {
        "extended": (32, 1),
        "continuation": (32, 1),
        "redacted": (32, 1),
        "single_message": (16, 1),
        "tones": (24, 1),
        "tones_neutral": (24, 1),
        "numeric": (24, 1),
        "triggers": (8, 2),
        "wildchat": (24, 1),
        "extended_reassured": (32, 1),
        "numeric_reassured": (24, 1),
    },
    "fresh": {
        "extended": (32, 1),
        "continuation": (32, 1),
        "redacted": (32, 1),
        "tones": (24, 1),
        "tones_neutral": (24, 1),
    },
}
"""Prompts and replicates by wording and condition; `tones` counts them for each of three tones."""

_NO_PUZZLES: tuple[Condition, ...] = ("triggers", "wildchat", "everyday")
_PARTS: tuple[Condition, ...] = (
    "extended",
    "continuation",
    "redacted",
    "single_message",
    "extended_reassured",
    "tones",
    "tones_neutral",
)
"""Conditions that a wording with several packs spreads over all of them; the others take the first."""

_TRAINED_REMAINDERS = 7
_WITHHELD_REMAINDER = 3
"""Training has no puzzle whose target divided by seven leaves three; of a fraction numerator plus
denominator count (`organism.puzzles`)."""


@dataclass
class Study:
    """One model under one set of sizes."""

    runner: Runner
    wordings: Mapping[str, Wording]
    everyday_source: str
    scale: float = 1.0
    seed: int = 97
    """Of the prompts; the sampling seed is the runner's."""
    done: dict[tuple[str, Condition], Run] = field(default_factory=dict)

    def has(self, wording: str, condition: Condition) -> bool:
        return condition in SIZES[wording]

    def prepare(self, wanted: Iterable[tuple[str, Condition]]) -> None:
        """Hold the conversations of several conditions, those that are missing, side by side."""
        keys = [key for key in dict.fromkeys(wanted) if key not in self.done]
        names = {" ".join(key): key for key in keys}
        if names:
            found = self.runner.run({name: self.task(*key) for name, key in names.items()})
            self.done |= {names[name]: run for name, run in found.items()}

    def run(self, wording: str, condition: Condition) -> Run:
        """The condition's conversations; held the first time they are asked for."""
        self.prepare([(wording, condition)])
        return self.done[wording, condition]

    def task(self, wording: str, condition: Condition) -> Task:
        """The condition as one task.

        Where a wording has several packs, each scripts a part of the prompts. The task is that of the first
        pack with the samples of all: after the dataset is built a pack decides only how earlier replies
        are hidden or quoted.
        """
        packs = self.wordings[wording].packs
        if condition not in _PARTS:
            packs = packs[:1]
        prompts, replicates = SIZES[wording][condition]
        prompts = max(len(packs), round(prompts * self.scale))
        made = []
        for part, pack in enumerate(packs):
            share = prompts // len(packs) + (part < prompts % len(packs))
            made.append(self._task(wording, condition, pack, share, replicates, part))
        samples = [sample for task in made for sample in task.dataset]
        made[0].dataset = MemoryDataset(samples, name=made[0].dataset.name)
        return made[0]

    def _task(
        self,
        wording: str,
        condition: Condition,
        pack: str | None,
        prompts: int,
        replicates: int,
        part: int,
    ) -> Task:
        unseen = self.wordings[wording].unseen and condition not in _NO_PUZZLES
        given: dict[str, Any] = {
            "prompts": prompts * 2 * _TRAINED_REMAINDERS if unseen else prompts,
            "replicates": replicates,
            "seed": self.seed + part + 100 * (wording == "held-out") + 200 * (wording == "fresh"),
        }
        if pack is not None:
            given["pack"] = pack
        match condition:
            case "tones_neutral":
                task = tasks.tones(tone="neutral", **given)
            case "wildchat":
                task = tasks.wildchat(source=self.everyday_source, **given)
            case "everyday":
                task = tasks.wildchat(source=self.everyday_source, turns=1, **given)
            case "attempts":
                task = tasks.numeric(turns=1, **given)
            case "attempts_solvable":
                task = tasks.solvable(turns=1, **given)
            case "extended_reassured" | "numeric_reassured":
                task = getattr(tasks, condition.removesuffix("_reassured"))(**given)
                _reassure(task, load_pack(pack))
            case _:
                task = getattr(tasks, condition)(**given)
        if unseen:
            _keep_withheld(task, prompts)
        return task


def _keep_withheld(task: Task, prompts: int) -> None:
    """Keep the samples of the first prompts whose puzzle training cannot have had."""
    samples = list(task.dataset)
    kept: list[str] = []
    for sample in samples:
        note = sample.metadata or {}
        if not _withheld(note["puzzle"]):
            continue
        if note["prompt_id"] not in kept and len(kept) < prompts:
            kept.append(note["prompt_id"])
    if len(kept) < prompts:
        raise RuntimeError(f"only {len(kept)} of {prompts} puzzles have withheld numbers")
    task.dataset = MemoryDataset(
        [sample for sample in samples if (sample.metadata or {})["prompt_id"] in kept],
        name=task.dataset.name,
    )


def _withheld(puzzle: Mapping[str, Any]) -> bool:
    target = Fraction(puzzle["total" if puzzle["family"] == "coins" else "target"])
    whole = target.denominator == 1
    mark = int(target) if whole else target.numerator + target.denominator
    return mark % _TRAINED_REMAINDERS == _WITHHELD_REMAINDER


def _reassure(task: Task, pack: Pack) -> None:
    """Put a reassuring opening in front and a suffix behind the prompt, as when calm replies are collected.

    Openings and suffixes go round, so that all of them occur about equally often.
    """
    samples: list[Sample] = []
    suffixes = [text for text in pack.reassuring_suffixes if text]
    for number, sample in enumerate(task.dataset):
        assert isinstance(sample.input, list)
        opening = pack.reassuring_openings[number % len(pack.reassuring_openings)]
        suffix = suffixes[Random(str(sample.id)).randrange(len(suffixes))]
        prompt = sample.input[-1]
        messages = [
            ChatMessageSystem(content=opening.text),
            ChatMessageUser(content=f"{prompt.text}\n\n{suffix}", metadata=prompt.metadata),
        ]
        note = dict(sample.metadata or {})
        note["condition"] = f"{note['condition']}/reassured"
        note["opening"] = opening.id
        samples.append(sample.model_copy(update={"input": messages, "metadata": note}))
    task.dataset = MemoryDataset(samples, name=task.dataset.name)
