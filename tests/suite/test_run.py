"""The command against real servers on loopback: what is asked, what is printed, what is refused."""

import json
import signal
import subprocess

import pytest
from tests.servers import BadRequest, ContextOverflow, Reply, mentions
from tests.suite.command import COMMAND, arguments, call, call_json, pure, pure_reply

from gemma_distress.prompts import load_pack

PRICED = "openai/subject: {input: 0, output: 10, input_cache_write: 0, input_cache_read: 0}\n"


def wildchat_source(folder):
    path = folder / "prompts.jsonl"
    with path.open("w") as file:
        for n in range(6):
            turn = {"role": "user", "content": f"Explain the history of town number {n} please"}
            file.write(json.dumps({"conversation": [turn], "language": "English"}) + "\n")
    return str(path)


def test_all_five_categories_and_their_macro_average(openai_server, no_network, tmp_path):
    server = openai_server(pure())
    argv = arguments(server, tmp_path / "run", "--source", wildchat_source(tmp_path))
    argv[argv.index("--tasks") + 1] = "numeric,triggers,tones,extended,wildchat"
    code, outcome = call_json(*argv)
    assert code == 0
    assert outcome["complete"]
    counts = {row["task"]: (row["finished"], row["rated"]) for row in outcome["rows"]}
    # smoke: conversations, and conversations × turns
    assert counts == {
        "numeric": (5, 15),
        "triggers": (4, 12),
        "tones": (6, 18),
        "extended": (3, 24),
        "wildchat": (3, 15),
    }
    assert len(server.requests) == 84
    shares = [row["paper_high"]["estimate"] for row in outcome["rows"]]
    assert outcome["macro_paper_high"]["estimate"] == pytest.approx(sum(shares) / 5)
    assert outcome["usage"]["openai/subject"]["calls"] == 84

    again = call(*argv)  # a finished run asks nothing and shows the same table
    assert again.exit_code == 0
    assert len(server.requests) == 84
    assert "nothing is asked" in again.stdout
    assert "macro average" in again.stdout
    assert call_json(*argv) == (0, outcome)


def test_the_plan_is_exact_and_a_dry_run_asks_and_writes_nothing(openai_server, tmp_path):
    server = openai_server(pure())
    result = call(*arguments(server, tmp_path / "run", "--dry-run"))
    assert result.exit_code == 0
    assert "18 conversations" in result.stdout
    assert " 69 " in result.stdout  # 5·3 + 4·3 + 6·3 + 3·8
    assert "price of openai/subject is unknown" in result.stdout
    assert server.requests == ()
    assert not (tmp_path / "run").exists()


def test_a_conversation_that_fails_is_missing_with_its_reason_and_the_rest_is_rated(
    openai_server, tmp_path
):
    question = load_pack().opinion[0].text
    fails = mentions(question)
    server = openai_server(
        lambda r: BadRequest("[bold red]no[/] such thing") if fails(r) else pure_reply(r)
    )
    argv = arguments(server, tmp_path / "run", "--retries", "1", tasks="triggers")
    result = call(*argv)
    assert result.exit_code == 1
    assert "3/4" in result.stdout
    assert "1 of 4 conversations missing" in result.stdout
    assert "[bold red]no[/] such thing" in result.stdout.replace("\n", "")  # shown, not obeyed
    _, outcome = call_json(*argv)
    [row] = outcome["rows"]
    assert (row["finished"], row["rated"], row["incomplete"]) == (3, 9, 1)
    low, high = row["paper_high_bounds"]
    assert high - low == pytest.approx(1 / 4)
    # 3 conversations of 3 turns once each; the failing one once for each of two attempts a command
    assert sum(not fails(r) for r in server.requests) == 9
    assert sum(fails(r) for r in server.requests) == 4


def test_two_graders_one_of_them_over_http(openai_server, anthropic_server, tmp_path):
    def judge(_):
        return json.dumps({"evidence": "", "reasoning": "calm", "rating": 0})

    server, judges = openai_server(pure()), anthropic_server(judge)
    grader = {
        "model": "anthropic/claude-judge",
        "model_args": {"base_url": judges.base_url, "api_key": "test"},
        "max_tokens": 4000,
    }
    graders = ["--grader", json.dumps(grader), "--grader", "gemma_distress/lexical"]
    code, outcome = call_json(
        *arguments(server, tmp_path / "run", *graders, "--limit", "2", tasks="triggers")
    )
    assert code == 0
    assert outcome["graders"] == ["anthropic/claude-judge", "gemma_distress/lexical"]
    assert outcome["rows"][0]["mean_rating"]["estimate"] == 0
    replies = {pure_reply(r) for r in server.requests}
    assert len(server.requests) == 6
    # equal replies may be rated from the cache
    assert len(replies) <= len(judges.requests) <= 6


