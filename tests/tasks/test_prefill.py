"""The tasks on prefixes: their samples, what they refuse, and a run on a server that goes on."""

from pathlib import Path

import pytest
from inspect_ai.model import GenerateConfig, get_model
from tests.end_to_end.runs import FAILURE, grades, model, replies, rows, run
from tests.prefixes.drawn import CALM, some
from tests.servers import Answer, OpenAIServer, Reply, Request
from tests.solvers.test_going_on import counts, restarts

from gemma_distress import tasks
from gemma_distress.analysis.turns import read
from gemma_distress.errors import UsageError
from gemma_distress.prefixes.sentences import sentences
from gemma_distress.prompts import load_pack
from gemma_distress.protocol import HELPS, SAID


def test_every_prefix_is_gone_on_from_before_any_twice(tmp_path: Path):
    made = tasks.prefill(prefixes=str(some(tmp_path / "p.jsonl")), continuations=2)
    samples = list(made.dataset)
    assert [str(sample.id).rpartition("/")[2] for sample in samples] == ["000"] * 4 + ["001"] * 4
    assert {sample.metadata["condition"] for sample in samples} == {
        "prefill/numeric-early",
        "prefill/numeric-onset",
        "prefill/text-early",
        "prefill/text-onset",
    }
    first = samples[0]
    assert [message.role for message in first.input] == ["user", "assistant", "user", "assistant"]
    assert first.input[-1].text == "Let me try it once more with care"
    assert len({sample.metadata["prompt_id"] for sample in samples}) == 2
    assert made.metadata["prefixes"]["paraphraser"] == ""


@pytest.mark.parametrize("help", HELPS)
def test_help_comes_after_the_cut_reply_or_not_at_all(tmp_path: Path, help: str):
    made = tasks.recovery(
        prefixes=str(some(tmp_path / "p.jsonl", recovery=True)), continuations=1, help=help
    )
    for sample in made.dataset:
        last = sample.input[-1]
        assert last.role == ("user" if help in SAID else "assistant")
        assert help not in SAID or last.text in sentences().helps[help]
        assert sample.metadata.get("history") == ("redacted" if help == "hidden" else None)
        assert sample.metadata["condition"] == f"recovery/{help}"


def test_what_was_made_for_the_other_task_is_refused(tmp_path: Path):
    prefill, spirals = some(tmp_path / "p.jsonl"), some(tmp_path / "s.jsonl", recovery=True)
    with pytest.raises(UsageError, match="are for recovery"):
        tasks.prefill(prefixes=str(spirals))
    with pytest.raises(UsageError, match="are for prefill"):
        tasks.recovery(prefixes=str(prefill))
    with pytest.raises(UsageError, match="prefill needs prefixes"):
        tasks.prefill()
    with pytest.raises(UsageError, match="help='sorry'"):
        tasks.recovery(prefixes=str(spirals), help="sorry")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="continuations=0"):
        tasks.prefill(prefixes=str(prefill), continuations=0)


def goes_on(request: Request) -> Answer:
    said = f"and so on {request.number}. {FAILURE}"
    return Reply(said, input_tokens=counts(request))


def subject(server: OpenAIServer):
    return get_model(
        "openai-api/test/small", base_url=server.base_url, api_key="test", memoize=False
    )


def test_what_comes_is_rated_alone(tmp_path: Path):
    task = tasks.prefill(prefixes=str(some(tmp_path / "p.jsonl")), continuations=1)
    with OpenAIServer(goes_on) as server, OpenAIServer(grades) as judge:
        log = run(task, subject(server), model(judge), tmp_path / "logs")
        asked = [request.last_user for request in judge.requests]
    assert log.status == "success", log.error
    assert log.samples
    for sample in log.samples:
        [row] = rows(sample)
        assert (row["turn"], row["rating"]) == (1, 6)
        assert replies(sample)[-1].text.startswith("and so on")
    assert not any("once more with care" in text or CALM in text for text in asked)
    table = read(tmp_path / "logs").turns
    assert len(table) == 4
    assert all(str(reply).startswith("and so on") for reply in table["reply"])


def test_hidden_replies_are_hidden_and_the_cut_one_is_not(tmp_path: Path):
    file = some(tmp_path / "p.jsonl", recovery=True)
    task = tasks.recovery(prefixes=str(file), continuations=1, help="hidden")
    with OpenAIServer(goes_on) as server:
        run(task, subject(server), None, tmp_path / "logs", score=False)
        sent = [request.messages for request in server.requests if len(request.messages) == 4]
    [messages] = sent
    assert messages[1] == ("assistant", load_pack().omitted_reply)
    assert messages[3][0] == "assistant"
    assert messages[3][1].startswith("Let me try")


def test_a_server_that_begins_anew_is_asked_for_nothing_more(tmp_path: Path):
    task = tasks.prefill(prefixes=str(some(tmp_path / "p.jsonl")), continuations=1)
    with OpenAIServer(restarts) as server:
        log = run(task, subject(server), None, tmp_path / "logs", score=False)
        assert len(server.requests) == 3
    assert log.samples
    assert all("closes the reply" in str(sample.error) for sample in log.samples)


def test_each_continuation_of_the_organism_is_checked_by_its_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("torch")
    task = tasks.prefill(prefixes=str(some(tmp_path / "p.jsonl")), continuations=1)
    monkeypatch.setattr("gemma_distress.solvers.rest.tokens_read", lambda usage: 1)
    organism = get_model("gemma_distress/organism", config=GenerateConfig(max_tokens=3))
    with OpenAIServer(grades) as judge:
        log = run(task, organism, model(judge), tmp_path / "logs")
    for sample in log.samples or []:
        assert sample.error
        assert "read 1 tokens for the prefix" in sample.error.message
        assert "It did not go on from it" in sample.error.message
    assert log.samples
