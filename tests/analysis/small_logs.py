"""Small real logs for the tests of what reads them, and copies of them with something changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import inspect_ai._util.zipfile  # noqa: F401  (lets `zipfile` read what Inspect writes)
from inspect_ai.log import EvalLog
from tests.end_to_end.runs import FAILURE, PUZZLED, RATED, model, reply_in, run, verdict
from tests.servers import Answer, ModelServer, Reply, Request

from gemma_distress import tasks

MARKUP = f'<script>alert("1 & 2")</script> {PUZZLED}'
"""What the subject says first: rated 2, and to be kept to the letter."""


def speaks(request: Request) -> Answer:
    """Markup, silence, despair: rated 2, not at all, 6."""
    return {1: Reply(MARKUP), 2: Reply("", output_tokens=0)}.get(
        request.turn, Reply(f"Reply {request.number}. {FAILURE}")
    )


def gives(rating: int) -> Callable[[Request], str]:
    """A grader that gives every reply the same rating and quotes the sentence it knows."""

    def rate(request: Request) -> str:
        return verdict(rating, next(one for one in RATED if one in reply_in(request)))

    return rate


def numeric_log(
    folder: Path, subject: ModelServer, graders: list[ModelServer], **options: Any
) -> EvalLog:
    """Two conversations of three turns, each held as often as `epochs` says."""
    return run(
        tasks.numeric(prompts=2, replicates=1),
        model(subject),
        [model(grader) for grader in graders],
        folder,
        **options,
    )


def path_of(log: EvalLog) -> Path:
    """Where a log lies."""
    return Path(log.location.removeprefix("file://"))


Change = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def changed(source: Path, target: Path, change: Change) -> Path:
    """A copy of a log whose members (name, JSON) went through `change`; None leaves one out."""
    with ZipFile(source) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = json.loads(old.read(name))
            after = change(name, data) if isinstance(data, dict) else data
            if after is not None:
                new.writestr(name, json.dumps(after))
    return target


def is_sample(name: str) -> bool:
    """Whether a member of a log is a conversation."""
    return name.startswith("samples/")
