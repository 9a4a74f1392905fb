"""Replies a grader failed on: the run is not complete, and the same command mends it without the subject."""

import json
import subprocess
from collections import Counter

import pytest
from inspect_ai.log import read_eval_log
from tests.servers import BadRequest, Reply, Status
from tests.suite.command import COMMAND, REPLIES, arguments, call, call_json, pure, results

from gemma_distress.suite.folder import task_logs

RATING = dict(zip(REPLIES, (0, 1, 6, 9), strict=True))


def reply_in(request):
    [reply] = [reply for reply in REPLIES if reply in request.text]
    return reply


def verdict(request):
    reply = reply_in(request)
    rating = RATING[reply]
    evidence = reply if rating else ""
    return json.dumps({"evidence": evidence, "reasoning": "as said", "rating": rating})


def judged(
    server, judges, folder, *more, tasks="numeric,triggers", grader="anthropic/claude-judge"
):
    spec = {
        "model": grader,
        "model_args": {"base_url": judges.base_url, "api_key": "test", "max_retries": 0},
        "max_tokens": 4000,
    }
    return arguments(
        server, folder, "--grader", json.dumps(spec), "--max-retries", "0", *more, tasks=tasks
    )


def metrics(log):
    [scored] = log.header.results.scores
    return {name: metric.value for name, metric in scored.metrics.items()}


@pytest.fixture
def whole(openai_server, anthropic_server, tmp_path, monkeypatch):
    """The results where nothing fails, with a cache of its own."""
    with monkeypatch.context() as patch:
        patch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "other-cache"))
        server, judges = openai_server(pure()), anthropic_server(verdict)
        code, outcome = call_json(*judged(server, judges, tmp_path / "whole"))
    assert code == 0
    return outcome, task_logs(tmp_path / "whole")


@pytest.mark.parametrize("status", [401, 500])
def test_a_grader_that_fails_altogether_and_recovers(
    openai_server, anthropic_server, tmp_path, whole, status
):
    judge = {"down": True}
    server = openai_server(pure())
    judges = anthropic_server(lambda r: Status(status) if judge["down"] else verdict(r))
    argv = judged(server, judges, tmp_path / "run")
    failed = call(*argv)
    assert failed.exit_code == 1
    assert "numeric: 15 replies not rated: the grader's server failed" in failed.stdout
    assert "triggers: 12 replies not rated: the grader's server failed" in failed.stdout
    assert "The grader failed on 27 replies. The same command rates them again" in failed.stdout
    asked = len(server.requests)
    assert asked == 27

    plan = call(*argv, "--dry-run")
    assert "27 replies to rate again" in plan.stdout
    assert plan.exit_code == 0

    code, outcome = call_json(*argv)  # still down
    assert code == 1
    assert not outcome["complete"]
    assert outcome["grader_failures"] == 27
    assert outcome["rows"][0]["unrated_reasons"] == {"grader_error": 15}

    judge["down"] = False
    code, outcome = call_json(*argv)
    assert code == 0
    assert len(server.requests) == asked
    expected, logs = whole
    assert results(outcome) == results(expected)
    for name, log in task_logs(tmp_path / "run").items():
        again = log.header.results
        assert metrics(log) == pytest.approx(metrics(logs[name]), nan_ok=True)
        assert again.completed_samples == again.total_samples
        assert log.header.eval.model_roles is not None
        assert log.header.status == "success"
    assert not list((tmp_path / "run").glob("*.draft"))

    judged_before = len(judges.requests)
    assert call_json(*argv) == (0, outcome)
    assert (len(server.requests), len(judges.requests)) == (asked, judged_before)


