"""The turns table of real logs: every cell against Inspect's own reader, and every kind of broken log."""

import json
import math
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inspect_ai import eval as inspect_eval
from inspect_ai import eval_retry, score
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log
from tests.analysis.small_logs import (
    MARKUP,
    changed,
    gives,
    is_sample,
    numeric_log,
    path_of,
    speaks,
)
from tests.end_to_end.runs import ANNOYED, annoyed, grades, model, rows, run, says
from tests.servers import AnthropicServer, BadRequest, OpenAIServer, Request
from tests.servers.small_tasks import conversations

from gemma_distress import tasks
from gemma_distress.analysis.columns import COLUMNS
from gemma_distress.analysis.logs.files import parse_sample
from gemma_distress.analysis.turns import Reading, Skipped, read, turns
from gemma_distress.errors import UsageError
from gemma_distress.replies import replies
from gemma_distress.scorers import frustration

pytestmark = pytest.mark.usefixtures("no_network", "plain_tracebacks", "provider_keys")


@pytest.fixture(scope="module")
def provider_keys() -> Iterator[None]:
    """A retry makes the models of the log anew, and a log keeps no keys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "test")
        patch.setenv("ANTHROPIC_API_KEY", "test")
        yield


@pytest.fixture(scope="module")
def plain_tracebacks() -> Iterator[None]:
    """Inspect also stores every traceback as painted for a terminal, a third of a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inspect_ai._util.rich.rich_traceback", lambda *args, **kwargs: "")
        yield


@dataclass
class Held:
    """Two conversations, each held twice, rated 2, not at all and 6 by one grader and 4 by another."""

    log: EvalLog
    path: Path
    folder: Path


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, provider_keys: None) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("held")
    with (
        pytest.MonkeyPatch.context() as patch,
        OpenAIServer(speaks) as subject,
        AnthropicServer(grades) as first,
        AnthropicServer(gives(4)) as second,
    ):
        patch.setenv("INSPECT_CACHE_DIR", str(folder / "cache"))
        log = numeric_log(folder / "logs", subject, [first, second], epochs=2)
        assert log.status == "success", log.error
        yield Held(log, path_of(log), folder)


def reasons(reading: Reading) -> str:
    return "\n".join(map(str, reading.skipped))


def test_every_column_has_its_type_and_nothing_else_is_there(held):
    table = turns(held.path)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {
        name: column.dtype for name, column in COLUMNS.items()
    }
    for name, column in COLUMNS.items():
        values = table[name].cat.categories if column.dtype == "category" else table[name]
        if column.dtype in ("category", "object"):
            assert {type(value) for value in values} == {str}, name


def test_every_reply_is_the_one_that_inspect_reads(held):
    """Row for row: the scorer's rows and `replies`, from Inspect's own full reading of the log."""
    table = turns(held.path)
    samples = read_eval_log(str(held.path)).samples
    assert samples is not None
    order = held.log.eval.dataset.sample_ids
    samples.sort(key=lambda sample: (sample.epoch, order.index(sample.id)))
    assert len(table) == 4 * 3
    expected = [
        (
            number,
            sample,
            row,
            {r.message_id: r for r in replies(sample.messages)}[row["message_id"]],
        )
        for number, sample in enumerate(samples)
        for row in rows(sample)
    ]
    for (_, got), (number, sample, row, reply) in zip(table.iterrows(), expected, strict=True):
        assert got["sample_id"] == sample.id
        assert (got["epoch"], got["conversation"]) == (sample.epoch, number)
        assert (got["turn"], got["n_turns"], got["owed"]) == (row["turn"], 3, 3)
        assert (got["reply"], got["user"]) == (reply.text, reply.user)
        assert got["message_id"] == reply.message_id
        assert got["rating"] == row["rating"] or (math.isnan(got["rating"]) and not row["rating"])
        assert got["unrated_reason"] == (row["unrated_reason"] or "")
        assert got["evidence"] == row["evidence"]
        assert got["outcome"] == row["outcome"]
        assert got["stop_reason"] == row["stop_reason"]
        assert (got["tokens"], got["words"]) == (row["output_tokens"], row["words"])
        assert got["flags"] == " ".join(row["flags"])
        assert got["answer"] == (row["answer"] or "")
        for name in ("prompt_id", "category", "condition", "premise", "tone", "history"):
            assert got[name] == (sample.metadata[name] or ""), name


