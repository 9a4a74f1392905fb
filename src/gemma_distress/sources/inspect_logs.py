"""Conversations of an Inspect log: what the subject said in another evaluation.

Samples are read some at a time, without events and attachments, so memory does not grow with the
log. `sample.messages` holds the subject's conversation, never a grader's. A sample that was cut off
by an error or a limit is read as far as it went, and its metadata says why it ended. In a log of
several epochs the conversation's id ends in `/epoch-N`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from pydantic import JsonValue

from gemma_distress.errors import UsageError
from gemma_distress.sources.row_fields import SHAPES
from gemma_distress.sources.transcript import (
    UNNAMED_CONDITION,
    Message,
    Transcript,
    category_of,
    default_prompt_id,
)

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample

_AT_A_TIME = 64
_UNREAD = {"events", "attachments", "store"}
_LOG = re.compile(rb'\{\s*"version"\s*:\s*\d')
_LABELS = ("prompt_id", "condition", "category")


def is_inspect_json(head: bytes) -> bool:
    """Whether a JSON file that begins like this is an Inspect log and no row of a conversation."""
    return bool(_LOG.match(head)) and b'"status"' in head and b'"eval"' in head


_NOTED = ("turn", "outcome", "rateable", "stop_reason", "output_tokens", "answer")
"""What this package's own conversations say of each reply: an error text among them is no reply."""


def log_transcripts(file: Path, form: Literal["eval", "json"]) -> Iterator[Transcript]:
    """One conversation per sample and epoch, in the order in which Inspect lists them."""
    from inspect_ai.log import (
        read_eval_log,
        read_eval_log_sample_summaries,
        read_eval_log_samples_by_id,
    )

    try:
        log = read_eval_log(file, header_only=True, format=form)
        summaries = read_eval_log_sample_summaries(file, format=form)
    except Exception as err:  # the log reader raises whatever its zip and schema layers raise
        raise UsageError(
            f"{file} looks like an Inspect log and cannot be read as one ({type(err).__name__}: "
            f"{str(err)[:200]}). Copy it again, or try `inspect log dump {file}`. Accepted are "
            f"{SHAPES}."
        ) from err
    epochs = max((summary.epoch for summary in summaries), default=1)
    keys = [(summary.id, summary.epoch) for summary in summaries]
    for start in range(0, len(keys), _AT_A_TIME):
        chunk = keys[start : start + _AT_A_TIME]
        samples = read_eval_log_samples_by_id(file, chunk, exclude_fields=_UNREAD, format=form)
        by_key = {(sample.id, sample.epoch): sample for sample in samples}
        for key in chunk:
            yield _transcript(file, log, by_key[key], epochs)


def _transcript(file: Path, log: "EvalLog", sample: "EvalSample", epochs: int) -> Transcript:
    messages: list[Message] = []
    turn = 0
    for message in sample.messages:
        text = message.text
        metadata: dict[str, JsonValue] = {"message_id": message.id} if message.id else {}
        calls = message.role == "assistant" and bool(message.tool_calls)
        noted = {k: v for k, v in (message.metadata or {}).items() if k in _NOTED}
        number = None
        if message.role == "assistant" and (text.strip() or not calls):
            said = noted.get("turn")
            turn = said if isinstance(said, int) and said > turn else turn + 1
            number = turn
            if noted:
                metadata["noted"] = noted
        messages.append(Message(message.role, text, turn=number, metadata=metadata))
    name = str(sample.id) if epochs == 1 else f"{sample.id}/epoch-{sample.epoch}"
    own = {key: str(sample.metadata[key]) for key in _LABELS if sample.metadata.get(key)}
    condition = own.get("condition", UNNAMED_CONDITION)
    metadata = {
        **{k: cast(JsonValue, v) for k, v in sample.metadata.items() if k not in _LABELS},
        "file": str(file),
        "task": log.eval.task,
        "target_model": log.eval.model,
        "sample_id": sample.id,
        "epoch": sample.epoch,
    }
    if sample.error is not None:
        metadata["error"] = sample.error.message
    if sample.limit is not None:
        metadata["limit"] = sample.limit.type
    return Transcript(
        conversation_id=name,
        messages=tuple(messages),
        metadata=metadata,
        published={},
        prompt_id=own.get("prompt_id") or default_prompt_id(tuple(messages), name),
        condition=condition,
        category=own.get("category") or category_of(condition),
    )
