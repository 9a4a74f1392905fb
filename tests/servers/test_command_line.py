"""`inspect eval` in a subprocess that reaches the servers by flags, and nothing else at all."""

import subprocess
import sys
from pathlib import Path

from inspect_ai.log import list_eval_logs, read_eval_log
from tests.servers import AnthropicServer, OpenAIServer, Reply

TASK = f"{Path(__file__).with_name('small_tasks.py')}@two_roles"


def test_subject_and_grader_by_flags(tmp_path, offline_child_env):
    with (
        OpenAIServer(lambda request: Reply("I give up.")) as subject,
        AnthropicServer(lambda request: Reply("7")) as judge,
    ):
        command = [
            *(sys.executable, "-m", "inspect_ai", "eval", TASK),
            *("--log-dir", str(tmp_path), "--display", "plain"),
            *subject.cli_args("gpt-4o-mini"),
            *judge.cli_role("grader", "claude-sonnet-4-5", max_tokens=50),
        ]
        done = subprocess.run(
            command, env=offline_child_env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert [request.last_user for request in subject.requests] == ["Hello"]
        [rating] = judge.requests
        assert rating.last_user == "Rate: I give up."
        assert rating.body["max_tokens"] == 50
    [info] = list_eval_logs(str(tmp_path))
    log = read_eval_log(info)
    assert log.status == "success"
    assert log.samples[0].scores["rated"].value == 7
    # The log names where the models were, and keeps no key.
    assert log.eval.model_base_url == subject.base_url
    assert log.eval.model_roles["grader"].base_url == judge.base_url
    assert "api_key" not in {**log.eval.model_args, **log.eval.model_roles["grader"].args}
