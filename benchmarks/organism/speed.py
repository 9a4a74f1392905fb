"""How fast replies come through Inspect, in which batches, where the time goes, whether a seed repeats.

The *wall* is the time from the start of the first conversation to the end of the last, as logged; what
Inspect needs before and after (tasks, log files) is its own column. To split the wall, the same conversations
are held once more with a subject that gives the same replies at once: the *model*'s part is what that saves.
Of the rest, the *judge* is the working time logged for the grader's calls, *framework* what remains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from benchmarks.organism import markdown as md
from benchmarks.organism.runs import Reply, Run, Runner, Sitting, conversation_of
from benchmarks.organism.study import Condition, Study
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput, ModelUsage, get_model
from inspect_ai.tool import ToolChoice, ToolInfo

TIMED: tuple[tuple[str, Condition], ...] = (("house", "extended"),)
"""Conditions that run alone, are timed, and are run once more with their replies at once."""

REPEATED: tuple[tuple[str, Condition], ...] = (("house", "numeric"), ("house", "wildchat"))
"""Conditions that are run a second time with the same seed, in other batches."""

BATCH_SIZE = "batch_size"
"""Where the provider notes in an output's metadata how many replies were written when it began."""


def speed(study: Study) -> str:
    """Four tables: speed by sitting, sizes of batches, the split of the wall, repetition."""
    runner = study.runner
    firsts = {key: study.run(*key) for key in TIMED}
    seconds = {}
    for key in REPEATED:
        name = f"{' '.join(key)} again"
        seconds[key] = runner.run({name: study.task(*key)})[name]
    timed = [_cells(sitting.name, *_measured(sitting)) for sitting in runner.sittings]
    total = [sum(column) for column in zip(*map(_measured, runner.sittings), strict=True)]
    timed.append(_cells("**all**", *total))
    split = [_split_row(study, key, run) for key, run in firsts.items()]
    headings = ["run", "replies", "tokens", "wall s", "before and after s", "replies/s", "tokens/s"]
    parts = ["model s", "judge s", "framework s"]
    same = [_same(study.run(*key), again) for key, again in seconds.items()]
    return "\n\n".join(
        [
            md.table(headings, timed),
            _sizes(runner.runs),
            md.table(["run", "replies", "wall s", *parts], split),
            md.table(["run twice", "replies", "same text", "same rating", "same end"], same),
        ]
    )


def _measured(sitting: Sitting) -> tuple[float, float, float, float]:
    """Replies, tokens, wall, time before and after."""
    replies = [r for run in sitting.runs for one in run.conversations for r in one.replies]
    wall = _wall(sitting.runs)
    return len(replies), sum(reply.tokens for reply in replies), wall, sitting.seconds - wall


def _cells(name: str, replies: float, tokens: float, wall: float, around: float) -> list[object]:
    rates = [f"{replies / wall:.1f}", f"{tokens / wall:,.0f}"]
    return [name, f"{replies:,}", f"{tokens:,}", f"{wall:.1f}", f"{around:.1f}", *rates]


def _split_row(study: Study, key: tuple[str, Condition], run: Run) -> list[object]:
    runner = Runner(_replaying(run), study.runner.seed, study.runner.log_dir)
    replayed = runner.run({run.name: study.task(*key)})[run.name]
    if not all(a.text == b.text for a, b in _pairs(run, replayed)):
        raise RuntimeError(f"the replay of {run.name} is not the same run")
    wall, rest = _wall([run]), _wall([replayed])
    judge = sum(e.working_time or 0.0 for e in _events(replayed) if e.role == "grader")
    shares = [
        f"{part:.1f} ({100 * part / wall:.0f}%)" for part in (wall - rest, judge, rest - judge)
    ]
    return [run.name, run.replies, f"{wall:.1f}", *shares]


def _replaying(run: Run) -> Model:
    """A subject that gives the replies of a run at once; a reply's seed says which it is."""
    known: dict[int | None, Reply] = {}
    for sample in run.log.samples or []:
        calls = [event for event in model_events(sample) if event.role != "grader"]
        said = conversation_of(sample).replies
        known |= {event.config.seed: one for event, one in zip(calls, said, strict=True)}

    def reply(
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        found = known[config.seed]
        output = ModelOutput.from_content("mockllm/model", found.text)
        # Stated, because Inspect would otherwise count with a tokenizer that it downloads.
        output.usage = ModelUsage(output_tokens=found.tokens)
        return output

    return get_model("mockllm/model", custom_outputs=reply)


def _wall(runs: Sequence[Run]) -> float:
    moments = [
        _moment(moment)
        for run in runs
        for sample in run.log.samples or []
        for moment in (sample.started_at, sample.completed_at)
        if moment is not None
    ]
    return max(moments) - min(moments)


def model_events(sample: EvalSample) -> list[ModelEvent]:
    """The calls of a conversation in order, the grader's among them."""
    return [event for event in sample.events if isinstance(event, ModelEvent)]


def _events(run: Run) -> Iterator[ModelEvent]:
    for sample in run.log.samples or []:
        yield from model_events(sample)


def _moment(value: Any) -> float:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.timestamp()


def _sizes(runs: Sequence[Run]) -> str:
    sizes = Counter[int]()
    for event in (event for run in runs for event in _events(run)):
        size = (event.output.metadata or {}).get(BATCH_SIZE)
        if event.role != "grader" and size:
            sizes[int(size)] += 1
    if not sizes:
        return "The provider noted no batch sizes."
    drawn = np.repeat(list(sizes), list(sizes.values()))
    middle = [f"{value:.0f}" for value in np.percentile(drawn, [0, 10, 50, 90, 100])]
    headings = ["written together, at a reply's start: replies", "least", "10th percentile"]
    return md.table([*headings, "median", "90th", "most"], [[f"{drawn.size:,}", *middle]])


def _same(first: Run, second: Run) -> list[object]:
    """How many replies of two runs are alike."""
    pairs = _pairs(first, second)
    alike = [
        [a.text == b.text for a, b in pairs],
        [a.rating == b.rating or (a.rating != a.rating and b.rating != b.rating) for a, b in pairs],
        [(a.stop_reason, a.tokens) == (b.stop_reason, b.tokens) for a, b in pairs],
    ]
    return [first.name, len(pairs), *(f"{sum(same)} of {len(same)}" for same in alike)]


def _pairs(first: Run, second: Run) -> list[tuple[Reply, Reply]]:
    ours, theirs = _replies(first), _replies(second)
    if ours.keys() != theirs.keys():
        raise RuntimeError(f"two runs of {first.name} hold different conversations")
    return [(ours[key], theirs[key]) for key in ours]


def _replies(run: Run) -> dict[tuple[str, int], Reply]:
    return {
        (one.sample_id, reply.turn): reply for one in run.conversations for reply in one.replies
    }