def test_only_the_failed_replies_are_rated_again(openai_server, anthropic_server, tmp_path, whole):
    judge = {"down": True}
    server = openai_server(pure())
    judges = anthropic_server(
        lambda r: BadRequest("no") if judge["down"] and reply_in(r) == REPLIES[1] else verdict(r)
    )
    argv = judged(server, judges, tmp_path / "run", "--max-connections", "1")
    code, outcome = call_json(*argv)
    assert code == 1
    failures = outcome["grader_failures"]
    assert 0 < failures < 27
    numeric = outcome["rows"][0]
    # For numeric the paper's reading is the highest rating, so one is unknown where the other is.
    assert numeric["task"] == "numeric"
    assert numeric["paper_high_unknown"] == numeric["any_high_unknown"]
    assert numeric["paper_high_bounds"] == numeric["any_high_bounds"]
    for row in outcome["rows"]:
        low, high = row["any_high_bounds"]
        assert high - low == pytest.approx(row["any_high_unknown"] / row["planned"])
    assert sum(row["any_high_unknown"] for row in outcome["rows"]) > 0
    kept = {
        (name, s.id): s
        for name, log in task_logs(tmp_path / "run").items()
        for s in read_eval_log(log.info).samples
    }

    judge["down"] = False
    asked, judged_before = len(server.requests), len(judges.requests)
    code, outcome = call_json(*argv)
    assert code == 0
    assert outcome["complete"]
    assert len(server.requests) == asked
    fresh = judges.requests[judged_before:]
    assert Counter(reply_in(r) for r in fresh).keys() == {REPLIES[1]}
    assert len(fresh) <= failures  # equal replies may be rated from the cache
    assert results(outcome) == results(whole[0])
    for name, log in task_logs(tmp_path / "run").items():
        for sample in read_eval_log(log.info).samples:
            before = kept[name, sample.id]
            assert sample.messages == before.messages
            if before.scores["frustration"].value["unrated"] == 0:
                assert sample == before


def test_a_second_grader_that_fails_is_rated_again_too(openai_server, anthropic_server, tmp_path):
    judge = {"down": True}
    server = openai_server(pure())
    judges = anthropic_server(lambda r: Status(500) if judge["down"] else verdict(r))
    argv = judged(server, judges, tmp_path / "run", tasks="triggers")
    argv[argv.index("--grader") : argv.index("--grader")] = ["--grader", "gemma_distress/lexical"]
    first = call(*argv)
    assert first.exit_code == 1
    assert "12 replies not rated: second grader: the grader's server failed" in first.stdout
    judge["down"] = False
    code, outcome = call_json(*argv)
    assert code == 0
    assert outcome["rows"][0]["unrated_reasons"] == {}
    assert len(server.requests) == 12


def test_the_ceiling_holds_while_rating_again(openai_server, anthropic_server, tmp_path):
    # 100,000 tokens a verdict at 10 dollars a million: a dollar each, where 0.005 was expected.
    judge = {"down": True}
    server = openai_server(lambda r: f"{REPLIES[3]} This was reply {r.number}.")
    judges = anthropic_server(
        lambda r: (
            Status(500) if judge["down"] else Reply(verdict(r), delay_s=0.05, output_tokens=100_000)
        )
    )
    free, dear = (
        f"{{input: 0, output: {n}, input_cache_write: 0, input_cache_read: 0}}" for n in (0, 10)
    )
    prices = tmp_path / "prices.yaml"
    prices.write_text(f"openai/subject: {free}\nanthropic/claude-judge: {dear}\n")
    argv = judged(server, judges, tmp_path / "run", "--prices", str(prices), tasks="triggers")
    argv += ["--max-connections", "1"]
    assert call(*argv).exit_code == 1
    judge["down"] = False
    before = len(judges.requests)
    low = call(*argv, "--max-cost", "0.01")  # 12 verdicts of 500 tokens are expected to cost 0.06
    assert low.exit_code == 2
    assert "will not do" in low.stderr
    assert len(judges.requests) == before

    stopped = subprocess.run(
        [*COMMAND, *argv, "--max-cost", "4", "--json"], capture_output=True, text=True, timeout=100
    )
    assert stopped.returncode == 1, stopped.stderr
    assert "Stopped at the ceiling of $4" in stopped.stderr
    outcome = json.loads(stopped.stdout)
    assert outcome["grader_failures"] == 12
    assert 4 <= outcome["dollars"] <= 5
    assert len(judges.requests) <= before + 5

    code, outcome = call_json(*argv, "--max-cost", "50")  # what was rated is in the cache
    assert code == 0
    assert outcome["dollars"] == pytest.approx(12)
    assert len(server.requests) == 12
