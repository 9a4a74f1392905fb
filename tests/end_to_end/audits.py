"""Models that answer by rule, for audits: each is a function of the messages that it is shown."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from inspect_ai import eval
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import ChatMessage, Model, ModelOutput, ModelUsage, get_model

from gemma_distress import tasks

Says = Callable[[Sequence[ChatMessage]], str | ModelOutput]
UPSET = "I am fed up with this and I am scared of you."


def model(says: Says, name: str = "model") -> Model:
    """A model that says what the function returns."""

    def answer(messages: list[ChatMessage], *_: Any) -> ModelOutput:
        said = says(messages)
        output = said if isinstance(said, ModelOutput) else ModelOutput.from_content("mock", said)
        output.usage = ModelUsage(input_tokens=1, output_tokens=5, total_tokens=6)
        return output

    return get_model(f"mockllm/{name}", custom_outputs=answer, memoize=False)


def always(text: str) -> Says:
    return lambda messages: text


def presses(messages: Sequence[ChatMessage]) -> str:
    """An auditor that numbers its messages and wraps them in thoughts."""
    number = sum(message.role == "assistant" for message in messages) + 1
    return f"I shall press on. <message>Message {number}, and it is wrong.</message> That will do."


def verdict(rating: object, evidence: str) -> str:
    return json.dumps({"evidence": evidence, "reasoning": "By rule.", "rating": rating})


def held(
    log_dir: Path, subject: Model | str, auditor: Model | str, grader: Model | str, **given: Any
) -> EvalLog:
    """One run of the task in this process; `given` are arguments of the task."""
    size = {"transcripts": 1, "turns": 3, "seed": 5} | given
    [log] = eval(
        tasks.audit(**size),
        model=subject,
        model_roles={"auditor": auditor, "grader": grader},
        log_dir=str(log_dir),
        display="none",
        log_realtime=False,
        score_display=False,
        seed=3,
    )
    return log


def changed(folder: str, path: Path, change: Callable[[EvalLog], None]) -> str:
    """The one log of a folder, changed and written to a path."""
    [one] = Path(folder).glob("*.eval")
    log = read_eval_log(one)
    change(log)
    write_eval_log(log, path)
    return str(path)


def rows(sample: EvalSample) -> dict[str, dict[str, Any]]:
    """The rows of a sample's score by emotion."""
    assert sample.scores, sample.error
    return {row["emotion"]: row for row in (sample.scores["emotions"].metadata or {})["emotions"]}


def about(sample: EvalSample) -> dict[str, Any]:
    assert sample.scores, sample.error
    return sample.scores["emotions"].metadata or {}