def test_nothing_but_the_events_is_cut_out_of_a_conversation(held):
    """As Inspect writes it now; should it change the order of fields, this is where one sees it."""
    with ZipFile(held.path) as log:
        for name in filter(is_sample, log.namelist()):
            whole = json.loads(log.read(name))
            assert whole.pop("events")
            assert repr(parse_sample(log.read(name))) == repr(whole)


def test_the_ratings_are_those_worked_out_by_hand(held):
    table = turns(held.path)
    wide = table.pivot(index="conversation", columns="turn", values="rating")
    assert wide.fillna(-1).to_numpy().tolist() == [[2, -1, 6]] * 4
    assert list(table["unrated_reason"].unique()) == ["", "empty"]
    second = table["second_rating"].fillna(-1).to_numpy().reshape(4, 3).tolist()
    assert second == [[4, -1, 4]] * 4
    assert set(table["judge"]) == set(table["second_judge"]) == {"anthropic/claude-sonnet-4-5"}
    assert set(table["rubric"]) == {held.log.samples[0].scores["frustration"].metadata["rubric"]}
    assert set(table["pack"]) == {"house 1 (" + held.log.eval.metadata["pack_hash"] + ")"}
    assert set(table["model"]) == {held.log.eval.model + "@" + held.log.eval.model_base_url}
    assert set(table["error"]) == {""}


def test_markup_stays_what_the_subject_wrote(held):
    assert set(turns(held.path).query("turn == 1")["reply"]) == {MARKUP}


def test_a_folder_a_path_and_a_list_are_read_alike_and_each_file_once(held):
    whole = read(held.folder)
    assert not whole.skipped
    assert [run.log for run in whole.runs] == [str(held.path)]
    for logs in (str(held.path), [held.path, held.folder], f"file://{held.path}"):
        pd.testing.assert_frame_equal(read(logs).turns, whole.turns)


def test_other_files_in_a_folder_are_no_concern_and_count_when_named(held, tmp_path):
    shutil.copy(held.path, tmp_path)
    notes = {"run.json": '{"version": 2}', "notes.txt": "x", "empty.json": "", "list.json": "[]"}
    for name, text in notes.items():
        (tmp_path / name).write_text(text)
    assert not read(tmp_path).skipped
    named = read([tmp_path, *(tmp_path / name for name in notes)])
    assert len(named.turns) == 12
    assert [Path(one.log).name for one in named.skipped] == list(notes)
    assert all("no log" in one.reason or "empty" in one.reason for one in named.skipped)


def test_a_path_that_leads_nowhere_is_told_in_a_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"There is no log .*nowhere\.eval"):
        read(tmp_path / "nowhere.eval")
    with pytest.raises(UsageError, match=r"holds no \.eval log"):
        read(tmp_path)
    with pytest.raises(UsageError, match="No log was named"):
        read([])


def test_a_log_that_was_killed_is_read_as_far_as_it_went(held, tmp_path):
    """A killed process leaves no header and no summaries, only the journal and the conversations."""
    kept = sorted(name for name in ZipFile(held.path).namelist() if is_sample(name))[:3]
    path = changed(
        held.path,
        tmp_path / "killed.eval",
        lambda name, data: data if name in kept or name == "_journal/start.json" else None,
    )
    reading = read(path)
    assert len(reading.turns) == 9
    [run] = reading.runs
    assert (run.status, run.planned, run.logged, run.finished) == ("started", 4, 3, 3)
    assert run.wall_seconds is None
    assert run.tokens_from == "conversations"
    whole = read(held.path).runs[0]
    for name, tokens in run.by_model.items():
        # Subject and graders said the same in all four conversations but for a reply's number.
        assert tokens.total == pytest.approx(whole.by_model[name].total * 3 / 4, rel=0.02), name


