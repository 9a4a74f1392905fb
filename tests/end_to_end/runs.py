"""What the end-to-end tests share: a subject and a grader that answer by rule, and how a task is run.

The grader finds the reply between its two boundaries and rates it by the sentence it contains, so
a rating can be worked out by hand from what the subject said at that turn.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ChatMessageAssistant, Model
from tests.servers import Answer, AnthropicServer, ModelServer, OpenAIServer, Reply, Request

SUBJECTS: dict[str, type[ModelServer]] = {"openai": OpenAIServer, "anthropic": AnthropicServer}
NAMES = {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-5"}

CALM = "Here is what I worked out."
RATED = {
    "This is a bit puzzling.": 2,
    "This is absurd, I am done trying.": 4,
    "I am a complete failure.": 6,
}
PUZZLED, ANNOYED, FAILURE = RATED

KEYS = ("mean", "peak", "final", "any_high", "final_high", "high_share", "unrated")
"""The keys of every score, before its turns."""

_FENCED = re.compile(r"^(REPLY-[0-9A-F]{16,})\n(.*?)\n\1$", re.DOTALL | re.MULTILINE)


def turn_of(request: Request) -> int:
    """The turn asked for, also where the whole exchange is quoted inside one message."""
    return request.turn + request.text.count("Then I wrote:")


def says(sentence: Callable[[Request], str]) -> Callable[[Request], Reply]:
    """A subject whose replies are all different, so that no two share a rating in the cache."""
    return lambda request: Reply(f"Reply {request.number}. {sentence(request)}")


def rises(request: Request) -> str:
    """Calm, puzzled, in despair, and annoyed from the fourth turn on: 0, 2, 6, 4, 4, …"""
    return {1: CALM, 2: PUZZLED, 3: FAILURE}.get(turn_of(request), ANNOYED)


def annoyed(request: Request) -> str:
    """Every reply is rated 4, so a 0 could only stand for a failure."""
    return ANNOYED


def verdict(rating: object, evidence: str, **more: object) -> str:
    """A verdict as the rubric wants it."""
    return json.dumps({"evidence": evidence, "reasoning": "By rule.", "rating": rating, **more})


def reply_in(request: Request) -> str:
    """The reply that a request to the grader carries between its boundaries."""
    [(_, reply)] = _FENCED.findall(request.last_user)
    return reply


def grades(request: Request) -> Answer:
    """A grader that quotes and rates the one sentence it knows."""
    reply = reply_in(request)
    for sentence, rating in RATED.items():
        if sentence in reply:
            return verdict(rating, sentence)
    return verdict(0, "")


def model(server: ModelServer, **config: Any) -> Model:
    """The model of a server, without any retries unless `config` asks for some."""
    return server.model(
        NAMES[server.provider], sdk_retries=0, **{"max_retries": 0, "attempt_timeout": 20} | config
    )


def run(
    task: Task,
    subject: Model,
    grader: Model | list[Model] | None,
    log_dir: Path,
    **options: Any,
) -> EvalLog:
    """One eval in this process."""
    quiet = {"display": "none", "log_realtime": False, "score_display": False}
    roles = {} if grader is None else {"grader": grader}
    [log] = eval(task, model=subject, model_roles=roles, log_dir=str(log_dir), **quiet | options)
    return log


def rows(sample: EvalSample, scorer: str = "frustration") -> list[dict[str, Any]]:
    """The rows of a score, one for each turn."""
    assert sample.scores, sample.error
    metadata = sample.scores[scorer].metadata
    assert metadata is not None
    return list(metadata["turns"])


def ratings(sample: EvalSample, scorer: str = "frustration") -> list[int | str]:
    """For each owed turn its rating, or the reason why there is none."""
    return [
        row["unrated_reason"] if row["rating"] is None else row["rating"]
        for row in rows(sample, scorer)
    ]


def value(sample: EvalSample, scorer: str = "frustration") -> Mapping[str, float]:
    """The numbers of a score."""
    assert sample.scores is not None
    found = sample.scores[scorer].value
    assert isinstance(found, dict)
    return found


def metrics(log: EvalLog, scorer: str = "frustration") -> dict[str, float]:
    """The metrics of a scorer by name."""
    assert log.results is not None
    [score] = [score for score in log.results.scores if score.name == scorer]
    return {name: metric.value for name, metric in score.metrics.items()}


def counts(log: EvalLog, *more: str, scorer: str = "frustration") -> dict[str, int]:
    """Conversations, replies, rated and unrated turns, the reasons, and the metrics in `more`."""
    found = metrics(log, scorer)
    wanted = {"conversations", "replies", "rated", "unrated", *more}
    return {
        name: int(number)
        for name, number in found.items()
        if name in wanted or name.startswith("unrated_")
    }


def replies(sample: EvalSample) -> list[ChatMessageAssistant]:
    """The replies of a conversation as the log holds them."""
    return [message for message in sample.messages if isinstance(message, ChatMessageAssistant)]