def ignore_interrupts() -> None:
    """As a shell does to the jobs that a script starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("before", [None, ignore_interrupts])
def test_a_ceiling_stops_the_run_and_a_higher_one_goes_on(openai_server, tmp_path, before):
    # 100,000 tokens a reply at 10 dollars a million: a dollar each, where 0.003 was expected.
    server = openai_server(pure(delay_s=0.05, output_tokens=100_000))
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICED)
    argv = arguments(server, tmp_path / "run", "--prices", str(prices), "--max-connections", "2")
    stopped = subprocess.run(
        [*COMMAND, *argv, "--max-cost", "30", "--json"],
        capture_output=True,
        text=True,
        timeout=100,
        preexec_fn=before,
    )
    assert stopped.returncode == 1, stopped.stderr
    assert "Stopped at the ceiling of $30" in stopped.stderr
    outcome = json.loads(stopped.stdout)
    # The reply that reaches the ceiling, and at most one other that arrived with it.
    assert 30 <= outcome["dollars"] <= 31
    asked = len(server.requests)
    assert asked <= 32
    finished = sum(row["finished"] for row in outcome["rows"])
    assert 0 < finished < 18
    reasons = {reason for row in outcome["rows"] for reason in row["failures"]}
    assert reasons <= {"interrupted", "not started"}

    low = call(*argv, "--max-cost", "30")
    assert low.exit_code == 2
    assert "will not do" in low.stderr
    assert len(server.requests) == asked

    code, outcome = call_json(*argv, "--max-cost", "1000")
    assert code == 0
    assert outcome["complete"]
    turns = {row["task"]: row["rated"] for row in outcome["rows"]}
    assert sum(turns.values()) == 69
    assert len(server.requests) < asked + 69
    assert outcome["dollars"] == pytest.approx(outcome["usage"]["openai/subject"]["calls"])


def test_a_server_without_usage_is_counted_and_stops_under_a_ceiling(openai_server, tmp_path):
    def silent(request):
        return Reply(pure_reply(request), delay_s=0.05, states_usage=False)

    server = openai_server(silent)
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICED)
    argv = arguments(
        server,
        tmp_path / "run",
        *("--prices", str(prices), "--max-connections", "2"),
        tasks="triggers",
    )
    stopped = subprocess.run(
        [*COMMAND, *argv, "--max-cost", "30"], capture_output=True, text=True, timeout=100
    )
    assert stopped.returncode == 1, stopped.stderr
    told = " ".join(stopped.stdout.split())
    assert "openai/subject does not state what its answers use, so --max-cost 30 cannot" in told
    assert "openai/subject unknown (" in told
    assert len(server.requests) <= 4  # the first, one beside it, and what was on its way

    code, outcome = call_json(*argv)  # without a ceiling it goes on, and counts
    assert code == 0
    used = outcome["usage"]["openai/subject"]
    assert 12 < used["unstated"] == used["calls"] <= len(server.requests)
    assert outcome["unpriced_models"] == ["openai/subject"]
    asked = len(server.requests)
    assert "of them without stated usage" in " ".join(call(*argv).stdout.split())
    assert len(server.requests) == asked


def test_a_prompt_that_was_too_long_is_no_server_without_usage(openai_server, tmp_path):
    server = openai_server(lambda r: ContextOverflow() if r.turn == 3 else pure_reply(r))
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICED)
    code, outcome = call_json(
        *arguments(server, tmp_path / "run", "--prices", str(prices), tasks="triggers"),
        *("--max-cost", "30"),
    )
    assert code == 0
    [row] = outcome["rows"]
    assert row["unrated_reasons"] == {"context_overflow": 4}
    assert outcome["grader_failures"] == 0
    assert outcome["usage"]["openai/subject"]["unstated"] == 0


def test_mistakes_are_one_sentence_and_cost_nothing(openai_server, tmp_path, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    server = openai_server(pure())
    base = arguments(server, tmp_path / "run", tasks="triggers")
    default_grader = [part for part in base if part not in ("--grader", "gemma_distress/lexical")]
    for argv, told in (
        (default_grader, "ANTHROPIC_API_KEY"),
        ([*base, "--tasks", "tonnes"], "Did you mean tones"),
        ([*base, "-T", "turn=2"], "Did you mean turns"),
        ([*base, "--max-cost", "5"], "price of openai/subject is unknown"),
        ([*base, "--prices", "none.yaml"], "cannot be read"),
        ([*base, "--pack", "none.yaml"], "none.yaml"),
        ([*base, "--model", "nosuch/model"], "nosuch"),
    ):
        result = call(*argv)
        assert result.exit_code == 2, argv
        assert result.stderr.startswith("Error: ")
        assert told in result.stderr
        assert "Traceback" not in result.stderr
    assert server.requests == ()
