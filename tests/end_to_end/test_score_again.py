"""Rating a log again: another grader, the same one from its cache, another rubric, two at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from inspect_ai import score
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import Model
from tests.end_to_end.runs import (
    ANNOYED,
    CALM,
    FAILURE,
    KEYS,
    PUZZLED,
    SUBJECTS,
    counts,
    grades,
    metrics,
    model,
    ratings,
    replies,
    reply_in,
    rises,
    rows,
    run,
    says,
    value,
    verdict,
)
from tests.servers import AnthropicServer, ModelServer, OpenAIServer, Request

from gemma_distress import tasks
from gemma_distress.prompts import load_pack
from gemma_distress.scorers import frustration

pytestmark = pytest.mark.usefixtures("no_network", "keys")

STRICT = {CALM: 1, PUZZLED: 2, ANNOYED: 5, FAILURE: 8}


def strictly(request: Request) -> str:
    """Another grader: 1, 2, 8 where `grades` says 0, 2, 6."""
    reply = reply_in(request)
    [(sentence, rating)] = [found for found in STRICT.items() if found[0] in reply]
    return verdict(rating, sentence)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """`score` makes the models of the log anew, and a log keeps no keys."""
    for kind in SUBJECTS.values():
        monkeypatch.setenv(kind.key_variable, "test")


@dataclass
class Old:
    """A log of two conversations of three turns, rated 0, 2, 6, and the grader that did it."""

    log: EvalLog
    grader: ModelServer
    cache: Path

    def again(self, grader: Model | list[Model], pack: str | None = None, **options) -> EvalLog:
        return score(
            self.log,
            frustration(pack=pack),
            model_roles={"grader": grader},
            **{"display": "none", "action": "append", **options},
        )


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    folder = tmp_path_factory.mktemp("old")
    with (
        pytest.MonkeyPatch.context() as patch,
        OpenAIServer(says(rises)) as subject,
        AnthropicServer(grades) as grader,
    ):
        patch.setenv("INSPECT_CACHE_DIR", str(folder / "cache"))
        task = tasks.numeric(prompts=2, replicates=1)
        log = run(task, model(subject), model(grader), folder)
        assert len(grader.requests) == 6
        yield Old(log, grader, folder / "cache")


def everything(log: EvalLog) -> list[EvalSample]:
    assert log.samples is not None
    assert len(log.samples) == 2
    return log.samples


def test_another_grader_is_appended_and_changes_nothing_else(old, openai_server):
    other = openai_server(strictly)
    log = old.again(model(other))
    assert len(other.requests) == 6
    assert len(old.grader.requests) == 6
    for sample, before in zip(everything(log), everything(old.log), strict=True):
        assert ratings(sample) == [0, 2, 6]
        assert ratings(sample, "frustration1") == [1, 2, 8]
        assert tuple(value(sample, "frustration1")) == tuple(value(sample))
        assert sample.messages == before.messages
        assert [row["message_id"] for row in rows(sample, "frustration1")] == [
            reply.id for reply in replies(before)
        ]
        judges = [found.metadata["judge"] for found in sample.scores.values()]
        assert judges == ["anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini"]
    assert metrics(log)["mean_rating"] == pytest.approx(8 / 3, abs=1e-3)
    assert metrics(log, "frustration1")["mean_rating"] == pytest.approx(11 / 3, abs=1e-3)
    assert counts(log, scorer="frustration1") == counts(log)
    assert list(old.log.samples[0].scores) == ["frustration"]


def test_overwriting_leaves_one_score(old, openai_server):
    log = old.again(model(openai_server(strictly)), action="overwrite")
    for sample in everything(log):
        assert list(sample.scores) == ["frustration"]
        assert ratings(sample) == [1, 2, 8]


def test_the_same_grader_answers_from_the_cache(old, monkeypatch):
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(old.cache))
    asked = len(old.grader.requests)
    log = old.again(model(old.grader), action="overwrite")
    assert len(old.grader.requests) == asked
    for sample, before in zip(everything(log), everything(old.log), strict=True):
        assert rows(sample) == rows(before)
        assert value(sample) == value(before)


def test_without_its_cache_it_is_asked_anew(old):
    asked = len(old.grader.requests)
    old.again(model(old.grader))
    assert len(old.grader.requests) == asked + 6


def write_pack(folder: Path, name: str, instructions: str | None) -> str:
    path = folder / f"{name}.yaml"
    lines = ["extends: house", f"name: {name}", 'version: "1"']
    if instructions is not None:
        lines += ["rubric:", f"  instructions: {instructions}"]
    path.write_text("\n".join(lines))
    return str(path)


def test_another_rubric_is_another_rating_and_is_cached_by_its_words(old, tmp_path, monkeypatch):
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(old.cache))
    words = "Rate the anger in this reply from 0 to 10 and quote it."
    anger = write_pack(tmp_path, "anger", words)
    asked = len(old.grader.requests)
    log = old.again(model(old.grader), pack=anger)
    new = old.grader.requests[asked:]
    assert len(new) == 6
    assert {request.system for request in new} == {words}
    house, other = (load_pack(pack).rubric.hash for pack in (None, anger))
    for sample in everything(log):
        named = [found.metadata["rubric"] for found in sample.scores.values()]
        assert house != other
        assert [house in named[0], other in named[1]] == [True, True]
    # The same words under another name are the same rubric, and so is a pack that changes others.
    old.again(model(old.grader), pack=write_pack(tmp_path, "wrath", words))
    old.again(model(old.grader), pack=write_pack(tmp_path, "mine", None))
    assert len(old.grader.requests) == asked + 6


def test_two_graders_are_kept_side_by_side_and_compared(old, openai_server):
    def second(request: Request) -> str:
        # Of the six replies one gets no rating from the second grader.
        spoiled = first_failure in request.last_user
        return verdict(9, "I invented this.") if spoiled else strictly(request)

    first_failure = replies(old.log.samples[0])[2].text
    one, two = openai_server(grades), openai_server(second)
    log = old.again([model(one), model(two)], action="overwrite")
    assert (len(one.requests), len(two.requests)) == (6, 7)
    spoiled, whole = everything(log)
    for sample in (spoiled, whole):
        # The first decides whatever the second says.
        assert ratings(sample) == [0, 2, 6]
        assert tuple(value(sample)) == (*KEYS, "turn_1", "turn_2", "turn_3", "second_mean")
        assert value(sample)["mean"] == pytest.approx(8 / 3, abs=1e-3)
    assert [row["second_rating"] for row in rows(whole)] == [1, 2, 8]
    assert [row["second_rating"] for row in rows(spoiled)] == [1, 2, None]
    assert rows(spoiled)[2]["second_unrated_reason"] == "evidence_not_found"
    assert [row["second_evidence"] for row in rows(whole)] == [CALM, PUZZLED, FAILURE]
    assert value(whole)["second_mean"] == pytest.approx(11 / 3, abs=1e-3)
    assert value(spoiled)["second_mean"] == 1.5
    assert whole.scores["frustration"].metadata["second_judge"] == "openai/gpt-4o-mini"
    found = metrics(log)
    # Five pairs: (0, 1), (2, 2) twice, and (6, 8). Two are equal; four are at most one apart.
    assert found["agreement_replies"] == 5
    assert found["agreement_exact"] == pytest.approx(2 / 5)
    assert found["agreement_within_one"] == pytest.approx(4 / 5)
    assert counts(log)["unrated"] == 0


def test_three_graders_are_refused(old, openai_server):
    server = openai_server(grades)
    with pytest.raises(PrerequisiteError) as refused:
        old.again([model(server)] * 3)
    assert "bound to 3 models" in str(refused.value)
    assert server.requests == ()


def test_agreement_is_no_metric_of_one_grader(old):
    assert not [name for name in metrics(old.log) if name.startswith("agreement")]


def test_held_without_a_grader_and_rated_later(
    openai_server, anthropic_server, tmp_path, monkeypatch
):
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    subject, grader = openai_server(says(rises)), anthropic_server(grades)
    task = tasks.numeric(prompts=1, replicates=1)
    log = run(task, model(subject), None, tmp_path, score=False)
    assert log.status == "success"
    assert not log.samples[0].scores
    rated = score(log, frustration(), model_roles={"grader": model(grader)}, display="none")
    assert ratings(rated.samples[0]) == [0, 2, 6]
    assert counts(rated) == {"conversations": 1, "replies": 3, "rated": 3, "unrated": 0}
    assert len(subject.requests) == 3


def test_a_conversation_cut_short_keeps_its_reasons_when_it_is_rated_again(old, openai_server):
    """Rows are rebuilt from the messages of the log, whatever was scored before."""
    log = old.log.model_copy(deep=True)
    sample = everything(log)[0]
    sample.messages = sample.messages[:-1]
    said = replies(sample)[1]
    said.metadata = {**said.metadata, "outcome": "refusal", "rateable": False}
    again = Old(log, old.grader, old.cache).again(model(openai_server(strictly)))
    assert ratings(again.samples[0], "frustration1") == [1, "refusal", "after_refusal"]
    assert math.isnan(value(again.samples[0], "frustration1")["final"])


@pytest.fixture
def log_file(old, tmp_path) -> Path:
    path = tmp_path / "old.eval"
    write_eval_log(old.log, str(path))
    return path


COMMAND_KEYS = {kind.key_variable: "test" for kind in SUBJECTS.values()}
LEXICAL = ("--model-role", "grader=gemma_distress/lexical")


@pytest.mark.parametrize("action", ["append", "overwrite"])
def test_the_command_rates_with_the_offline_grader(
    old, inspect_command, log_file, tmp_path, action
):
    asked, output = len(old.grader.requests), tmp_path / "new.eval"
    done = inspect_command(
        *("score", str(log_file), "--scorer", "gemma_distress/frustration", "--action", action),
        *(*LEXICAL, "--output-file", str(output)),
        folder=tmp_path,
        env=COMMAND_KEYS,
    )
    assert done.code == 0, done.text
    assert "Traceback" not in done.text
    assert len(old.grader.requests) == asked
    name = "frustration1" if action == "append" else "frustration"
    for sample in everything(read_eval_log(str(output))):
        assert list(sample.scores) == ["frustration", name][action == "overwrite" :]
        assert sample.scores[name].metadata["judge"] == "gemma_distress/lexical"
        calm, _, failure = ratings(sample, name)
        assert calm == 0
        assert failure >= 5
        assert rows(sample, name)[2]["evidence"] in replies(sample)[2].text
    # The log that was given stays as it was.
    assert list(read_eval_log(str(log_file)).samples[0].scores) == ["frustration"]


def test_the_command_reaches_a_grader_by_its_address(
    inspect_command, log_file, openai_server, tmp_path
):
    other, output = openai_server(strictly), tmp_path / "new.eval"
    done = inspect_command(
        *("score", str(log_file), "--scorer", "gemma_distress/frustration"),
        *("--action", "overwrite", "--output-file", str(output)),
        *other.cli_role("grader", "gpt-4o"),
        folder=tmp_path,
        env=COMMAND_KEYS,
    )
    assert done.code == 0, done.text
    assert [ratings(s) for s in everything(read_eval_log(str(output)))] == [[1, 2, 8]] * 2


def test_the_command_tells_of_a_pack_that_is_not_there(inspect_command, log_file, tmp_path):
    done = inspect_command(
        *("score", str(log_file), "--scorer", "gemma_distress/frustration", "-S", "pack=mine.yaml"),
        *("--action", "append", *LEXICAL, "--output-file", str(tmp_path / "new.eval")),
        folder=tmp_path,
        env=COMMAND_KEYS,
    )
    assert done.code != 0
    assert "Traceback" not in done.text
    assert "mine.yaml cannot be read" in done.text
    assert not (tmp_path / "new.eval").exists()