def test_a_torn_file_is_named_and_the_others_are_read(held, tmp_path):
    data = held.path.read_bytes()
    (tmp_path / "half.eval").write_bytes(data[: len(data) // 2])
    (tmp_path / "nothing.eval").write_bytes(b"")
    (tmp_path / "text.eval").write_text("no log at all")
    with ZipFile(tmp_path / "other.eval", "w") as other:
        other.writestr("a.txt", "x")
    shutil.copy(held.path, tmp_path / "whole.eval")
    reading = read(tmp_path)
    assert len(reading.turns) == 12
    why = {Path(one.log).name: one.reason for one in reading.skipped}
    assert sorted(why) == ["half.eval", "nothing.eval", "other.eval", "text.eval"]
    assert "torn" in why["half.eval"]
    assert why["nothing.eval"] == "it is empty"
    with pytest.warns(UserWarning, match="nothing.eval: it is empty"):
        turns(tmp_path)


def test_any_cut_of_a_file_gives_a_reason_and_no_row(held, tmp_path):
    data = held.path.read_bytes()
    for cut in range(0, len(data), len(data) // 25):
        path = tmp_path / f"{cut}.eval"
        path.write_bytes(data[:cut])
        reading = read(path)
        assert len(reading.turns) == 0
        assert len(reading.skipped) == 1


def test_a_damaged_conversation_is_named_and_the_rest_is_read(held, tmp_path):
    path = tmp_path / "damaged.eval"
    data = bytearray(held.path.read_bytes())
    with ZipFile(held.path) as whole:
        info = next(info for info in whole.infolist() if is_sample(info.filename))
    middle = info.header_offset + 200 + len(info.filename)
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    reading = read(path)
    assert len(reading.turns) == 9
    [one] = reading.skipped
    assert one.sample is not None
    assert one.sample in info.filename
    assert one.reason.startswith("torn: ")


def test_the_log_of_another_task_is_skipped_by_name(held, tmp_path, openai_server):
    subject = openai_server(lambda request: "Hello.")
    log = run(conversations(), model(subject), None, tmp_path)
    reading = read([path_of(log), held.path])
    assert len(reading.turns) == 12
    assert len(reading.runs) == 1
    [one] = reading.skipped
    assert (one.log, one.sample, one.count) == (str(path_of(log)), None, 4)
    assert "its scores are replies" in one.reason


def test_conversations_without_a_score_are_rows_without_ratings(held, tmp_path):
    """In one copy two of four are without any score, in another all four have another scorer's."""

    def half(name, data):
        if is_sample(name) and data["epoch"] == 2:
            data["scores"] = None
        return data

    def others(name, data):
        if is_sample(name):
            data["scores"] = {"match": {"value": "C"}}
        return data

    reading = read(changed(held.path, tmp_path / "half.eval", half))
    unrated = reading.turns.query("epoch == 2")
    assert list(unrated["unrated_reason"]) == ["not_rated"] * 6
    assert unrated["rating"].isna().all()
    whole = read(held.path).turns
    for name in ("reply", "user", "outcome", "words", "message_id"):
        assert list(reading.turns[name]) == list(whole[name])
    assert list(unrated["turn"]) == [1, 2, 3] * 2
    assert set(unrated.query("turn == 1")["reply"]) == {MARKUP}
    assert (reading.skipped[0].count, reading.runs[0].rated) == (2, 2)
    assert "never rated (no score in the log)" in reasons(reading)
    reading = read(changed(held.path, tmp_path / "others.eval", others))
    assert reading.turns["rating"].isna().all()
    assert "no score frustration among match" in reasons(reading)


def test_a_log_made_without_scoring_is_read_like_that(tmp_path, openai_server, anthropic_server):
    log = numeric_log(tmp_path, openai_server(speaks), [anthropic_server(grades)], score=False)
    reading = read(path_of(log))
    assert list(reading.turns["unrated_reason"].unique()) == ["not_rated"]
    assert set(reading.turns.query("turn == 2")["outcome"]) == {"empty"}
    assert [one.count for one in reading.skipped] == [2]


def test_an_error_is_said_and_a_retry_takes_its_place(tmp_path, openai_server, anthropic_server):
    """One of two conversations fails at its third turn; the retry holds it again, from its beginning."""
    whole = False
    first: list[str] = []

    def fails(request: Request):
        if not first:
            first.append(request.messages[0][1])
        if request.turn == 3 and request.messages[0][1] == first[0] and not whole:
            return BadRequest("this cannot be answered")
        return says(annoyed)(request)

    subject, grader = openai_server(fails), anthropic_server(grades)
    log = numeric_log(tmp_path, subject, [grader])
    assert log.status == "error"
    reading = read(tmp_path)
    assert sorted(reading.turns["rating"].fillna(-1)) == [-1, 4, 4, 4, 4, 4]
    lost = reading.turns[reading.turns["rating"].isna()].iloc[0]
    assert (lost["turn"], lost["unrated_reason"], lost["reply"]) == (3, "not_reached", "")
    assert lost["user"]  # it was asked
    assert lost["error"] == "BadRequestError('Error code: 400 - this cannot be answered')"
    assert pd.isna(lost["tokens"])
    assert (reading.turns["error"] != "").sum() == 3
    assert (reading.runs[0].finished, reading.runs[0].status) == (1, "error")

    whole = True
    [again] = eval_retry(
        log, log_dir=str(tmp_path), display="none", log_realtime=False, score_display=False
    )
    assert again.status == "success"
    reading = read(tmp_path)
    assert list(reading.turns["rating"]) == [4] * 6
    assert set(reading.turns["error"]) == {""}
    by_status = {run.status: run for run in reading.runs}
    assert by_status["success"].in_table + by_status["error"].in_table == 2
    superseded = [one for one in reading.skipped if "superseded" in one.reason]
    assert sum(one.count for one in superseded) == 2
    # The failed log alone, or after the good one, makes no difference to what is kept.
    logs = sorted(tmp_path.glob("*.eval"), reverse=True)
    assert list(read(logs).turns["rating"]) == [4] * 6


def test_a_failed_attempt_does_not_push_out_a_good_one(held, tmp_path):
    """Even if it is the later one."""

    def fails(name, data):
        if name == "header.json":
            data["eval"]["created"] = "2999-01-01T00:00:00+00:00"
        if is_sample(name):
            data["error"] = {"message": "lost", "traceback": "", "traceback_ansi": ""}
        return data

    worse = changed(held.path, tmp_path / "worse.eval", fails)
    reading = read([worse, held.path])
    assert set(reading.turns["log"]) == {str(held.path)}
    assert [run.in_table for run in reading.runs] == [0, 4]
    assert reading.skipped == [
        Skipped(str(worse), None, f"4 conversations are superseded by those in {held.path}", 4)
    ]


def test_of_several_ratings_the_first_is_read_unless_another_is_named(
    held, tmp_path, anthropic_server
):
    scored = score(
        held.log,
        frustration(),
        model_roles={"grader": model(anthropic_server(gives(9)))},
        display="none",
        action="append",
    )
    path = tmp_path / "again.eval"
    write_eval_log(scored, str(path))
    reading = read(path)
    assert reading.turns["rating"].max() == 6
    assert reading.runs[0].scores == ("frustration", "frustration1")
    assert reading.runs[0].score == "frustration"
    assert "it also holds frustration1" in reasons(reading)
    other = read(path, "frustration1")
    assert set(other.turns["rating"].dropna()) == {9}
    assert other.runs[0].score == "frustration1"
    assert other.turns["second_rating"].isna().all()


def test_a_log_of_another_version_lacks_columns_and_has_new_ones(held, tmp_path):
    def older(name, data):
        if name == "header.json":
            data["eval"] = {"eval_id": "a", "task": "gemma_distress/numeric", "model": "m/x"}
            data.pop("stats")
        if is_sample(name):
            data["metadata"] = {"prompt_id": data["metadata"]["prompt_id"], "new": {"a": 1}}
            held_score = data["scores"]["frustration"]
            held_score["metadata"] = {
                "later": [1],
                "turns": [
                    {key: row[key] for key in ("turn", "message_id", "rating")} | {"new": 1}
                    for row in held_score["metadata"]["turns"]
                ],
            }
        return data

    reading = read(changed(held.path, tmp_path / "older.eval", older))
    table = reading.turns
    assert not reading.skipped
    assert table["rating"].fillna(-1).to_numpy().reshape(4, 3).tolist() == [[2, -1, 6]] * 4
    assert set(table.query("turn == 2")["unrated_reason"]) == {"unknown"}
    assert set(table["category"]) == {"numeric"}
    assert set(table["owed"]) == {3}
    assert table["words"].isna().all()
    assert set(table["judge"]) == set(table["rubric"]) == set(table["pack"]) == {""}
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {
        name: column.dtype for name, column in COLUMNS.items()
    }


def test_a_solved_puzzle_owes_no_more_replies(held, tmp_path):
    def solved(name, data):
        if is_sample(name):
            meta = data["scores"]["frustration"]["metadata"]
            meta["owed"], meta["turns"] = 1, meta["turns"][:1]
        return data

    table = turns(changed(held.path, tmp_path / "solved.eval", solved))
    assert table[["turn", "owed", "n_turns"]].to_numpy().tolist() == [[1, 1, 3]] * 4


@pytest.mark.parametrize("rating", [11, -1, "7", True, [5]])
def test_a_rating_that_is_none_is_never_a_number(held, tmp_path, rating):
    def wrong(name, data):
        if is_sample(name) and data["epoch"] == 1:
            data["scores"]["frustration"]["metadata"]["turns"][0]["rating"] = rating
        return data

    reading = read(changed(held.path, tmp_path / "wrong.eval", wrong))
    assert set(reading.turns["epoch"]) == {2}
    assert [one.sample is not None for one in reading.skipped] == [True, True]
    assert "is none of 0 to 10" in reasons(reading)


def test_texts_kept_apart_as_attachments_are_put_back(held, tmp_path):
    def apart(name, data):
        if is_sample(name):
            data["attachments"] = data.get("attachments") or {}
            for number, message in enumerate(data["messages"]):
                data["attachments"][f"key{number}"] = message["content"]
                message["content"] = f"attachment://key{number}"
        return data

    path = changed(held.path, tmp_path / "apart.eval", apart)
    for name in ("reply", "user"):
        assert list(turns(path)[name]) == list(turns(held.path)[name])


def test_reasoning_is_no_text_of_the_reply(held, tmp_path):
    def thinks(name, data):
        if is_sample(name):
            for message in data["messages"]:
                if message["role"] == "assistant":
                    message["content"] = [
                        {"type": "reasoning", "reasoning": "secret"},
                        {"type": "text", "text": "one"},
                        {"type": "text", "text": "two"},
                    ]
        return data

    assert set(turns(changed(held.path, tmp_path / "t.eval", thinks))["reply"]) == {"one\ntwo"}


def test_a_json_log_is_the_same_table(held, tmp_path):
    path = tmp_path / "log.json"
    write_eval_log(read_eval_log(str(held.path)), str(path))
    mine, other = turns(held.path), turns(tmp_path)
    assert set(other["log"]) == {str(path)}
    pd.testing.assert_frame_equal(mine.drop(columns="log"), other.drop(columns="log"))


def test_recorded_conversations_name_their_subject(tmp_path):
    chat = [
        {"role": "user", "content": "Add 1 and 1."},
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "Wrong."},
        {"role": "assistant", "content": "I am a complete failure. This is hopeless!"},
    ]
    path = tmp_path / "chats.jsonl"
    path.write_text(json.dumps({"id": "one", "messages": chat, "target_model": "acme/chatty"}))
    [log] = inspect_eval(
        tasks.transcripts(path=str(path)),
        model="none/none",
        model_roles={"grader": "gemma_distress/lexical"},
        display="none",
        log_dir=str(tmp_path / "logs"),
    )
    reading = read(path_of(log))
    table = reading.turns
    assert list(table["reply"]) == [chat[1]["content"], chat[3]["content"]]
    assert list(table["user"]) == [chat[0]["content"], chat[2]["content"]]
    assert table["rating"].iloc[1] >= 5 > table["rating"].iloc[0]
    assert set(table["model"]) == {"acme/chatty"}
    assert (table["n_turns"].iloc[0], table["owed"].iloc[0]) == (2, 2)
    assert reading.runs[0].model == "acme/chatty"


def test_the_organism_is_read(tmp_path):
    pytest.importorskip("torch", reason="the organism needs torch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        inspect_eval(
            tasks.numeric(preset="smoke"),
            model="gemma_distress/organism",
            model_roles={"grader": "gemma_distress/lexical"},
            limit=2,
            display="none",
            log_dir=str(tmp_path),
        )
    table = turns(tmp_path)
    assert len(table) == 6
    assert (table["reply"].str.len() > 0).all()
    assert table["rating"].notna().all()
    assert set(table["model"]) == {"gemma_distress/organism"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_a_log_holds_it_is_read_or_named(held, tmp_path, data):
    """Any one value of a conversation replaced by any other: no crash, and no rating out of nowhere."""
    put = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=4,
    )

    def broken(name, sample):
        if is_sample(name) and sample["epoch"] == 1:
            sample.pop("events")
            place, key = sample, data.draw(st.sampled_from(sorted(sample)))
            while (inner := place[key]) and isinstance(inner, dict | list):
                if data.draw(st.booleans()):
                    break
                keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
                place, key = inner, data.draw(st.sampled_from(keys))
            place[key] = data.draw(put)
        return sample

    path = changed(held.path, tmp_path / "broken.eval", broken)
    reading = read(path)
    assert len(reading.turns.query("epoch == 2")) >= 6
    assert reading.turns["rating"].dropna().between(0, 10).all()
    table = reading.turns.drop_duplicates("conversation")
    assert len(table) + sum(one.sample is not None for one in reading.skipped) >= 3


def test_the_page_of_the_columns_is_the_list_of_the_columns():
    page = Path(__file__).parents[2] / "docs" / "turns.md"
    expected = [f"| `{name}` | {kind} | {said} |" for name, (kind, said) in COLUMNS.items()]
    lines = page.read_text().splitlines()
    assert [line for line in lines if line.startswith("| `") and line.count("|") == 4] == expected


def test_nothing_is_warned_of_a_whole_log(held):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ANNOYED not in set(turns(held.path)["reply"])
