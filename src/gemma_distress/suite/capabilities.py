"""Both arms of a comparison of abilities: the same benchmarks for two models, in folders that go on.

Each arm is a set of Inspect's (`eval_set`) in a folder of its own, so the same command asks what has not been
answered yet; how that outlives a kill is told in `suite.run`. `run.json` says which run it is, lest answers
of another be mixed in.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfigArgs, Model

from gemma_distress.errors import UsageError, inspect_sentence
from gemma_distress.finetune.adapter import read_adapter
from gemma_distress.protocol import DEFAULT_GRADER, DEFAULT_SEED
from gemma_distress.scorers.suppressed import GRADER_FAILED
from gemma_distress.suite.benchmarks import build, by_benchmark
from gemma_distress.suite.folder import (
    RECORD,
    TaskLog,
    locked,
    read_record,
    set_aside,
    sweep,
    task_logs,
)
from gemma_distress.suite.options import SuiteOptions
from gemma_distress.suite.plan import differences
from gemma_distress.suite.subjects import (
    LOADS_WEIGHTS,
    make_grader,
    make_subject,
    organism_hash,
    public,
    public_address,
)

BASE, TUNED = "base", "tuned"
"""Folders of the arms."""


@dataclass(frozen=True)
class CapabilityOptions:
    """What decides the answers of both arms."""

    model: str
    against: str
    output: Path
    tasks: Sequence[str]
    """Names of benchmarks."""
    task_args: Mapping[str, Any] = field(default_factory=dict)
    """By `BENCHMARK.NAME`."""
    model_args: Mapping[str, Any] = field(default_factory=dict)
    model_base_url: str | None = None
    grader: str = DEFAULT_GRADER
    """Of what rules do not decide."""
    temperature: float = 0.0
    max_tokens: int | None = None
    sampling_seed: int | None = None
    limit: int | None = None
    max_connections: int | None = None
    display: str = "none"

    def __post_init__(self) -> None:
        if self.model == self.against:
            raise UsageError(
                f"--model and --against are both {self.model}, so nothing would be compared. Name another "
                "model as one of them."
            )

    def arm(self, model: str) -> SuiteOptions:
        """The model as the suite makes it."""
        return SuiteOptions(
            model=model, model_args=self.model_args, model_base_url=self.model_base_url
        )


@dataclass(frozen=True)
class Answered:
    """Where the logs of both arms lie, and what they lack."""

    base: Path
    tuned: Path
    answered: bool
    """Every item, by both models."""
    ungraded: Mapping[Path, int]
    """By log, the replies that the grader failed on; what nobody was asked to grade is none of them."""
    set_aside: Sequence[str]
    """Logs that could not be read and are left out, by the names that they had."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.answered and not self.ungraded


def run_capabilities(options: CapabilityOptions) -> Answered:
    """Ask both models what they have not been asked yet.

    Raises:
        UsageError: a model, grader or benchmark cannot be used, or the folder holds another run.
    """
    tasks = _built(options)
    arms = {BASE: options.arm(options.model), TUNED: options.arm(options.against)}
    subjects = {name: _subject(arm) for name, arm in arms.items()}
    grader = make_grader(options.grader, None) if "suppression" in tasks else None
    answered, torn, ungraded = True, list[str](), dict[Path, int]()
    with locked(options.output):
        _check_owner(options)
        for name, arm in arms.items():
            folder = options.output / name
            torn += set_aside(folder)
            subject = subjects[name] or make_subject(arm)
            answered &= _answers(options, folder, subject, list(tasks.values()), grader)
            logs = task_logs(folder)
            sweep(folder, logs)
            ungraded |= _ungraded(logs.values())
    return Answered(options.output / BASE, options.output / TUNED, answered, ungraded, torn)


def planned_items(options: CapabilityOptions) -> dict[str, int]:
    """How many items of each benchmark either model would be asked; no model is made.

    Raises:
        UsageError: a benchmark cannot be used, or an organism's folder or adapter is not there.
    """
    for model in (options.model, options.against):
        _check_folders(options.arm(model))
    counts = {name: len(task.dataset) for name, task in _built(options).items()}
    return {name: min(count, options.limit or count) for name, count in counts.items()}


def _built(options: CapabilityOptions) -> dict[str, Task]:
    arguments = by_benchmark(options.tasks, options.task_args)
    return {name: build(name, arguments[name]) for name in options.tasks}


