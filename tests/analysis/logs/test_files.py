"""Log files as plain data: which are found, and what of a conversation is read."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.analysis.logs.files import NoLogError, find, opened, parse, parse_sample

texts = st.sampled_from(["", "x", ',"events":[', '],"model_usage":{', "}", "\ud800", "é\n"])
values = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["events", "model_usage", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def compact(value: Any) -> bytes:
    """As Inspect writes it: no spaces, and what no encoding can hold escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode()


@given(values, values, values, st.lists(values, max_size=3), values)
def test_cutting_the_events_out_leaves_everything_else(
    metadata: Any, usage: Any, store: Any, events: list[Any], tail: Any
):
    sample = {
        "id": 1,
        "messages": [{"role": "user"}],
        "scores": {"a": {"metadata": metadata}},
        "store": store,
        "events": events,
        "model_usage": {"m": usage},
        "attachments": tail,
    }
    got = parse_sample(compact(sample))
    got.pop("events", None)
    assert got == {name: value for name, value in sample.items() if name != "events"}


def test_events_are_what_is_not_parsed():
    sample = {"messages": [1], "scores": {"a": 1}, "events": [{"b": 2}], "model_usage": {}}
    assert parse_sample(compact(sample)) == {"messages": [1], "scores": {"a": 1}, "model_usage": {}}


@pytest.mark.parametrize("order", [("events", "messages", "scores"), ("scores", "events")])
def test_another_order_of_fields_loses_none(order: tuple[str, ...]):
    """Then there is nothing to cut, and the whole is parsed."""
    sample = {key: [1] for key in ("id", *order)} | {"model_usage": {}, "messages": [1]}
    assert parse_sample(compact(sample)) == sample


def test_what_is_no_number_is_read_as_inspect_writes_it():
    assert str(parse(b"[NaN, Infinity, 1]")) == "[nan, inf, 1]"
    assert parse(b'"\\ud800"') == "\ud800"


def zipped(path: Path, **members: Any) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name, value in members.items():
            file.writestr(name, json.dumps(value))
    return path


def test_a_conversation_logged_again_is_the_later_one(tmp_path: Path):
    path = zipped(tmp_path / "a.eval", **{"header.json": {"eval": {}}})
    for number in (1, 2):
        with ZipFile(path, "a") as file, pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *args, **kwargs: None)
            file.writestr("samples/x_epoch_1.json", json.dumps({"messages": [], "n": number}))
    with opened(path) as log:
        assert [sample["n"] for sample in log.samples()] == [2]  # type: ignore[index]


def test_conversations_come_epoch_by_epoch_in_the_order_of_the_data_set(tmp_path: Path):
    names = ["b/1", "a_epoch_2", 7]
    header = {"eval": {"dataset": {"sample_ids": names}}}
    members = {
        f"samples/{name}_epoch_{epoch}.json": {"messages": [], "key": [epoch, name]}
        for name in reversed(names)
        for epoch in (10, 2)
    }
    path = zipped(tmp_path / "a.eval", **{"header.json": header}, **members)
    with opened(path) as log:
        got = [sample["key"] for sample in log.samples()]  # type: ignore[index]
    assert got == [[epoch, name] for epoch in (2, 10) for name in names]


@pytest.mark.parametrize("header", [[], {}, {"eval": 1}, "x"])
def test_a_zip_with_another_header_is_no_log(tmp_path: Path, header: Any):
    path = zipped(tmp_path / "a.eval", **{"header.json": header})
    with pytest.raises(NoLogError), opened(path):
        pass


def test_a_link_to_a_log_is_not_a_second_log(tmp_path: Path):
    path = zipped(tmp_path / "a.eval", **{"header.json": {"eval": {}}})
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.eval").symlink_to(path)
    assert find(tmp_path) == [path]


def test_a_link_to_nothing_is_a_log_that_cannot_be_read(tmp_path: Path):
    (tmp_path / "gone.eval").symlink_to(tmp_path / "nowhere.eval")
    [path] = find(tmp_path)
    with pytest.raises(NoLogError), opened(path):
        pass


def test_sample_ids_that_are_no_list_order_nothing(tmp_path: Path):
    header = {"eval": {"dataset": {"sample_ids": 3}}}
    sample = {"messages": [], "id": "x"}
    path = zipped(tmp_path / "a.eval", **{"header.json": header, "samples/x_epoch_1.json": sample})
    with opened(path) as log:
        assert [one["id"] for one in log.samples()] == ["x"]
