"""The facts of a run: the command that repeats it, what it may not give away, its tokens and its cost."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai import eval as inspect_eval
from inspect_ai._cli.eval import eval_command
from inspect_ai._util.config import parse_cli_args
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, get_model

from gemma_distress import tasks
from gemma_distress.analysis.logs.command_line import command_line
from gemma_distress.analysis.logs.redact import public
from gemma_distress.analysis.logs.runs import Run, Tokens, run_of
from gemma_distress.analysis.turns import read


def header(**spec: Any) -> dict[str, Any]:
    own = {"task": "numeric", "task_registry_name": "gemma_distress/numeric", "model": "m/x"}
    return {"status": "success", "eval": own | spec, "plan": {"config": {}}}


def parsed(line: str) -> dict[str, Any]:
    """What `inspect eval` understands of a line; a word that it does not know is an error."""
    words = shlex.split(line)
    assert words[:2] == ["inspect", "eval"]
    return eval_command.make_context("eval", words[2:]).params


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    chats = tmp_path_factory.mktemp("chats") / "a chat's.jsonl"
    chats.write_text(
        '{"id": "one", "messages": [{"role": "user", "content": "Hi."},'
        ' {"role": "assistant", "content": "I am a complete failure."}]}'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSPECT_CACHE_DIR", str(chats.parent / "cache"))
        patch.chdir(chats.parent)
        [found] = inspect_eval(
            tasks.transcripts(path=chats.name),
            model=get_model(
                "mockllm/model", config=GenerateConfig(temperature=0.5), note="a,b", api_key="sk-1"
            ),
            model_roles={"grader": "gemma_distress/lexical"},
            limit=3,
            display="none",
            log_dir=str(chats.parent / "logs"),
        )
    return found


@pytest.fixture(scope="module")
def run(log: EvalLog) -> Run:
    [found] = read(log.location).runs
    return found


def test_the_command_of_a_real_log_says_what_was_run(run: Run):
    found = parsed(run.command)
    assert found["tasks"] == ("gemma_distress/transcripts",)
    assert parse_cli_args(found["t"]) == {"path": "a chat's.jsonl"}
    assert found["model"] == "mockllm/model"
    assert found["model_role"] == ("grader=gemma_distress/lexical",)
    assert (found["limit"], found["temperature"]) == ("3", 0.5)
    assert "sk-1" not in repr(run)


def test_the_facts_of_a_real_log_are_those_of_inspect(run: Run, log: EvalLog):
    assert (run.run, run.task_id) == (log.eval.eval_id, log.eval.task_id)
    assert (run.task, run.status) == ("transcripts", "success")
    assert (run.planned, run.logged, run.finished, run.rated, run.in_table) == (1, 1, 1, 1, 1)
    assert run.graders == run.judges == ("gemma_distress/lexical",)
    assert run.packages == log.eval.packages
    assert run.generate == {"temperature": 0.5}
    assert run.rubric_hash in run.rubrics[0]
    assert len(run.judge_versions[0]) == 64
    assert (run.scores, run.score) == (("frustration",), "frustration")
    assert run.source == "a chat's.jsonl"


def test_everything_that_decides_a_run_is_in_its_command():
    line = command_line(
        header(
            task_args_passed={
                "prompts": 3,
                "pack": "a b",
                "on": "true",
                "list": [1, "x"],
                "e": 1e-05,
            },
            model_args={"device": "cuda:0", "api_key": "sk-1", "nested": {"token": "t", "k": 1}},
            model_base_url="https://me:pw@host:1/v1?key=abc",
            model_roles={
                "grader": [
                    {"model": "a/one", "config": {"temperature": 0}, "args": {"api_key": "sk-2"}},
                    {"model": "a/two", "config": {}, "args": {}},
                ]
            },
            config={
                "limit": [4, 10],
                "epochs": 2,
                "message_limit": 9,
                "token_limit": 1000,
                "token_limit_type": "output",
                "sample_id": ["a", "b"],
                "sample_shuffle": 7,
            },
        )
        | {
            "plan": {
                "config": {
                    "seed": 1,
                    "temperature": 1.0,
                    "stop_seqs": ["x", "y"],
                    "parallel_tool_calls": False,
                    "extra_body": {"a": [1, {"b": None}]},
                    "extra_headers": {"Authorization": "Bearer z"},
                    "logprobs": True,
                    "logit_bias": {"5": -1, "7": 2.5},
                    "max_connections": 9,
                }
            }
        }
    )
    found = parsed(line)
    assert parse_cli_args(found["t"]) == {
        "prompts": 3,
        "pack": "a b",
        "on": "true",
        "list": [1, "x"],
        "e": 1e-05,
    }
    assert parse_cli_args(found["m"]) == {"device": "cuda:0", "nested": {"k": 1}}
    assert found["model_base_url"] == "https://host:1/v1"
    assert parse_cli_args(found["model_role"]) == {
        "grader": [{"model": "a/one", "temperature": 0}, "a/two"]
    }
    assert (found["limit"], found["epochs"], found["message_limit"]) == ("5-10", 2, 9)
    assert (found["sample_id"], found["seed"], found["max_connections"]) == ("a,b", 1, None)
    assert (found["stop_seqs"], found["parallel_tool_calls"]) == ("x,y", False)
    assert json.loads(found["extra_body"]) == {"a": [1, {"b": None}]}
    assert (found["logprobs"], found["logit_bias"]) == (True, "5=-1,7=2.5")
    for secret in ("sk-", "pw", "abc", "Bearer"):
        assert secret not in line


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])),
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=6,
)


@given(plain)
def test_an_argument_is_read_back_as_it_was_given(value: Any):
    # A text with a comma is a list to Inspect, however it is quoted, unless it is inside of one.
    found = parsed(command_line(header(task_args_passed={"x": value})))
    expected = value.split(",") if isinstance(value, str) and "," in value else value
    assert parse_cli_args(found["t"])["x"] == expected


@pytest.mark.parametrize(
    "name", ["api_key", "OPENAI_API_KEY", "hf_token", "password", "extra-headers", "client_secret"]
)
def test_no_secret_leaves_by_its_name(name: str):
    given_value = {name: "s3cret", "a": [{name: "s3cret", "url": "http://u:s3cret@h/x?k=s3cret"}]}
    assert public(given_value) == {"a": [{"url": "http://h/x"}]}


def test_what_only_sounds_secret_stays():
    kept = {"max_tokens": 5, "tokenizer_path": "x", "keyword": "y", "tokens": 3, "use_keys": True}
    assert public(kept) == kept


def test_a_header_that_says_nothing_is_no_error_and_no_number():
    run = run_of("a.eval", {"status": "started", "eval": {}})
    assert (run.planned, run.seed, run.cost, run.wall_seconds) == (None, None, None, None)
    assert (run.model, run.pack, run.revision, run.graders) == ("", "", "", ())


def test_planned_conversations_of_a_log_that_has_not_ended():
    """Three samples, each held twice."""
    spec = {"dataset": {"samples": 9, "sample_ids": [1, 2, 3]}, "config": {"epochs": 2}}
    assert run_of("a.eval", {"status": "started", "eval": spec}).planned == 6


def test_cost_is_known_only_if_every_price_is():
    tokens = Tokens()
    tokens.add({"input_tokens": 2, "output_tokens": 3, "total_tokens": 5, "total_cost": 0.25})
    tokens.add({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "total_cost": 0.5})
    assert (tokens.input, tokens.output, tokens.total, tokens.cost) == (3, 4, 7, 0.75)
    # Nothing asked costs nothing, whatever its price would be.
    tokens.add({"total_tokens": 0})
    assert tokens.cost == 0.75
    tokens.add({"total_tokens": 1})
    assert tokens.cost is None
    usage = {"a": {"total_tokens": 1, "total_cost": 2.0}, "b": {"total_tokens": 1}}
    run = run_of("a.eval", {"eval": {}, "stats": {"model_usage": usage}})
    assert run.cost is None
    usage.pop("b")
    assert run_of("a.eval", {"eval": {}, "stats": {"model_usage": usage}}).cost == 2.0


def test_the_log_itself_is_never_written(log: EvalLog):
    before = Path(log.location).stat()
    read(log.location)
    assert Path(log.location).stat().st_mtime_ns == before.st_mtime_ns