def _subject(arm: SuiteOptions) -> Model | None:
    """The model, before anything is asked; None where it takes memory until its turn."""
    _check_folders(arm)
    return None if arm.model.split("/")[0] in LOADS_WEIGHTS else make_subject(arm)


def _check_folders(arm: SuiteOptions) -> None:
    """Refuse an organism that has no weights or no adapter where it is said to have them."""
    name, colon, adapter = arm.model.partition(":")
    if not name.startswith("gemma_distress/"):
        return
    if name not in ("gemma_distress/organism", "gemma_distress/organism_base"):
        make_subject(arm)  # none that loads anything
        return
    given = arm.model_args.get("model_path")
    if given is not None and not (Path(str(given)).expanduser() / "model.safetensors").is_file():
        raise UsageError(
            f"There is no model in {given}, which -M model_path names: it has no model.safetensors."
        )
    if colon:
        try:
            read_adapter(Path(adapter.strip()).expanduser())
        except UsageError as error:
            raise UsageError(f"{arm.model} cannot be used: {error}") from error


def _answers(
    options: CapabilityOptions,
    folder: Path,
    subject: Model,
    tasks: list[Task],
    grader: Model | None,
) -> bool:
    settings: GenerateConfigArgs = {"temperature": options.temperature}
    if options.max_tokens is not None:
        settings["max_tokens"] = options.max_tokens
    if options.sampling_seed is not None:
        settings["seed"] = options.sampling_seed
    if options.max_connections is not None:
        settings["max_connections"] = options.max_connections
    try:
        # Inspect prints a closing line whatever the display.
        with contextlib.redirect_stdout(sys.stderr):
            complete, logs = eval_set(
                tasks=tasks,
                log_dir=str(folder),
                model=subject,
                model_roles={"grader": grader} if grader else None,
                epochs=1,
                retry_attempts=1,
                retry_immediate=True,
                display=options.display,  # type: ignore[arg-type]
                limit=options.limit,
                # Else a limit would take the first kinds of item of a benchmark and no other.
                sample_shuffle=DEFAULT_SEED if options.limit else None,
                log_buffer=1,
                log_realtime=False,
                **settings,
            )
    except PrerequisiteError as error:
        raise UsageError(inspect_sentence(error)) from error
    return complete and all(log.status == "success" for log in logs)


def _ungraded(logs: Iterable[TaskLog]) -> dict[Path, int]:
    """By log, how many replies the grader failed on; only those with any."""
    failed = {
        Path(log.info.name.removeprefix("file://")): sum(
            score.reason == GRADER_FAILED
            for summary in log.summaries
            for score in (summary.scores or {}).values()
        )
        for log in logs
    }
    return {path: count for path, count in failed.items() if count}


def _check_owner(options: CapabilityOptions) -> None:
    """Refuse a folder of another run, and say in it which run this is.

    Until the other model has a log, the answers of the base are for whichever it is compared with.
    """
    identity = {
        "model": options.model,
        "against": options.against,
        "weights": [organism_hash(options.arm(one)) for one in (options.model, options.against)],
        "model arguments": public(options.model_args),
        "model address": public_address(options.model_base_url),
        "grader": options.grader,
        "tasks": list(options.tasks),
        "task arguments": dict(options.task_args),
        "temperature": options.temperature,
        "max tokens": options.max_tokens,
        "sampling seed": options.sampling_seed,
        "limit": options.limit,
    }
    identity = json.loads(json.dumps(identity, default=str))
    record = read_record(options.output)
    if record is not None:
        _refuse_another(options.output, identity, record["run"])
    if record is None or record["run"] != identity:
        draft = options.output / f"{RECORD}.tmp"
        draft.write_text(json.dumps({"run": identity}, indent=1, ensure_ascii=False), "utf-8")
        draft.replace(options.output / RECORD)


def _refuse_another(folder: Path, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    of_base = differences(_of_base(ours), _of_base(theirs))
    differ = differences(ours, theirs) if any((folder / TUNED).glob("*.eval")) else of_base
    if differ:
        remedy = "remove this one"
        if not of_base:
            remedy = f"remove {folder / TUNED}, and the answers of the base are taken from here"
        raise UsageError(
            f"{folder} holds a run that differs from this one in: {', '.join(differ)}. "
            f"Name another --output, or {remedy}."
        )


def _of_base(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the answers of the base."""
    return {**identity, "against": None, "weights": identity["weights"][:1]}
