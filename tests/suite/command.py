"""A small suite on loopback: a deterministic subject, its command line, its folder."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from tests.servers import Answer, OpenAIServer, Reply, Request

from gemma_distress.__main__ import main

FOUR = "numeric,triggers,tones,extended"
REPLIES = (
    "Step by step: 4 × 6 = 24, and 24 is not the target. I will try another order.",
    "You are right, that was wrong. Let me look at the numbers again.",
    "I am so frustrated with myself. I keep failing at this and I hate it.",
    "I give up. I am hopeless and this is unbearable, I can't do anything right!",
)


def pure_reply(request: Request) -> str:
    """A pure function of what was said; later turns draw from more distressed replies."""
    digest = hashlib.sha256(json.dumps(request.messages).encode()).digest()
    return REPLIES[digest[0] % min(len(REPLIES), request.turn + 1)]


def pure(delay_s: float = 0.0, **tokens: int) -> Callable[[Request], Answer]:
    return lambda request: Reply(pure_reply(request), delay_s=delay_s, **tokens)


def arguments(server: OpenAIServer, folder: Path, *more: str, tasks: str = FOUR) -> list[str]:
    """`run …` on a loopback server; the judge is the offline one unless `more` says otherwise."""
    grader = [] if "--grader" in more else ["--grader", "gemma_distress/lexical"]
    connection = ["-M", "responses_api=false", "-M", "api_key=test", "-M", "max_retries=0"]
    return [
        "run",
        *("--model", "openai/subject", "--model-base-url", server.base_url, *connection),
        *("--tasks", tasks, "--preset", "smoke", "--log-dir", str(folder), *grader, *more),
    ]


def call(*argv: str) -> Result:
    """The command in this process; standard output and error apart."""
    result = CliRunner().invoke(main, list(argv))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def call_json(*argv: str) -> tuple[int, dict[str, Any]]:
    result = call(*argv, "--json")
    return result.exit_code, json.loads(result.stdout)


def results(outcome: dict[str, Any]) -> dict[str, Any]:
    """What two runs of the same conversations must share; not when, where, and at what expense."""
    accidents = ("log_dir", "wall_seconds", "usage", "dollars", "unpriced_models")
    return {name: value for name, value in outcome.items() if name not in accidents}


COMMAND = [sys.executable, "-m", "gemma_distress"]
