"""The folder of a run: who may write to it, which run it belongs to, and what it already holds.

`run.json` says which run this is, so that no other is mixed in. A lock, held while a process runs, keeps a
second one out. It also tells what Inspect alone cannot know: that a log left as "started" belongs to a
process that has died, so it can go once a newer log holds its conversations.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalLog,
    EvalLogInfo,
    EvalSampleSummary,
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample_summaries,
)

from gemma_distress.errors import UsageError
from gemma_distress.suite.plan import Plan, differences

RECORD = "run.json"
_LOCK = ".gemma-distress.lock"
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class TaskLog:
    """The newest log of one task."""

    info: EvalLogInfo
    header: EvalLog
    summaries: list[EvalSampleSummary]

    @property
    def finished(self) -> frozenset[str]:
        """Ids of the conversations that ended without an error."""
        return frozenset(str(s.id) for s in self.summaries if s.completed and s.error is None)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder, made if need be, for this process alone; a killed process lets go of it.

    Raises:
        UsageError: Another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--log-dir {folder} cannot be made ({error.strerror}). Name a folder that can."
        ) from error
    with (folder / _LOCK).open("a+") as file:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(
                    f"Another gemma-distress run is writing to {folder}. "
                    "Wait until it ends, or stop it first."
                ) from error
        yield


def check_owner(plan: Plan) -> None:
    """Refuse a folder that holds another run's logs.

    Raises:
        UsageError: It does; says what differs.
    """
    record = read_record(plan.log_dir)
    if record is not None:
        differ = differences(plan.identity, record["run"])
        if differ:
            raise UsageError(
                f"{plan.log_dir} holds a run that differs from this one in: {', '.join(differ)}. "
                "Leave --log-dir out, name another folder, or remove this one."
            )
    elif any(plan.log_dir.glob("*.eval")):
        raise UsageError(
            f"{plan.log_dir} holds logs that were not made by gemma-distress run. Name another --log-dir."
        )


def write_record(plan: Plan) -> None:
    """Say in the folder which run it holds and how many conversations that is, by task."""
    record = {
        "run": plan.identity,
        "planned": {name: len(plan.samples(name)) for name in plan.tasks},
        "pack": f"{plan.pack.name} {plan.pack.version} ({plan.pack.hash})",
        "rubric": f"{plan.pack.rubric.version} ({plan.pack.rubric.hash})",
        "graders": [str(grader) for grader in plan.graders],
    }
    target = plan.log_dir / RECORD
    draft = target.with_suffix(".tmp")
    draft.write_text(json.dumps(record, indent=1, ensure_ascii=False), "utf-8")
    draft.replace(target)


def read_record(folder: Path) -> dict[str, Any] | None:
    """What `write_record` wrote; None where there is none or it is torn."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record


def task_logs(folder: Path) -> dict[str, TaskLog]:
    """The newest readable log of each task in the folder, by task name."""
    newest: dict[str, TaskLog] = {}
    for info in sorted(_infos(folder), key=lambda info: info.mtime or 0, reverse=True):
        try:
            header = read_eval_log(info, header_only=True)
            if header.eval.task not in newest:
                newest[header.eval.task] = TaskLog(
                    info, header, read_eval_log_sample_summaries(info)
                )
        except _UNREADABLE:
            continue  # torn by a kill in its first moment; Inspect starts the task afresh
    return newest


def set_aside(folder: Path) -> list[str]:
    """Rename logs that cannot be read to NAME.unreadable, which nobody reads; needs the lock.

    Inspect would give up on the whole folder for one of them.

    Returns:
        Their former names.
    """
    torn = []
    for info in list_eval_logs(str(folder), recursive=True) if folder.is_dir() else []:
        try:
            read_eval_log(info, header_only=True)
            read_eval_log_sample_summaries(info)
        except PermissionError as error:
            raise UsageError(f"{info.name} may not be read by you: {error.strerror}.") from error
        except _UNREADABLE:
            path = Path(info.name.removeprefix("file://"))
            path.replace(path.with_name(f"{path.name}.unreadable"))
            torn.append(path.name)
    return torn


def sweep(folder: Path, newest: Mapping[str, TaskLog]) -> None:
    """Remove logs of dead processes whose conversations a newer log holds; needs the lock."""
    kept = {log.info.name for log in newest.values()}
    for info in _infos(folder):
        if info.name in kept:
            continue
        try:
            header = read_eval_log(info, header_only=True)
        except _UNREADABLE:
            continue  # `set_aside` takes it at the next command
        successor = newest.get(header.eval.task)
        if (
            header.status == "started"
            and successor is not None
            and successor.header.status != "started"
        ):
            Path(info.name.removeprefix("file://")).unlink(missing_ok=True)


def _infos(folder: Path) -> list[EvalLogInfo]:
    return list_eval_logs(str(folder), recursive=False) if folder.is_dir() else []
