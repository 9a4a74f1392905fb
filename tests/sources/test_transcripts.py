"""Reading conversations that exist: every accepted shape, and what is refused with which sentence."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.errors import UsageError
from gemma_distress.sources import Message, PublishedRating, read_transcripts

RATED = Path(__file__).parents[2] / "../shared/data/rated_replies.jsonl"

CHAT = {
    "id": "c1",
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": "5"},
        {"role": "user", "content": "Wrong."},
        {"role": "assistant", "content": [{"type": "text", "text": "Oh no."}, "4?"]},
    ],
}

CHAT_JSON = json.dumps(CHAT).encode()


def turn_row(turn: float, **extra: object) -> dict:
    fields = {"conversation_id": "c", "turn": turn, "user_message": f"u{turn}"}
    return {**fields, "response": f"r{turn}", **extra}


def lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def refused(path: Path, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        read_transcripts(path)


def said(messages: tuple[Message, ...]) -> list[tuple[str, str, int | None]]:
    return [(message.role, message.text, message.turn) for message in messages]


def test_chat_rows(tmp_path):
    [chat] = read_transcripts(lines(tmp_path / "a.jsonl", [CHAT]))
    assert said(chat.messages) == [
        ("system", "Be brief.", None),
        ("user", "2 + 2?", None),
        ("assistant", "5", 1),
        ("user", "Wrong.", None),
        ("assistant", "Oh no.\n4?", 2),
    ]
    assert chat.conversation_id == "c1"
    assert chat.metadata["model"] == "m"
    assert (chat.condition, chat.category) == ("transcripts", "transcripts")


def test_chat_rows_without_id_are_named_after_file_and_line_and_share_a_prompt(tmp_path):
    rows = [{"messages": CHAT["messages"]}, {"messages": CHAT["messages"]}]
    rows[1]["metadata"] = {"condition": "tones/stern", "rater": "x"}
    first, second = read_transcripts(lines(tmp_path / "a.jsonl", rows))
    assert [first.conversation_id, second.conversation_id] == ["a-00001", "a-00002"]
    assert first.prompt_id == second.prompt_id
    assert (second.condition, second.category) == ("tones/stern", "tones")
    assert second.metadata["rater"] == "x"


def test_what_real_dumps_hold_in_messages(tmp_path):
    messages = [
        {"role": "assistant", "content": "Hello, what is it?", "rating": 0},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
        {"role": "user", "content": "Second in a row."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "Nothing?"},
        {
            "role": "model",
            "content": [{"type": "thinking", "thinking": "?"}, {"type": "text", "text": "I fail."}],
            "rating": 7,
            "evidence": "I fail.",
        },
        {"role": "assistant", "content": None, "refusal": "I will not."},
    ]
    [chat] = read_transcripts(lines(tmp_path / "a.jsonl", [{"messages": messages}]))
    assert said(chat.messages) == [
        ("assistant", "Hello, what is it?", 1),
        ("user", "[image_url]", None),
        ("user", "Second in a row.", None),
        ("assistant", "", None),  # it only calls a tool
        ("tool", "42", None),
        ("assistant", "", 2),  # nothing came: its turn is missing, not the next one's
        ("user", "Nothing?", None),
        ("assistant", "I fail.", 3),
        ("assistant", "I will not.", 4),
    ]
    assert [reply.turn for reply in chat.replies] == [1, 3, 4]
    assert chat.published == {1: PublishedRating(0), 3: PublishedRating(7, "I fail.")}
    assert chat.messages[7].metadata == {"reasoning_parts_omitted": 1}


@pytest.mark.parametrize("form", ["list", "lines", "one", "pretty", "gzip", "bom"])
def test_sharegpt_in_every_wrapping(form, tmp_path):
    turns = [("human", "Hé?"), ("gpt", "Ja."), ("human", "Nein."), ("gpt", "Doch… 🙂")]
    row = {"id": 7, "conversations": [{"from": f, "value": v} for f, v in turns]}
    path = tmp_path / "share.json"
    if form == "gzip":
        with gzip.open(path, "wt", encoding="utf-8") as stream:
            json.dump([row], stream, ensure_ascii=False)
    else:
        text = {
            "list": json.dumps([row]),
            "lines": json.dumps(row) + "\n\n",
            "one": json.dumps(row),
            "pretty": json.dumps(row, indent=2),
            "bom": "\ufeff" + json.dumps([row], ensure_ascii=False),
        }[form]
        path.write_text(text, encoding="utf-8")
    [share] = read_transcripts(path)
    assert share.conversation_id == "7"
    assert said(share.messages) == [
        ("user", "Hé?", None),
        ("assistant", "Ja.", 1),
        ("user", "Nein.", None),
        ("assistant", "Doch… 🙂", 2),
    ]


def test_long_lists_are_read_across_buffers_with_true_lines(tmp_path):
    rows = [{"messages": [{"role": "assistant", "content": "é" * (n * 900)}]} for n in range(1, 90)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    found = read_transcripts(path)
    assert [len(t.messages[0].text) for t in found] == [n * 900 for n in range(1, 90)]
    # "[" is line 1; an object then takes 8 lines: { "messages": [ { role content } ] }.
    assert [t.metadata["line"] for t in found] == [2 + 8 * n for n in range(89)]


def test_turn_rows_in_any_order_keep_their_turns(tmp_path):
    rows = [
        turn_row(
            5, rating=9, evidence="r5", scenario="tones_stern", judge=1, history_redacted=True
        ),
        turn_row(2, rating=None, scenario="tones_stern", judge=1, note="n"),
        turn_row(3, rating="4.5", task_id="p", judge=1),
        {"conversation_id": "d", "turn": 3.0, "text": "alone"},
    ]
    first, second = read_transcripts(lines(tmp_path / "a.jsonl", rows))
    assert said(first.messages) == [
        ("user", "u2", None),
        ("assistant", "r2", 2),
        ("user", "u3", None),
        ("assistant", "r3", 3),
        ("user", "u5", None),
        ("assistant", "r5", 5),
    ]
    assert first.published == {3: PublishedRating(4.5), 5: PublishedRating(9, "r5")}
    assert (first.prompt_id, first.condition) == ("p", "tones_stern")
    assert first.metadata["judge"] == 1
    assert first.metadata["history"] == "redacted"
    assert "turns_in_file" not in first.metadata
    assert [message.redacted for message in first.replies] == [False, False, True]
    assert first.messages[1].metadata == {"note": "n"}
    assert said(second.messages) == [("assistant", "alone", 3)]


def test_turns_from_zero_are_read_one_higher_and_stated(tmp_path):
    rows = [turn_row(0, rating=1), turn_row(1), turn_row(2, conversation_id="d")]
    first, second = read_transcripts(lines(tmp_path / "a.jsonl", rows))
    assert [reply.turn for reply in first.replies] == [1, 2]
    assert first.published == {1: PublishedRating(1)}
    assert [reply.turn for reply in second.replies] == [3]
    assert first.metadata["turns_in_file"] == "counted from 0"


def test_rows_of_single_messages(tmp_path):
    roles = ["user", "assistant", "user", "assistant"]
    rows = [{"id": "c", "turn": i, "role": r, "text": f"{i}"} for i, r in enumerate(roles)]
    [positions] = read_transcripts(lines(tmp_path / "a.jsonl", rows))
    assert [(m.text, m.turn) for m in positions.replies] == [("1", 1), ("3", 2)]
    assert positions.metadata["turns_in_file"] == "positions in the message list"
    for number, row in enumerate(rows):
        row["turn"] = 4 + number // 2
    [turns] = read_transcripts(lines(tmp_path / "b.jsonl", rows[::-1]))
    assert [(m.text, m.turn) for m in turns.messages] == [
        ("0", None),
        ("1", 4),
        ("2", None),
        ("3", 5),
    ]
    rows[1]["user_message"] = "not what row 0 holds"
    refused(lines(tmp_path / "c.jsonl", rows), r"line 2 holds another text.*turn 4.*line 1")


@pytest.mark.parametrize(
    ("row", "match"),
    [
        (turn_row(1), r"turn 1 of conversation 'c' twice, on lines 1 and 2"),
        (turn_row(2, prompt="other"), r"line 2 holds different texts.*'user_message' and 'prompt'"),
        (turn_row(2, rating=11), r"line 2 has the rating 11"),
        (turn_row(2, rating=float("inf"), response=5), r"line 2 has a number under 'response'"),
        (turn_row(2, response=None), r"line 2 has no response or reply or text or content"),
        (turn_row(-2), r"line 2 has turn -2"),
        (turn_row(1.5), r"line 2 has turn 1.5"),
        (turn_row(2, condition="x"), r"line 2 has condition 'x', but line 1 .* 'y'"),
        (turn_row(2, conversation_id=True), r"line 2 has a truth value under 'conversation_id'"),
        (turn_row(2, history_redacted="maybe"), r"history_redacted 'maybe'"),
        (turn_row(2, role="narrator"), r"the role 'narrator'"),
        ({"messages": []}, r"line 2 has no conversation_id or"),
    ],
)
def test_turn_rows_that_do_not_fit(row, match, tmp_path):
    refused(lines(tmp_path / "a.jsonl", [turn_row(1, condition="y"), row]), match)


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ({"messages": []}, r"line 2 has an empty list under `messages`"),
        ({"messages": "hi"}, r"line 2 has a text under `messages`"),
        ({"messages": ["hi"]}, r"line 2, message 1 is a text"),
        ({"messages": [{"role": "bard", "content": "x"}]}, r"message 1 has .* role 'bard'"),
        ({"messages": [{"role": "user"}]}, r"message 1 has no content"),
        ({"messages": [{"role": "user", "content": 3}]}, r"message 1 has a number as content"),
        ({"messages": [{"role": "user", "content": [1]}]}, r"a number among its parts"),
        ({"messages": [{"role": "user", "content": "x", "rating": 1}]}, r"is no reply"),
        (CHAT, r"two conversations with the id 'c1' \(at 1 and 2\)"),
        (turn_row(1), r"line 2 has no `messages`"),
    ],
)
def test_chat_rows_that_do_not_fit(row, match, tmp_path):
    refused(lines(tmp_path / "a.jsonl", [CHAT, row]), match)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"id,turn,text\n1,1,a\n", r"begins? with a JSON object or list but with 'id,turn,text'"),
        (b"[]", "holds no rows"),
        (b"[1]", r"not whole JSON: an item of the list is not an object on line 1"),
        (b"[%s %s]" % (CHAT_JSON, CHAT_JSON), "a comma is missing"),
        (b'[%s\n, {"a' % CHAT_JSON, r"not whole JSON: .* on line 2"),
        (b'{"data": [1]}', r"line 1 has no conversation_id .*it has data"),
        (b'{"a": 1}\n\xff\xfe\n', r"line 1 has no"),
        (CHAT_JSON + b"\n\xff\n", r"line 2 is not UTF-8"),
        (CHAT_JSON + b'\n{"messages": [{"ro', r"line 2 .* it seems cut off"),
        (b"[" * 100_000, "cannot be read|not whole JSON"),
        (b'{"a":' * 100_000, "cannot be (held|read)|not whole JSON"),
        (b"PK\x03\x04 no zip", "does not begin with a JSON object"),
        (b'{"version": 2, "status": "success", "eval": {', "looks like an Inspect log"),
    ],
    ids=range(15),
)
def test_files_that_do_not_fit(content, match, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    refused(tmp_path / "a.json", match)


def test_conversations_without_replies_are_kept_unless_there_is_no_other(tmp_path):
    mute = {"messages": [{"role": "user", "content": "Anyone?"}]}
    found = read_transcripts(lines(tmp_path / "a.jsonl", [mute, CHAT]))
    assert [len(transcript.replies) for transcript in found] == [0, 2]
    refused(lines(tmp_path / "b.jsonl", [mute]), "1 conversations and no assistant reply")


def test_folders_and_globs_name_the_file(tmp_path):
    (tmp_path / "sub").mkdir()
    lines(tmp_path / "a.jsonl", [CHAT])
    lines(tmp_path / "sub" / "b.jsonl", [turn_row(1), turn_row(1, conversation_id="d")])
    (tmp_path / "README.md").write_text("# not a transcript")
    (tmp_path / "eval-set.json").write_text("{}")
    names = ["a/c1", "sub/b/c", "sub/b/d"]
    assert [t.conversation_id for t in read_transcripts(tmp_path)] == names
    assert [t.conversation_id for t in read_transcripts(tmp_path / "**/*.jsonl")] == names
    assert [t.conversation_id for t in read_transcripts(tmp_path, limit=2)] == names[:2]
    assert [t.conversation_id for t in read_transcripts(tmp_path / "sub/*.jsonl")] == ["c", "d"]
    refused(tmp_path / "*.csv", "no file, folder or glob match")
    (tmp_path / "none").mkdir()
    refused(tmp_path / "none", "holds no file ending in")
    with pytest.raises(UsageError, match="limit is 0"):
        read_transcripts(tmp_path, limit=0)


def test_half_an_emoji_is_replaced_because_no_log_can_hold_it(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"id": "c", "turn": 1, "text": "so \\ud83d sad \\ud83d\\ude42"}'
    )
    [found] = read_transcripts(tmp_path / "a.jsonl")
    assert found.replies[0].text == "so \ufffd sad 🙂"


def test_real_rated_replies():
    if not RATED.exists():
        pytest.skip(f"the rated replies are not at {RATED}")
    found = read_transcripts(RATED)
    assert len(found) == 53
    assert sum(len(transcript.replies) for transcript in found) == 411
    assert sum(len(transcript.published) for transcript in found) == 411
    # One conversation survives by its third turn alone.
    lengths = Counter(tuple(r.turn for r in transcript.replies) for transcript in found)
    assert lengths[(3,)] == 1
    assert lengths[tuple(range(1, 9))] == 50
    redacted = [t for t in found if t.condition == "redacted_history_8turn"]
    assert len(redacted) == 9
    assert all(reply.redacted for t in redacted for reply in t.replies)


_text = st.text(st.characters(exclude_categories=["Cs"]))
_turns = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(1, 9)),
    st.tuples(_text, _text, st.none() | st.integers(0, 10)),
    min_size=1,
)


@given(_turns, st.randoms(use_true_random=False), st.booleans())
def test_turn_rows_come_back_whatever_their_order(tmp_path_factory, turns, random, listed):
    rows = [
        {"conversation": c, "turn_index": t, "user": user, "reply": reply, "rating": rating}
        for (c, t), (user, reply, rating) in turns.items()
    ]
    random.shuffle(rows)
    path = tmp_path_factory.getbasetemp() / "property.json"
    if listed:
        path.write_text(json.dumps(rows, indent=random.choice([None, 1])), encoding="utf-8")
    else:
        lines(path, rows)
    if not any(reply.strip() for _, reply, _ in turns.values()):
        refused(path, "no assistant reply")
        return
    back = {}
    for transcript in read_transcripts(path):
        pairs = zip(transcript.messages[::2], transcript.messages[1::2], strict=True)
        assert [m.turn for m in transcript.messages[1::2]] == sorted(
            t for c, t in turns if c == transcript.conversation_id
        )
        for user, reply in pairs:
            rating = transcript.published.get(reply.turn)
            key = (transcript.conversation_id, reply.turn)
            back[key] = (user.text, reply.text, rating and rating.rating)
    assert back == turns


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), _text), min_size=1),
        min_size=1,
    )
)
def test_chat_rows_come_back(tmp_path_factory, conversations):
    rows = [{"messages": [{"role": r, "content": t} for r, t in c]} for c in conversations]
    path = lines(tmp_path_factory.getbasetemp() / "chat.jsonl", rows)
    if not any(r == "assistant" and t.strip() for c in conversations for r, t in c):
        refused(path, "no assistant reply")
        return
    found = read_transcripts(path)
    assert [[(m.role, m.text) for m in t.messages] for t in found] == conversations
    for transcript in found:
        turns = [m.turn for m in transcript.messages if m.role == "assistant"]
        assert turns == list(range(1, len(turns) + 1))
