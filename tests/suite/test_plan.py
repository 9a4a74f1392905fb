"""The identity of a run: the same command finds its folder, any other command gets another."""

import json

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.suite.folder import check_owner, locked, write_record
from gemma_distress.suite.options import SuiteOptions
from gemma_distress.suite.plan import differences, make_plan


def plan(**changes):
    settings = {
        "model": "openai/subject",
        "tasks": ("triggers",),
        "preset": "smoke",
        "graders": ("gemma_distress/lexical",),
    }
    return make_plan(SuiteOptions(**(settings | changes)))


def test_the_same_command_has_the_same_folder_and_a_readable_name():
    first, again = plan(), plan()
    assert first.identity == again.identity
    assert first.log_dir == again.log_dir
    assert first.log_dir.parts[0] == "logs"
    assert first.log_dir.name.startswith("openai-subject-smoke-")


@pytest.mark.parametrize(
    "change",
    [
        {"model": "openai/other"},
        {"model_base_url": "http://127.0.0.1:1/v1"},
        {"model_args": {"service_tier": "flex"}},
        {"graders": ("mockllm/judge",)},
        {"graders": ("{model: mockllm/judge, max_tokens: 50}",)},
        {"tasks": ("triggers", "tones")},
        {"task_args": {"seed": 1}},
        {"task_args": {"turns": 2}},
        {"temperature": 0.5},
        {"max_tokens": 100},
        {"sampling_seed": 3},
        {"limit": 2},
    ],
)
def test_whatever_decides_conversations_or_ratings_makes_another_run(change):
    assert plan(**change).log_dir != plan().log_dir


@pytest.mark.parametrize(
    "change",
    [
        {"max_connections": 3},
        {"max_cost": 1.0},
        {"retries": 4},
        {"display": "none"},
        {"model_args": {"api_key": "sk-1"}},
    ],
)
def test_how_it_is_run_does_not(change):
    assert plan(**change).log_dir == plan().log_dir


def test_a_changed_sentence_in_a_pack_of_the_same_name_is_another_run(tmp_path):
    pack = tmp_path / "mine.yaml"
    text = "extends: house\nname: mine\nversion: '1'\ncontinuations: ['{}']\n"
    pack.write_text(text.format("Please go on."))
    before = plan(tasks=("continuation",), task_args={"pack": str(pack)})
    pack.write_text(text.format("Please continue."))
    after = plan(tasks=("continuation",), task_args={"pack": str(pack)})
    assert "conversations" in differences(before.identity, after.identity)


def test_no_key_is_written_down(tmp_path):
    made = plan(
        model_args={"api_key": "sk-subject"},
        graders=("{model: mockllm/j, model_args: {api_key: sk-judge}}",),
        log_dir=str(tmp_path / "run"),
    )
    made.log_dir.mkdir()
    write_record(made)
    assert "sk-" not in (made.log_dir / "run.json").read_text()


def test_neither_is_a_secret_in_an_address_a_header_or_a_setting(tmp_path):
    judge = {
        "model": "mockllm/j",
        "max_tokens": 50,
        "extra_headers": {"X-Auth": "hide-1"},
        "model_args": {
            "base_url": "https://me:hide-2@judge.example/v1",
            "Authorization": "hide-3",
            "options": [{"client_secret": "hide-4", "region": "kept-1"}],
        },
    }
    made = plan(
        model_args={"default_headers": {"a": "hide-5"}, "auth_token": 123454321, "tier": "kept-2"},
        model_base_url="http://user:hide-6@subject.example:80/v1?api-version=2",
        grader_base_url="http://hide-7@other.example/v1",
        graders=(json.dumps(judge),),
        log_dir=str(tmp_path / "run"),
    )
    made.log_dir.mkdir()
    write_record(made)
    written = (made.log_dir / "run.json").read_text()
    assert "hide" not in written
    assert "123454321" not in written
    run = json.loads(written)["run"]
    assert run["model address"] == "http://subject.example:80/v1?api-version=2"
    assert run["grader address"] == "http://other.example/v1"
    assert run["model arguments"] == {"tier": "kept-2"}
    assert run["grader"] == [
        {
            "model": "mockllm/j",
            "max_tokens": 50,
            "model_args": {
                "base_url": "https://judge.example/v1",
                "options": [{"region": "kept-1"}],
            },
        }
    ]


def test_a_folder_of_another_run_is_refused_with_what_differs(tmp_path):
    first = plan(log_dir=str(tmp_path / "run"))
    with locked(first.log_dir):
        write_record(first)
    check_owner(plan(log_dir=str(tmp_path / "run")))
    with pytest.raises(UsageError, match=r"differs from this one in: temperature\."):
        check_owner(plan(log_dir=str(tmp_path / "run"), temperature=0.0))


def test_a_folder_with_foreign_logs_is_refused(tmp_path):
    (tmp_path / "2026-01-01T00-00-00_x_y.eval").touch()
    with pytest.raises(UsageError, match="not made by"):
        check_owner(plan(log_dir=str(tmp_path)))


def test_two_processes_cannot_share_a_folder(tmp_path):
    with locked(tmp_path), pytest.raises(UsageError, match="Another"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass  # and it is free again


def test_bad_task_arguments_are_found_when_planning():
    with pytest.raises(UsageError, match="Did you mean turns"):
        plan(task_args={"turn": 2})
    with pytest.raises(UsageError, match="turns=0"):
        plan(task_args={"turns": 0})


def test_wildchat_without_prompts_says_how_to_go_on(tmp_path):
    missing = str(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match=r"--source FILE, or .*--tasks numeric,triggers\."):
        plan(tasks=("numeric", "triggers", "wildchat"), source=missing)


def test_an_unusable_grader_is_found_when_planning(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(UsageError, match=r"ANTHROPIC_API_KEY.*--grader gemma_distress/lexical"):
        plan(graders=("anthropic/claude-sonnet-5-5",))
    with pytest.raises(UsageError, match="nosuch"):
        plan(graders=("nosuch/model",))
    with pytest.raises(UsageError, match="max_tokens"):
        plan(graders=("{model: mockllm/j, max_tokens: many}",))


def test_a_grader_may_bring_its_settings():
    [grader] = plan(graders=(json.dumps({"model": "mockllm/j", "max_tokens": 50}),)).graders
    assert grader.config.max_tokens == 50
