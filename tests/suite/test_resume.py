"""A run that is killed, at any moment, ends as if it had not been, and repeats no finished conversation."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from tests.servers import OpenAIServer
from tests.suite.command import COMMAND, arguments, call, call_json, pure, results

from gemma_distress.suite.folder import sweep, task_logs
from gemma_distress.suite.options import SuiteOptions
from gemma_distress.suite.plan import make_plan

TASKS = "numeric,tones,redacted"
WITHIN_S = 60


def kill_when(argv: list[str], server: OpenAIServer, requests: int) -> None:
    """Start the command, kill it (SIGKILL) once the server has had so many requests in all."""
    process = subprocess.Popen(
        [*COMMAND, *argv, "--max-samples", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + WITHIN_S
    while len(server.requests) < requests and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    if process.poll() is not None:
        raise AssertionError(f"it ended before it was killed:\n{process.communicate()[0]}")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def finished(folder: Path) -> set[tuple[str, str]]:
    logs = task_logs(folder)
    return {(task, sample) for task, log in logs.items() for sample in log.finished}


def asked(server: OpenAIServer) -> Counter[tuple[str, ...]]:
    """How often each sequence of user messages was sent; the last of a conversation names it."""
    return Counter(
        tuple(text for role, text in request.messages if role == "user")
        for request in server.requests
    )


def test_a_killed_run_ends_with_the_same_table(openai_server, tmp_path):
    server = openai_server(pure(delay_s=0.04))
    code, whole = call_json(*arguments(server, tmp_path / "whole", tasks=TASKS))
    assert code == 0
    total = len(server.requests)
    assert total == 5 * 3 + 6 * 3 + 3 * 8

    server = openai_server(pure(delay_s=0.04))
    folder = tmp_path / "killed"
    argv = arguments(server, folder, tasks=TASKS)
    kill_when(argv, server, 20)
    first = finished(folder)
    kill_when(argv, server, len(server.requests) + 15)
    second = finished(folder)
    assert first < second  # what one attempt finished the next has kept, and added to

    before = asked(server)
    code, outcome = call_json(*argv)
    assert code == 0
    assert results(outcome) == results(whole)

    plan = make_plan(
        SuiteOptions(
            model="openai/subject",
            tasks=tuple(TASKS.split(",")),
            preset="smoke",
            graders=("gemma_distress/lexical",),
        )
    )
    scripts = {
        (task, str(sample.id)): (sample.input[-1].text, *sample.metadata["script"])
        for task in plan.tasks
        for sample in plan.samples(task)
    }
    after = asked(server)
    for conversation in second:
        messages = scripts[conversation]
        for turn in range(2, len(messages) + 1):  # the first is common to the three tones
            assert after[messages[:turn]] == before[messages[:turn]]
            if conversation in first:
                assert after[messages[:turn]] == 1

    # Neither dead logs nor doubles are left for what reads the folder afterwards.
    assert len(list(folder.glob("*.eval"))) == 3
    redacted = task_logs(folder)["redacted"]
    assert redacted.header.status == "success"

    count = len(server.requests)
    shown = call(*argv)
    assert shown.exit_code == 0
    assert len(server.requests) == count
    assert json.loads(call(*argv, "--json").stdout) == outcome


def test_unreadable_logs_are_moved_aside_and_their_conversations_asked_again(
    openai_server, tmp_path
):
    server = openai_server(pure())
    folder = tmp_path / "run"
    argv = arguments(server, folder, tasks="triggers,extended")
    code, whole = call_json(*argv)
    assert code == 0
    asked = len(server.requests)
    assert asked == 4 * 3 + 3 * 8

    torn = Path(task_logs(folder)["triggers"].info.name.removeprefix("file://"))
    torn.write_bytes(torn.read_bytes()[:-100])  # the end of a zip archive holds its directory
    other = folder / "2026-01-01T00-00-00+00-00_numeric_abc.eval"
    other.write_bytes(b"no archive at all")
    result = call(*argv)
    assert result.exit_code == 0, result.output
    for name in (torn.name, other.name):
        assert f"{name} cannot be read; it is now called {name}.unreadable" in "".join(
            result.stdout.split("\n")
        )
        assert (folder / f"{name}.unreadable").exists()
        assert not (folder / name).exists()
    assert len(server.requests) == asked + 12
    code, outcome = call_json(*argv)
    assert code == 0
    assert results(outcome) == results(whole)


def test_sweeping_passes_over_what_cannot_be_read(openai_server, tmp_path):
    folder = tmp_path / "run"
    call(*arguments(openai_server(pure()), folder, tasks="triggers"))
    torn = folder / "2026-01-01T00-00-00+00-00_triggers_abc.eval"
    torn.write_bytes(b"no archive at all")
    sweep(folder, task_logs(folder))
    assert torn.exists()
